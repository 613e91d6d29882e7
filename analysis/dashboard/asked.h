// SPDX-License-Identifier: Apache-2.0
// Which jobs the arguments of a URL mean: user, name, tag, program, host, state, from, to and job.
#ifndef EPMT_ANALYSIS_DASHBOARD_ASKED_H
#define EPMT_ANALYSIS_DASHBOARD_ASKED_H

#include "analysis/dashboard/arguments.h"
#include "analysis/selection.h"

#define EPMT_ASKED_JOBS_MAX EPMT_ARGUMENTS_MAX

struct epmt_asked {
    struct epmt_selection selection;
    int64_t jobs[EPMT_ASKED_JOBS_MAX]; // ids of those named by uuid, in their order
    size_t job_count;
};

// Returns 0, or -1 with err (USAGE; NOT_FOUND for a job).
int epmt_asked_read(struct epmt_asked *asked, struct epmt_db *db,
                    const struct epmt_arguments *arguments, struct epmt_error *err);

// The id in this database of the job with that uuid. Returns 0, or -1 with err (USAGE for NULL;
// NOT_FOUND).
int epmt_asked_job(struct epmt_db *db, const char *uuid, int64_t *id, struct epmt_error *err);

#endif
