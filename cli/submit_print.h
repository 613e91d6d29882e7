// SPDX-License-Identifier: Apache-2.0
// What `epmt submit` prints: a line per job for people, a row per job for programs.
#ifndef EPMT_CLI_SUBMIT_PRINT_H
#define EPMT_CLI_SUBMIT_PRINT_H

#include "cli/progress.h"
#include "cli/submit.h"
#include "cli/table.h"

struct epmt_submit_print {
    const struct epmt_submit_options *options;
    const struct epmt_sources *sources;
    struct epmt_progress progress;
    struct epmt_output output;
    enum epmt_format format;
    bool quiet;          // nothing is said of jobs that are in the database already
    uint64_t jobs, done; // reported, newly in the database
    enum epmt_err first; // failure
};

void epmt_submit_print_begin(struct epmt_submit_print *print);
// A failure of a source that was not even begun.
void epmt_submit_print_failure(struct epmt_submit_print *print, const char *path,
                               const struct epmt_error *err);
// As epmt_job_report_f, with the print as its context.
int epmt_submit_print_report(void *context, const struct epmt_job_report *report);
// Ends the output. Returns 0 or -1 with err.
int epmt_submit_print_end(struct epmt_submit_print *print, struct epmt_error *err);

#endif
