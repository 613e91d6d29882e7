// SPDX-License-Identifier: Apache-2.0
// The condition in SQL for the jobs (table alias j) that somebody asks for. For json_jobs*.c.
#ifndef EPMT_ANALYSIS_JOBS_WHERE_H
#define EPMT_ANALYSIS_JOBS_WHERE_H

#include "analysis/json_jobs.h"
#include "storage/strbuf.h"

struct epmt_jobs_where {
    struct epmt_strbuf sql; // " WHERE ..." or nothing
    const char *parameters[EPMT_DB_PARAMETERS_MAX + 1];
    int count;
    bool failed; // no memory, or too many
};

// Returns 0 or -1 with err; to be freed in any case.
int epmt_jobs_where_make(struct epmt_jobs_where *where, const struct epmt_jobs_asked *asked,
                         struct epmt_error *err);
void epmt_jobs_where_free(struct epmt_jobs_where *where);

// Keeps a copy of the text as a parameter. Returns its number, from 1.
int epmt_jobs_where_bind(struct epmt_jobs_where *where, const char *text, size_t len);

#endif
