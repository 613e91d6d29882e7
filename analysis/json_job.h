// SPDX-License-Identifier: Apache-2.0
// The data of the job page, of the dashboard and of `epmt report` alike.
#ifndef EPMT_ANALYSIS_JSON_JOB_H
#define EPMT_ANALYSIS_JSON_JOB_H

#include <jansson.h>

#include "storage/db.h"

// All sections of the page of the job with this id (jobs.id), aggregated by the database: its size
// has a bound that does not depend on the job's. Returns 0 with *to, which the caller owns, or -1
// with err (NOT_FOUND where there is no such job).
int epmt_json_job(struct epmt_db *db, int64_t job, json_t **to, struct epmt_error *err);

#endif
