// SPDX-License-Identifier: Apache-2.0
// The features of which the database alone knows the names: counters.
#ifndef EPMT_ANALYSIS_FEATURES_DB_H
#define EPMT_ANALYSIS_FEATURES_DB_H

#include "analysis/features.h"
#include "storage/db.h"
#include "storage/strbuf.h"

// Appends the names with all events of these jobs (count 0: of all jobs) for `counter:*` among
// them. Returns 0 or -1 with err.
int epmt_features_expand(struct epmt_db *db, const char *names, const int64_t *jobs, size_t count,
                         struct epmt_strbuf *text, struct epmt_error *err);

// As epmt_features_find; after epmt_features_expand.
int epmt_features_find_in(struct epmt_db *db, enum epmt_compared compared, const char *names,
                          const int64_t *jobs, size_t count, struct epmt_features *features,
                          struct epmt_error *err);

#endif
