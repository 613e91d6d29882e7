// SPDX-License-Identifier: Apache-2.0
// The data of the dashboard's pages that set jobs side by side: compare and explore.
#ifndef EPMT_ANALYSIS_JSON_COMPARE_H
#define EPMT_ANALYSIS_JSON_COMPARE_H

#include <jansson.h>

#include "analysis/compare.h"
#include "analysis/explore.h"

// What differs, as epmt_compare has it; labels: what the sides are called, as many as there are.
// Each returns 0 with *to, which the caller owns, or -1 with err.
int epmt_json_compare(struct epmt_db *db, struct epmt_comparison *comparison,
                      const char *const *labels, json_t **to, struct epmt_error *err);

// All experiments (values of the tag exp_name), those with the latest jobs first, at most 500.
int epmt_json_experiments(struct epmt_db *db, json_t **to, struct epmt_error *err);

// An experiment, as epmt_explore has it; the jobs of the one component alone (NULL: of none),
// and what it misses (NULL: what all do).
int epmt_json_explore(struct epmt_db *db, const struct epmt_explore_request *request,
                      const char *component, json_t **to, struct epmt_error *err);

#endif
