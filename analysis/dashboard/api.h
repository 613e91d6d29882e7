// SPDX-License-Identifier: Apache-2.0
// The data of the pages, as JSON: /api/NAME.
#ifndef EPMT_ANALYSIS_DASHBOARD_API_H
#define EPMT_ANALYSIS_DASHBOARD_API_H

#include <jansson.h>

#include "analysis/dashboard/arguments.h"
#include "storage/db.h"

// Answers from a database open for reading. Returns 0 with *to, which the caller owns, or -1 with
// err (USAGE for arguments that are none).
typedef int (*epmt_api_f)(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                          struct epmt_error *err);

// What answers /api/<name>; NULL: nothing does.
epmt_api_f epmt_api_find(const char *name);

#endif
