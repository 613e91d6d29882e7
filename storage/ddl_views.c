// SPDX-License-Identifier: Apache-2.0
// The views for people: times as text in UTC, durations in seconds, memory in MiB. `epmt list` and
// `epmt show` print them.
#include "storage/ddl.h"

#include "common/hash.h"
#include "storage/common_sql.h"

enum how { PLAIN, TIME, SECONDS, MIB, NANO, SHARE_4 };

struct view_column {
    const char *expression;
    const char *name;
    enum how how;
};

#define SAME(table, column) \
    { #table ".\"" #column "\"", #column, PLAIN }
#define UTC(table, column) \
    { #table ".\"" #column "\"", #column, TIME }
#define DURATION(table) \
    { #table ".\"end\" - " #table ".\"start\"", "duration_s", SECONDS }

#define SHARE_OF(table, column) \
    { #table ".\"" #column "\"", #column, SHARE_4 }

static const struct view_column job_summary[] = {
    SAME(j, id),
    SAME(j, jobid),
    SAME(j, cluster),
    SAME(j, user),
    SAME(j, jobname),
    SAME(j, tags),
    UTC(j, submit),
    UTC(j, start),
    UTC(j, end),
    DURATION(j),
    SAME(j, exitcode),
    SAME(j, processes),
    SAME(j, threads),
    SAME(j, hosts),
    SAME(j, failed),
    {"j.\"ranks_reported\"", "ranks", PLAIN},
    SAME(j, ranks_expected),
    SAME(j, complete),
    SAME(j, ended),
    SAME(j, cpus),
    {"j.\"cpu_time\"", "cpu_s", SECONDS},
    SHARE_OF(j, efficiency),
    SHARE_OF(j, mpi_share),
    SHARE_OF(j, imbalance),
    {"j.\"mpitime\"", "mpitime_s", NANO},
    {"j.\"rssmax\"", "rssmax_mib", MIB},
    {"j.\"read_bytes\" / 1024", "read_mib", MIB},
    {"j.\"write_bytes\" / 1024", "written_mib", MIB},
    {"j.\"delayacct_blkio_time\"", "io_wait_s", SECONDS},
    SAME(j, uuid),
    {0},
};

static const struct view_column step_summary[] = {
    SAME(s, id),       SAME(s, job_id),
    SAME(j, jobid),    SAME(s, step),
    SAME(s, numranks), SAME(s, ranks_reported),
    SAME(s, complete), UTC(s, start),
    DURATION(s),       {0},
};

static const struct view_column process_summary[] = {
    SAME(p, id),
    SAME(p, job_id),
    SAME(p, parent_id),
    SAME(j, jobid),
    SAME(p, mpirank),
    SAME(p, hostname),
    SAME(p, exename),
    SAME(p, pid),
    SAME(p, state),
    SAME(p, exitcode),
    SAME(p, exitsignal),
    UTC(p, start),
    DURATION(p),
    {"p.\"usertime\"", "usertime_s", SECONDS},
    {"p.\"systemtime\"", "systemtime_s", SECONDS},
    {"p.\"rssmax\"", "rssmax_mib", MIB},
    SAME(p, numtids),
    SAME(p, launcher),
    {0},
};

static const struct view_column thread_summary[] = {
    SAME(t, id),
    SAME(t, process_id),
    SAME(p, job_id),
    SAME(j, jobid),
    SAME(t, mpirank),
    SAME(p, hostname),
    SAME(p, exename),
    SAME(p, pid),
    SAME(t, tid),
    UTC(t, start),
    DURATION(t),
    {"t.\"usertime\"", "usertime_s", SECONDS},
    {"t.\"systemtime\"", "systemtime_s", SECONDS},
    SAME(t, processor),
    {0},
};

// What the attributes of a step say of its MPI.
#define FACT(key)                                                                              \
    {                                                                                          \
        "(SELECT a.\"value\" FROM \"job_attributes\" a WHERE a.\"job_id\" = s.\"job_id\" AND " \
        "a.\"scope\" = 'step ' || s.\"step\" AND a.\"key\" = '" #key "')",                     \
            #key, PLAIN                                                                        \
    }
#define SHARE(of)                                                                            \
    {                                                                                        \
        "(SELECT " #of "(r.\"mpi_share\") FROM \"mpi_rank_summary\" r WHERE r.\"job_id\" = " \
        "s.\"job_id\" AND r.\"step\" = s.\"step\")",                                         \
            #of "_share", PLAIN                                                              \
    }

static const struct view_column mpi_step_summary[] = {
    SAME(s, id),        SAME(s, job_id),   SAME(j, jobid),
    SAME(s, step),      SAME(s, numranks), FACT(library),
    FACT(libversion),   FACT(standard),    FACT(thread_asked),
    FACT(thread_level), FACT(nodes),       FACT(launcher),
    FACT(jobstep),      FACT(parent),      SHARE(min),
    SHARE(avg),         SHARE(max),        {0},
};

static const struct view_column mpi_rank_summary[] = {
    {"p.\"id\"", "process_id", PLAIN},
    SAME(p, job_id),
    SAME(j, jobid),
    SAME(p, step),
    SAME(p, mpirank),
    SAME(p, hostname),
    SAME(p, mpiprocessor),
    SAME(p, mpilocalrank),
    DURATION(p),
    {"p.\"mpitime\"", "mpitime_s", NANO},
    {"round(CAST(p.\"mpitime\" AS NUMERIC) / 1000.0 / nullif(p.\"end\" - p.\"start\", 0), 6)",
     "mpi_share", PLAIN},
    SAME(p, mpicalls),
    {"p.\"mpibytes_out\"", "out_bytes", PLAIN},
    {"p.\"mpibytes_in\"", "in_bytes", PLAIN},
    {0},
};

#define OF(measure, value) "max(CASE WHEN i.\"measure\" = '" #measure "' THEN " value " END)"
#define TOTAL(measure) "CAST(round(" OF(measure, "i.\"mean\" * i.\"ranks\"") ") AS BIGINT)"

static const struct view_column mpi_function_summary[] = {
    SAME(i, job_id),
    SAME(j, jobid),
    SAME(i, step),
    SAME(i, function),
    {"max(i.\"ranks\")", "ranks", PLAIN},
    {TOTAL(calls), "calls", PLAIN},
    {OF(time, "i.\"mean\" * i.\"ranks\""), "time_s", NANO},
    {OF(time, "i.\"mean\"") " / nullif((SELECT a.\"mean\" FROM \"mpi_imbalance\" a WHERE "
                            "a.\"job_id\" = i.\"job_id\" AND a.\"step\" = i.\"step\" AND "
                            "a.\"function\" = 'all' "
                            "AND a.\"measure\" = 'time'), 0)",
     "mpi_share", PLAIN},
    {TOTAL(bytes_out), "out_bytes", PLAIN},
    {TOTAL(bytes_in), "in_bytes", PLAIN},
    {OF(time, "i.\"min\""), "min_s", NANO},
    {OF(time, "i.\"mean\""), "mean_s", NANO},
    {OF(time, "i.\"max\""), "max_s", NANO},
    {OF(time, "i.\"stddev\""), "stddev_s", NANO},
    {OF(time, "i.\"min_rank\""), "min_rank", PLAIN},
    {OF(time, "i.\"max_rank\""), "max_rank", PLAIN},
    {0},
};

#define BUSY EPMT_SQL_BUSY_OR("p.\"cpu_time\"")

static const struct view_column rank_balance[] = {
    SAME(p, job_id),
    SAME(j, jobid),
    SAME(j, user),
    SAME(p, step),
    {"count(*)", "ranks", PLAIN},
    {"CASE WHEN count(p.\"mpitime\") = count(*) THEN 'outside MPI' ELSE 'CPU' END", "measure",
     PLAIN},
    {"min(" BUSY ")", "min_s", SECONDS},
    {"avg(" BUSY ")", "mean_s", SECONDS},
    {"max(" BUSY ")", "max_s", SECONDS},
    {"1 - avg(" BUSY ") / nullif(max(" BUSY "), 0)", "imbalance", SHARE_4},
    {"sum(p.\"cpu_time\")", "cpu_s", SECONDS},
    {EPMT_SQL_SUM("p.\"mpitime\""), "mpitime_s", NANO},
    {"sum(CASE WHEN p.\"end\" > p.\"start\" THEN p.\"mpitime\" / 1000.0 END) / "
     "nullif(sum(CASE WHEN p.\"mpitime\" IS NOT NULL THEN p.\"end\" - p.\"start\" END), 0)",
     "mpi_share", SHARE_4},
    {"max(p.\"rssmax\")", "rssmax_mib", MIB},
    {0},
};

static const struct view_column process_tree[] = {
    SAME(p, id),
    SAME(p, job_id),
    SAME(j, jobid),
    SAME(p, parent_id),
    SAME(p, depth),
    {"substr('                                ', 1, CAST(2 * p.\"depth\" AS INT)) || "
     "coalesce(p.\"exename\", '?')",
     "tree", PLAIN},
    SAME(p, hostname),
    SAME(p, pid),
    SAME(p, mpirank),
    SAME(p, state),
    UTC(p, start),
    DURATION(p),
    {"p.\"cpu_time\"", "cpu_s", SECONDS},
    {"p.\"inclusive_cpu_time\"", "inclusive_cpu_s", SECONDS},
    SAME(p, args),
    {0},
};

// Over the threads of a job that have a count.
static const struct view_column counter_summary[] = {
    SAME(p, job_id),
    SAME(j, jobid),
    SAME(c, event),
    {"max(c.\"source\")", "source", PLAIN},
    {EPMT_SQL_SUM("c.\"value\""), "value", PLAIN},
    {"max(c.\"unit\")", "unit", PLAIN},
    {"count(c.\"value\")", "threads", PLAIN},
    {"count(*) - count(c.\"value\")", "missing", PLAIN},
    {"sum(c.\"scaled\")", "estimated", PLAIN},
    {"max(c.\"excluded\")", "excluded", PLAIN},
    {"max(c.\"reason\")", "reason", PLAIN},
    {0},
};

static const struct view {
    const char *name;
    const struct view_column *columns;
    const char *from;
} views[] = {
    {"job_summary", job_summary, "\"jobs\" j"},
    {"step_summary", step_summary, "\"steps\" s JOIN \"jobs\" j ON j.\"id\" = s.\"job_id\""},
    {"process_summary", process_summary,
     "\"processes\" p JOIN \"jobs\" j ON j.\"id\" = p.\"job_id\""},
    {"thread_summary", thread_summary,
     "\"processes\" p JOIN \"jobs\" j ON j.\"id\" = p.\"job_id\" "
     "JOIN \"threads\" t ON t.\"process_id\" = p.\"id\""},
    {"rank_balance", rank_balance,
     "\"processes\" p JOIN \"jobs\" j ON j.\"id\" = p.\"job_id\" "
     "WHERE p.\"mpirank\" IS NOT NULL AND p.\"step\" IS NOT NULL "
     "GROUP BY p.\"job_id\", p.\"step\", j.\"jobid\", j.\"user\""},
    {"process_tree", process_tree, "\"processes\" p JOIN \"jobs\" j ON j.\"id\" = p.\"job_id\""},
    {"counter_summary", counter_summary,
     "\"processes\" p JOIN \"jobs\" j ON j.\"id\" = p.\"job_id\" "
     "JOIN \"counters\" c ON c.\"process_id\" = p.\"id\" "
     "GROUP BY p.\"job_id\", j.\"jobid\", c.\"event\""},
    {"mpi_rank_summary", mpi_rank_summary,
     "\"processes\" p JOIN \"jobs\" j ON j.\"id\" = p.\"job_id\" "
     "WHERE p.\"mpitime\" IS NOT NULL"},
    {"mpi_function_summary", mpi_function_summary,
     "\"mpi_imbalance\" i JOIN \"jobs\" j ON j.\"id\" = i.\"job_id\" "
     "GROUP BY i.\"job_id\", j.\"jobid\", i.\"step\", i.\"function\""},
    {"mpi_step_summary", mpi_step_summary,
     "\"steps\" s JOIN \"jobs\" j ON j.\"id\" = s.\"job_id\""},
};

static void add_time(struct epmt_strbuf *sql, enum epmt_dialect dialect, const char *expression) {
    if (dialect == EPMT_DIALECT_SQLITE)
        epmt_strbuf_printf(sql, "strftime('%%Y-%%m-%%dT%%H:%%M:%%SZ', %s / 1000000, 'unixepoch')",
                           expression);
    else
        epmt_strbuf_printf(sql,
                           "to_char(to_timestamp(%s / 1e6) AT TIME ZONE 'UTC', "
                           "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
                           expression);
}

static void add_column(struct epmt_strbuf *sql, enum epmt_dialect dialect,
                       const struct view_column *column) {
    // And how many digits stay.
    static const char *const divided_by[] = {[SECONDS] = "1000000.0, 6)",
                                             [MIB] = "1024.0, 1)",
                                             [NANO] = "1000000000.0, 9)",
                                             [SHARE_4] = "1.0, 4)"};

    if (column->how == TIME)
        add_time(sql, dialect, column->expression);
    else if (column->how == PLAIN)
        epmt_strbuf_puts(sql, column->expression);
    else
        epmt_strbuf_printf(sql, "round(CAST(%s AS NUMERIC) / %s", column->expression,
                           divided_by[column->how]);
    epmt_strbuf_printf(sql, " AS \"%s\"", column->name);
}

void epmt_ddl_views(struct epmt_strbuf *sql, enum epmt_dialect dialect) {
    for (unsigned i = 0; i < sizeof views / sizeof *views; i++) {
        epmt_strbuf_printf(sql, "CREATE VIEW \"%s\" AS SELECT ", views[i].name);
        for (const struct view_column *column = views[i].columns; column->name; column++) {
            if (column != views[i].columns)
                epmt_strbuf_puts(sql, ",\n  ");
            add_column(sql, dialect, column);
        }
        epmt_strbuf_printf(sql, "\nFROM %s;\n", views[i].from);
    }
}

uint64_t epmt_ddl_views_hash(enum epmt_dialect dialect) {
    struct epmt_strbuf sql = {0};
    uint64_t hash = 0;

    epmt_ddl_views(&sql, dialect);
    if (!sql.failed)
        hash = epmt_hash_finish(epmt_hash_bytes(EPMT_HASH_START, sql.data, sql.len));
    epmt_strbuf_free(&sql);
    return hash;
}

const char *epmt_ddl_view_name(int i) {
    return i >= 0 && (size_t)i < sizeof views / sizeof *views ? views[i].name : NULL;
}

void epmt_ddl_drop_views(struct epmt_strbuf *sql) {
    // A view may stand on one before it.
    for (size_t i = sizeof views / sizeof *views; i-- > 0;)
        epmt_strbuf_printf(sql, "DROP VIEW IF EXISTS \"%s\";\n", views[i].name);
}
