// SPDX-License-Identifier: Apache-2.0
// Between the sources of the report (analysis/report*.c).
#ifndef EPMT_ANALYSIS_REPORT_PRIV_H
#define EPMT_ANALYSIS_REPORT_PRIV_H

#include "analysis/process_sql.h"
#include "analysis/report.h"
#include "analysis/words.h"
#include "storage/db_backend.h"

struct report_context {
    struct epmt_db *db;
    int64_t id;
    struct epmt_report *report;
    struct epmt_error *err;
};

// Asks for rows with $1 = the job and further values. Returns 0 or -1 with context->err.
int epmt_report_ask(struct report_context *context, const char *sql,
                    const struct epmt_db_value *more, int count, epmt_db_row_f row);

int epmt_report_uses(struct report_context *context);  // report_uses.c
int epmt_report_lanes(struct report_context *context); // report_lanes.c
int epmt_report_ranks(struct report_context *context); // report_ranks.c

#endif
