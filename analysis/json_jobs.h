// SPDX-License-Identifier: Apache-2.0
// The data of the dashboard's page of jobs: found, ordered and cut into pages by the database.
#ifndef EPMT_ANALYSIS_JSON_JOBS_H
#define EPMT_ANALYSIS_JSON_JOBS_H

#include <jansson.h>
#include <stdbool.h>

#include "analysis/selection.h"

#define EPMT_JOBS_PAGE_MAX 1000

// Which jobs, in which order.
struct epmt_jobs_asked {
    struct epmt_selection selection;
    // Words that all stand somewhere in job id, name, user, tags, host or uuid; NULL: none.
    const char *search;
    const char *order; // one of the columns, or tag:KEY; NULL: start
    bool descending;
    int64_t limit, offset;
};

// A page of them: {"total": ..., "jobs": table, "tags": table of id, key and value}. Each returns 0
// with *to, which the caller owns, or -1 with err (USAGE for an order that is none).
int epmt_json_jobs(struct epmt_db *db, const struct epmt_jobs_asked *asked, json_t **to,
                   struct epmt_error *err);

// All of them: {"sums": record, "bucket_s": ..., "buckets": table of what began when}.
int epmt_json_jobs_overview(struct epmt_db *db, const struct epmt_jobs_asked *asked, json_t **to,
                            struct epmt_error *err);

// What one may choose from: {"users": table, "tags": table}, the most frequent.
int epmt_json_jobs_choices(struct epmt_db *db, json_t **to, struct epmt_error *err);

#endif
