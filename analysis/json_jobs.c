// SPDX-License-Identifier: Apache-2.0
#include "analysis/json_jobs.h"

#include <string.h>

#include "analysis/jobs_where.h"
#include "analysis/json_rows.h"

// Of one job what `epmt list` and `epmt show` say of it (the view), by the same names.
#define COLUMNS                                                                                 \
    "SELECT j.\"id\", j.\"uuid\", j.\"jobid\", j.\"jobname\", j.\"user\", v.\"start\", "        \
    "v.\"end\", v.\"duration_s\", j.\"exitcode\", j.\"reason\", j.\"failed\", j.\"complete\", " \
    "j.\"ended\", j.\"processes\", j.\"threads\", v.\"ranks\", v.\"ranks_expected\", "          \
    "j.\"hosts\", j.\"hostname\", j.\"cpus\", v.\"cpu_s\", "                                    \
    "round(CAST(j.\"usertime\" AS NUMERIC) / 1000000.0, 6) AS \"usertime_s\", "                 \
    "round(CAST(j.\"systemtime\" AS NUMERIC) / 1000000.0, 6) AS \"systemtime_s\", "             \
    "v.\"efficiency\" AS \"efficiency_share\", v.\"mpi_share\", "                               \
    "v.\"imbalance\" AS \"imbalance_share\", v.\"io_wait_s\", v.\"rssmax_mib\", "               \
    "v.\"read_mib\", v.\"written_mib\", j.\"tags\" "                                            \
    "FROM \"jobs\" j JOIN \"job_summary\" v ON v.\"id\" = j.\"id\""

// The columns by which one may order, and what they are in jobs.
static const struct {
    const char *name, *column;
} orders[] = {
    {"start", "start"},
    {"end", "end"},
    {"jobid", "jobid"},
    {"jobname", "jobname"},
    {"user", "user"},
    {"duration_s", "duration"},
    {"exitcode", "exitcode"},
    {"failed", "failed"},
    {"processes", "processes"},
    {"threads", "threads"},
    {"ranks", "ranks_reported"},
    {"hosts", "hosts"},
    {"hostname", "hostname"},
    {"cpus", "cpus"},
    {"cpu_s", "cpu_time"},
    {"usertime_s", "usertime"},
    {"systemtime_s", "systemtime"},
    {"efficiency_share", "efficiency"},
    {"mpi_share", "mpi_share"},
    {"imbalance_share", "imbalance"},
    {"io_wait_s", "delayacct_blkio_time"},
    {"rssmax_mib", "rssmax"},
    {"read_mib", "read_bytes"},
    {"written_mib", "write_bytes"},
    {"tags", "tags"},
};

static int add_order(struct epmt_strbuf *sql, struct epmt_jobs_where *where,
                     const struct epmt_jobs_asked *asked, struct epmt_error *err) {
    const char *name = asked->order ? asked->order : "start";
    size_t i = 0;

    epmt_strbuf_puts(sql, " ORDER BY ");
    if (!strncmp(name, "tag:", 4)) {
        epmt_strbuf_printf(sql,
                           "(SELECT t.\"value\" FROM \"job_tags\" t WHERE t.\"job_id\" = j.\"id\" "
                           "AND t.\"key\" = $%d)",
                           epmt_jobs_where_bind(where, name + 4, strlen(name + 4)));
    } else {
        while (i < sizeof orders / sizeof *orders && strcmp(orders[i].name, name) != 0)
            i++;
        if (i == sizeof orders / sizeof *orders)
            return epmt_errf(err, EPMT_ERR_USAGE, "jobs have no order by %s", name);
        epmt_strbuf_printf(sql, "j.\"%s\"", orders[i].column);
    }
    // What is missing stands behind, and equals stand as they came, so that no page has one twice.
    epmt_strbuf_puts(sql, asked->descending ? " DESC NULLS LAST, j.\"id\" DESC"
                                            : " ASC NULLS LAST, j.\"id\"");
    return 0;
}

// Asks with SQL that was put together, which must stay.
static int ask(struct epmt_db *db, struct epmt_strbuf *sql, const struct epmt_jobs_where *where,
               int (*how)(struct epmt_db *, const char *, const char *const *, json_t **,
                          struct epmt_error *),
               json_t **to, struct epmt_error *err) {
    const char *kept = sql->failed || (where && where->failed) ? NULL : epmt_db_keep(db, sql->data);
    int result = kept ? how(db, kept, where ? where->parameters : NULL, to, err)
                      : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory, or too much is asked for");

    epmt_strbuf_free(sql);
    return result;
}

static int ask_page(struct epmt_db *db, const struct epmt_jobs_asked *asked,
                    struct epmt_jobs_where *where, json_t **to, struct epmt_error *err) {
    struct epmt_strbuf sql = {0};

    epmt_strbuf_printf(&sql, COLUMNS "%s", epmt_strbuf_text(&where->sql));
    if (add_order(&sql, where, asked, err)) {
        epmt_strbuf_free(&sql);
        return -1;
    }
    epmt_strbuf_printf(&sql, " LIMIT %lld OFFSET %lld", (long long)asked->limit,
                       (long long)asked->offset);
    return ask(db, &sql, where, epmt_json_table, to, err);
}

// The tags of the jobs of a page, one by one.
static int ask_tags(struct epmt_db *db, const json_t *jobs, json_t **to, struct epmt_error *err) {
    struct epmt_strbuf sql = {0};
    const json_t *row;
    size_t i;

    epmt_strbuf_puts(&sql, "SELECT \"job_id\", \"key\", \"value\" FROM \"job_tags\" WHERE "
                           "\"job_id\" IN (NULL");
    json_array_foreach(json_object_get(jobs, "rows"), i, row) {
        epmt_strbuf_printf(&sql, ", %lld", (long long)json_integer_value(json_array_get(row, 0)));
    }
    epmt_strbuf_puts(&sql, ") ORDER BY \"job_id\", \"key\"");
    return ask(db, &sql, NULL, epmt_json_table, to, err);
}

static int ask_total(struct epmt_db *db, const struct epmt_jobs_where *where, json_t **to,
                     struct epmt_error *err) {
    struct epmt_strbuf sql = {0};

    epmt_strbuf_printf(&sql, "SELECT count(*) AS \"jobs\" FROM \"jobs\" j%s",
                       epmt_strbuf_text(&where->sql));
    return ask(db, &sql, where, epmt_json_record, to, err);
}

int epmt_json_jobs(struct epmt_db *db, const struct epmt_jobs_asked *asked, json_t **to,
                   struct epmt_error *err) {
    json_t *total = NULL, *jobs = NULL, *tags = NULL;
    struct epmt_jobs_where where;

    *to = NULL;
    if (!epmt_jobs_where_make(&where, asked, err) && !ask_total(db, &where, &total, err) &&
        !ask_page(db, asked, &where, &jobs, err) && !ask_tags(db, jobs, &tags, err)) {
        *to = json_pack("{s:O, s:O, s:O}", "total", json_object_get(total, "jobs"), "jobs", jobs,
                        "tags", tags);
        if (!*to)
            epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    json_decref(total);
    json_decref(jobs);
    json_decref(tags);
    epmt_jobs_where_free(&where);
    return *to ? 0 : -1;
}

#define FAILED "(coalesce(j.\"failed\", 0) > 0 OR coalesce(j.\"exitcode\", 0) <> 0)"

static int ask_sums(struct epmt_db *db, const struct epmt_jobs_where *where, json_t **to,
                    struct epmt_error *err) {
    struct epmt_strbuf sql = {0};

    epmt_strbuf_printf(
        &sql,
        "SELECT count(*) AS \"jobs\", coalesce(sum(CASE WHEN " FAILED " THEN 1 ELSE 0 END), 0) AS "
        "\"failed\", round(CAST(sum(j.\"cpu_time\") AS NUMERIC) / 1000000.0, 3) AS \"cpu_s\", "
        "count(DISTINCT j.\"user\") AS \"users\", sum(j.\"processes\") AS \"processes\", "
        "min(j.\"start\") AS \"first\", max(j.\"start\") AS \"last\" FROM \"jobs\" j%s",
        epmt_strbuf_text(&where->sql));
    return ask(db, &sql, where, epmt_json_record, to, err);
}

#define BUCKETS 60

// Widths that people can read: a minute to years.
static int64_t bucket_width_s(int64_t range_s) {
    static const int64_t widths[] = {60,    300,   900,    3600,    10800,  21600,
                                     43200, 86400, 604800, 2592000, 7776000};
    size_t i = 0;

    while (i < sizeof widths / sizeof *widths - 1 && range_s / widths[i] >= BUCKETS)
        i++;
    int64_t width = widths[i];
    while (range_s / width >= BUCKETS)
        width *= 2;
    return width;
}

static int ask_buckets(struct epmt_db *db, const struct epmt_jobs_where *where, int64_t width_s,
                       json_t **to, struct epmt_error *err) {
    struct epmt_strbuf sql = {0};
    long long us = (long long)width_s * 1000000;

    epmt_strbuf_printf(&sql,
                       "SELECT j.\"start\" / %lld * %lld AS \"start_s\", count(*) AS \"jobs\", "
                       "sum(CASE WHEN " FAILED " THEN 1 ELSE 0 END) AS \"failed\", "
                       "round(CAST(sum(j.\"cpu_time\") AS NUMERIC) / 1000000.0, 3) AS \"cpu_s\" "
                       "FROM \"jobs\" j%s%s j.\"start\" IS NOT NULL GROUP BY 1 ORDER BY 1",
                       us, (long long)width_s, epmt_strbuf_text(&where->sql),
                       where->sql.len ? " AND" : " WHERE");
    return ask(db, &sql, where, epmt_json_table, to, err);
}

int epmt_json_jobs_overview(struct epmt_db *db, const struct epmt_jobs_asked *asked, json_t **to,
                            struct epmt_error *err) {
    json_t *sums = NULL, *buckets = NULL;
    struct epmt_jobs_where where;

    *to = NULL;
    if (!epmt_jobs_where_make(&where, asked, err) && !ask_sums(db, &where, &sums, err)) {
        int64_t first = json_integer_value(json_object_get(sums, "first"));
        int64_t last = json_integer_value(json_object_get(sums, "last"));
        int64_t width_s = bucket_width_s((last - first) / 1000000);
        if (!ask_buckets(db, &where, width_s, &buckets, err)) {
            *to = json_pack("{s:O, s:I, s:O}", "sums", sums, "bucket_s", (json_int_t)width_s,
                            "buckets", buckets);
            if (!*to)
                epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        }
    }
    json_decref(sums);
    json_decref(buckets);
    epmt_jobs_where_free(&where);
    return *to ? 0 : -1;
}

int epmt_json_jobs_choices(struct epmt_db *db, json_t **to, struct epmt_error *err) {
    static const char ask_users[] =
        "SELECT \"user\", count(*) AS \"jobs\" FROM \"jobs\" WHERE \"user\" IS NOT NULL "
        "GROUP BY \"user\" ORDER BY 2 DESC, 1 LIMIT 200";
    static const char ask_keys[] =
        "SELECT \"key\", \"value\", count(*) AS \"jobs\" FROM \"job_tags\" "
        "GROUP BY \"key\", \"value\" ORDER BY 3 DESC, 1, 2 LIMIT 200";
    json_t *users = NULL, *tags = NULL;

    *to = NULL;
    if (!epmt_json_table(db, ask_users, NULL, &users, err) &&
        !epmt_json_table(db, ask_keys, NULL, &tags, err)) {
        *to = json_pack("{s:O, s:O}", "users", users, "tags", tags);
        if (!*to)
            epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    json_decref(users);
    json_decref(tags);
    return *to ? 0 : -1;
}
