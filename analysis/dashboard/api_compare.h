// SPDX-License-Identifier: Apache-2.0
// The questions of the pages compare and explore.
#ifndef EPMT_ANALYSIS_DASHBOARD_API_COMPARE_H
#define EPMT_ANALYSIS_DASHBOARD_API_COMPARE_H

#include "analysis/dashboard/api.h"

int epmt_api_compare(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                     struct epmt_error *err);
int epmt_api_explore(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                     struct epmt_error *err);

#endif
