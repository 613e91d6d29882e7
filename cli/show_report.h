// SPDX-License-Identifier: Apache-2.0
// The report of a job, on one screen, for people.
#ifndef EPMT_CLI_SHOW_REPORT_H
#define EPMT_CLI_SHOW_REPORT_H

#include "analysis/findings.h"
#include "analysis/report.h"
#include "cli/results.h"

// Prints the job with this id. Returns 0 or -1 with err.
int epmt_show_report(struct epmt_output *output, struct epmt_db *db, const char *id,
                     struct epmt_error *err);

// The parts in show_report_tables.c.
void epmt_show_report_tables(struct epmt_output *output, const struct epmt_report *report);
void epmt_show_report_crashes(FILE *to, const struct epmt_report *report);

#endif
