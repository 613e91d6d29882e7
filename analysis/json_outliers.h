// SPDX-License-Identifier: Apache-2.0
// The data of the dashboard's pages of outliers and of models.
#ifndef EPMT_ANALYSIS_JSON_OUTLIERS_H
#define EPMT_ANALYSIS_JSON_OUTLIERS_H

#include <jansson.h>

#include "analysis/models.h"

// What is found, as epmt_outliers_find has it, with the methods and features that there are. Each
// returns 0 with *to, which the caller owns, or -1 with err. A score without bound is the text inf.
int epmt_json_outliers(struct epmt_db *db, const struct epmt_outlier_question *question,
                       json_t **to, struct epmt_error *err);

// Why a job (jobs.id) stands out, as epmt_root_cause has it, at most `limit` features.
int epmt_json_root_cause(struct epmt_db *db, const struct epmt_outlier_question *question,
                         int64_t job, size_t limit, json_t **to, struct epmt_error *err);

// All models: {"models": table}; one with its jobs and what is usual there:
// {"model": record, "jobs": table, "features": table}.
int epmt_json_models(struct epmt_db *db, json_t **to, struct epmt_error *err);
int epmt_json_model(struct epmt_db *db, const char *name, json_t **to, struct epmt_error *err);

#endif
