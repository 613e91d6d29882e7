// SPDX-License-Identifier: Apache-2.0
// How evenly the ranks of one step were loaded, in as many bars as a screen has.
#include <string.h>

#include "analysis/report_priv.h"

static int take_step(void *context, int columns, const char *const *names,
                     const char *const *values, const bool *numeric) {
    struct epmt_report *report = context;

    (void)columns, (void)names, (void)numeric;
    epmt_value_text(report->step, sizeof report->step, values[0]);
    // The last rank, until the bars are there.
    report->ranks[0].last = epmt_value_int(values[1], 0);
    report->steps = epmt_value_int(values[2], 0);
    return 1;
}

static int take_ranks(void *context, int columns, const char *const *names,
                      const char *const *values, const bool *numeric) {
    struct epmt_report *report = context;
    struct epmt_report_ranks *ranks = &report->ranks[report->rank_count++];

    (void)columns, (void)names, (void)numeric;
    ranks->first = epmt_value_int(values[1], -1);
    ranks->last = epmt_value_int(values[2], -1);
    ranks->count = epmt_value_int(values[3], 0);
    epmt_value_text(ranks->host, sizeof ranks->host, values[4] ? values[4] : "");
    ranks->busy = epmt_value_real(values[5]) / 1e6;
    ranks->mpi = values[6] ? epmt_value_real(values[6]) / 1e9 : 0;
    ranks->most = epmt_value_real(values[7]) / 1e6;
    return report->rank_count == EPMT_REPORT_RANK_BARS;
}

int epmt_report_ranks(struct report_context *context) {
    static const char steps[] =
        "SELECT p.\"step\", max(p.\"mpirank\"), count(*) OVER () FROM \"processes\" p WHERE "
        "p.\"job_id\" = $1 AND p.\"mpirank\" IS NOT NULL AND p.\"step\" IS NOT NULL GROUP BY "
        "p.\"step\" HAVING count(*) > 1 ORDER BY sum(" EPMT_SQL_LIFE ") DESC, p.\"step\" LIMIT 1";
    static const char ranks[] =
        "SELECT p.\"mpirank\" * 16 / $3 AS bar, min(p.\"mpirank\"), max(p.\"mpirank\"), count(*), "
        "CASE WHEN min(p.\"hostname\") = max(p.\"hostname\") THEN min(p.\"hostname\") END, "
        "avg(" EPMT_SQL_BUSY "), avg(p.\"mpitime\"), max(" EPMT_SQL_BUSY ") FROM \"processes\" p "
        "WHERE p.\"job_id\" = $1 AND p.\"step\" = $2 AND p.\"mpirank\" IS NOT NULL "
        "GROUP BY 1 ORDER BY 1";
    struct epmt_report *report = context->report;

    if (epmt_report_ask(context, steps, NULL, 0, take_step))
        return -1;
    if (!report->steps)
        return 0;
    int64_t count = report->ranks[0].last + 1;
    struct epmt_db_value values[] = {
        epmt_db_text(report->step, strlen(report->step)),
        epmt_db_int(count > EPMT_REPORT_RANK_BARS ? count : EPMT_REPORT_RANK_BARS)};
    return epmt_report_ask(context, ranks, values, 2, take_ranks);
}

_Static_assert(EPMT_REPORT_RANK_BARS == 16, "the SQL above says how many bars there are");
