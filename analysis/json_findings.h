// SPDX-License-Identifier: Apache-2.0
// What stands out in a job, for pages.
#ifndef EPMT_ANALYSIS_JSON_FINDINGS_H
#define EPMT_ANALYSIS_JSON_FINDINGS_H

#include <jansson.h>

#include "storage/db.h"

// A table as epmt_json_table makes them: name, severity, title, text, share_share, lost_s, count,
// rank, process, host, program, step. Returns 0 with *to, which the caller owns, or -1 with err.
int epmt_json_findings(struct epmt_db *db, int64_t job, json_t **to, struct epmt_error *err);

#endif
