// SPDX-License-Identifier: Apache-2.0
// The questions of the pages of outliers and of models.
#ifndef EPMT_ANALYSIS_DASHBOARD_API_OUTLIERS_H
#define EPMT_ANALYSIS_DASHBOARD_API_OUTLIERS_H

#include "analysis/dashboard/api.h"

int epmt_api_outliers(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                      struct epmt_error *err);
int epmt_api_cause(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                   struct epmt_error *err);
int epmt_api_models(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                    struct epmt_error *err);
int epmt_api_model(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                   struct epmt_error *err);

#endif
