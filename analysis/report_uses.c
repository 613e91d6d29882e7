// SPDX-License-Identifier: Apache-2.0
// What programs, hosts and processes used.
#include <stdlib.h>

#include "analysis/report_priv.h"

// Of a process that vanished these are not known: no 0 is shown then.
#define CPU "p.\"cpu_time\""
#define RUN                                                                             \
    "CASE WHEN p.\"end\" >= p.\"start\" THEN p.\"end\" - p.\"start\" WHEN p.\"end\" < " \
    "p.\"start\" THEN 0 END"
#define MOVED                                                                                   \
    "(CASE WHEN p.\"rchar\" IS NOT NULL OR p.\"wchar\" IS NOT NULL THEN coalesce(p.\"rchar\", " \
    "0) + coalesce(p.\"wchar\", 0) END)"
#define BY_CPU " ORDER BY coalesce(sum(" CPU "), 0) DESC, "

static void read_use(struct epmt_report_use *use, const char *const *values) {
    epmt_value_text(use->program, sizeof use->program, values[0]);
    epmt_value_text(use->host, sizeof use->host, values[1]);
    use->processes = epmt_value_int(values[2], 0);
    use->ranks = epmt_value_int(values[3], 0);
    use->rank = epmt_value_int(values[4], -1);
    use->pid = epmt_value_int(values[5], -1);
    use->threads = epmt_value_int(values[6], -1);
    use->wall = epmt_value_real(values[7]) / 1e6;
    use->cpu = epmt_value_real(values[8]) / 1e6;
    use->mpi = epmt_value_real(values[9]) / 1e9;
    use->rssmax = epmt_value_real(values[10]) * 1024;
    use->chars = epmt_value_real(values[11]);
}

// A row function for each list, as a callback knows no more than the report.
#define TAKE(name, list, count, max)                                      \
    static int name(void *context, int columns, const char *const *names, \
                    const char *const *values, const bool *numeric) {     \
        struct epmt_report *report = context;                             \
        (void)columns, (void)names, (void)numeric;                        \
        read_use(&report->list[report->count++], values);                 \
        return report->count == (max);                                    \
    }

TAKE(take_program, programs, program_count, EPMT_REPORT_TOP + 1)
TAKE(take_host, hosts, host_count, EPMT_REPORT_TOP + 1)
TAKE(take_top, top, top_count, EPMT_REPORT_TOP)
TAKE(take_mover, movers, mover_count, EPMT_REPORT_TOP)

// Of a host the memory of its ranks together, which live at the same time; else the largest.
#define GROUPED(name, host, memory)                                                               \
    "SELECT " name ", " host ", count(*), count(p.\"mpirank\"), NULL, NULL, sum(p.\"numtids\"), " \
    "sum(" RUN "), sum(" CPU                                                                      \
    "), " EPMT_SQL_SUM_REAL("p.\"mpitime\"") ", " memory ", sum(" MOVED                           \
                                             ") FROM \"processes\" p WHERE " EPMT_SQL_OF_JOB
#define SINGLE                                                                                     \
    "SELECT p.\"exename\", p.\"hostname\", 1, CASE WHEN p.\"mpirank\" IS NULL THEN 0 ELSE 1 END, " \
    "p.\"mpirank\", p.\"pid\", p.\"numtids\", " RUN ", " CPU                                       \
    ", p.\"mpitime\", p.\"rssmax\", " MOVED " FROM \"processes\" p WHERE " EPMT_SQL_OF_JOB

static int take_threads(void *context, int columns, const char *const *names,
                        const char *const *values, const bool *numeric) {
    struct epmt_report *report = context;
    struct epmt_report_threads *threads = &report->threads[report->thread_count++];

    (void)columns, (void)names, (void)numeric;
    epmt_value_text(threads->program, sizeof threads->program, values[0]);
    epmt_value_text(threads->host, sizeof threads->host, values[1]);
    threads->rank = epmt_value_int(values[2], -1);
    threads->pid = epmt_value_int(values[3], -1);
    threads->threads = epmt_value_int(values[4], 0);
    threads->least = epmt_value_real(values[5]) / 1e6;
    threads->mean = epmt_value_real(values[6]) / 1e6 / (double)threads->threads;
    threads->most = epmt_value_real(values[7]) / 1e6;
    return report->thread_count == EPMT_REPORT_TOP;
}

int epmt_report_uses(struct report_context *context) {
    static const char programs[] =
        GROUPED("p.\"exename\"", "NULL", "max(p.\"rssmax\")") " GROUP BY p.\"exename\"" BY_CPU
                                                              "p.\"exename\" LIMIT 6";
    static const char hosts[] =
        GROUPED("NULL", "p.\"hostname\"",
                "coalesce(sum(CASE WHEN p.\"mpirank\" IS NOT NULL THEN p.\"rssmax\" END), "
                "max(p.\"rssmax\"))") " GROUP BY p.\"hostname\"" BY_CPU "p.\"hostname\" LIMIT 6";
    static const char top[] = SINGLE " ORDER BY " EPMT_SQL_CPU " DESC, p.\"id\" LIMIT 5";
    static const char movers[] =
        SINGLE " AND " MOVED " >= 1048576 ORDER BY " MOVED " DESC, p.\"id\" LIMIT 5";
    // Threads that do next to nothing serve a library.
    static const char threads[] =
        "SELECT p.\"exename\", p.\"hostname\", p.\"mpirank\", p.\"pid\", count(*), "
        "min(t.\"usertime\" + t.\"systemtime\"), sum(t.\"usertime\" + t.\"systemtime\") AS total, "
        "max(t.\"usertime\" + t.\"systemtime\") FROM \"processes\" p JOIN \"threads\" t ON "
        "t.\"process_id\" = p.\"id\" WHERE " EPMT_SQL_OF_JOB
        " AND p.\"numtids\" > 1 AND p.\"cpu_time\" > 0 AND "
        "(t.\"usertime\" + t.\"systemtime\") * 100 > p.\"cpu_time\" GROUP BY p.\"id\", "
        "p.\"exename\", p.\"hostname\", p.\"mpirank\", p.\"pid\" HAVING count(*) > 1 "
        "ORDER BY max(t.\"usertime\" + t.\"systemtime\") * count(*) - "
        "sum(t.\"usertime\" + t.\"systemtime\") DESC, p.\"id\" LIMIT 5";

    return epmt_report_ask(context, programs, NULL, 0, take_program) ||
                   epmt_report_ask(context, hosts, NULL, 0, take_host) ||
                   epmt_report_ask(context, top, NULL, 0, take_top) ||
                   epmt_report_ask(context, movers, NULL, 0, take_mover) ||
                   epmt_report_ask(context, threads, NULL, 0, take_threads)
               ? -1
               : 0;
}
