// SPDX-License-Identifier: Apache-2.0
// The time line: when processes of each program ran. Starts and ends are counted by parts of the
// job's time in SQL, so that a million of them is as quick as one.
#include <stdlib.h>
#include <string.h>

#include "analysis/report_priv.h"

// The same program in different steps ran at different times.
#define LANE \
    "p.\"exename\", CASE WHEN p.\"mpirank\" IS NULL THEN '' ELSE coalesce(p.\"step\", '') END"

static int take_lane(void *context, int columns, const char *const *names,
                     const char *const *values, const bool *numeric) {
    struct epmt_report *report = context;
    struct epmt_report_lane *lane = &report->lanes[report->lane_count++];

    (void)columns, (void)names, (void)numeric;
    epmt_value_text(lane->program, sizeof lane->program, values[0]);
    epmt_value_text(lane->step, sizeof lane->step, values[1]);
    lane->processes = epmt_value_int(values[2], 0);
    lane->ranks = epmt_value_int(values[3], 0);
    lane->from = epmt_value_int(values[4], 0);
    lane->to = epmt_value_int(values[5], 0);
    return report->lane_count == EPMT_REPORT_LANES;
}

// Counts a start in the part where it lies, an end in the next one: who ended within a part ran in
// it.
static int take_count(void *context, int columns, const char *const *names,
                      const char *const *values, const bool *numeric) {
    struct epmt_report *report = context;
    char program[EPMT_REPORT_NAME_MAX], step[EPMT_REPORT_NAME_MAX];

    (void)columns, (void)names, (void)numeric;
    epmt_value_text(program, sizeof program, values[0]);
    epmt_value_text(step, sizeof step, values[1]);
    for (int i = 0; i < report->lane_count; i++) {
        struct epmt_report_lane *lane = &report->lanes[i];
        if (strcmp(lane->program, program) != 0 || strcmp(lane->step, step) != 0)
            continue;
        int64_t part = epmt_value_int(values[2], 0);
        double sign = epmt_value_real(values[3]), count = epmt_value_real(values[4]);
        part = part < 0 ? 0 : part >= EPMT_REPORT_BUCKETS ? EPMT_REPORT_BUCKETS - 1 : part;
        part += sign < 0;
        if (part < EPMT_REPORT_BUCKETS)
            lane->running[part] += sign * count;
    }
    return 0;
}

static void add_up(struct epmt_report_lane *lane) {
    double running = 0;

    for (int i = 0; i < EPMT_REPORT_BUCKETS; i++) {
        running += lane->running[i];
        lane->running[i] = running;
        if (running > lane->most)
            lane->most = running;
    }
}

static int by_start(const void *a, const void *b) {
    const struct epmt_report_lane *left = a, *right = b;

    if (left->from != right->from)
        return left->from < right->from ? -1 : 1;
    return left->to != right->to ? left->to > right->to ? -1 : 1
                                 : strcmp(left->program, right->program);
}

int epmt_report_lanes(struct report_context *context) {
    static const char lanes[] =
        "SELECT " LANE ", count(*), count(p.\"mpirank\"), min(p.\"start\"), "
        "max(coalesce(p.\"end\", p.\"start\")) FROM \"processes\" p WHERE " EPMT_SQL_OF_JOB
        " AND p.\"start\" IS NOT NULL GROUP BY 1, 2 "
        "ORDER BY max(coalesce(p.\"end\", p.\"start\")) - min(p.\"start\") DESC, 5, 1, 2 LIMIT 10";
#define COUNT(at, sign)                                      \
    "SELECT " LANE ", (" at " - $2) * 48 / $3, " sign        \
    ", count(*) FROM \"processes\" p WHERE " EPMT_SQL_OF_JOB \
    " AND p.\"start\" IS NOT NULL AND " at " IS NOT NULL GROUP BY 1, 2, 3"
    static const char counts[] = COUNT("p.\"start\"", "1") " UNION ALL " COUNT("p.\"end\"", "-1");
    struct epmt_report *report = context->report;
    struct epmt_report_job *job = &report->job;

    if (epmt_report_ask(context, lanes, NULL, 0, take_lane))
        return -1;
    for (int i = 0; i < report->lane_count; i++) {
        if (job->from < 0 || report->lanes[i].from < job->from)
            job->from = report->lanes[i].from;
        if (report->lanes[i].to > job->to)
            job->to = report->lanes[i].to;
    }
    int64_t length = job->to - job->from > 0 ? job->to - job->from : 1;
    struct epmt_db_value values[] = {epmt_db_int(job->from), epmt_db_int(length)};
    if (report->lane_count && epmt_report_ask(context, counts, values, 2, take_count))
        return -1;
    for (int i = 0; i < report->lane_count; i++)
        add_up(&report->lanes[i]);
    qsort(report->lanes, (size_t)report->lane_count, sizeof *report->lanes, by_start);
    return 0;
}

_Static_assert(EPMT_REPORT_BUCKETS == 48, "the SQL above says how many parts there are");
