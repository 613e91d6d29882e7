// SPDX-License-Identifier: Apache-2.0
// Results of queries as JSON for the pages of the dashboard and of `epmt report`.
#ifndef EPMT_ANALYSIS_JSON_ROWS_H
#define EPMT_ANALYSIS_JSON_ROWS_H

#include <jansson.h>

#include "analysis/selection.h"

// Longer texts (bytes) are cut: a page shows them, it does not archive them.
#define EPMT_JSON_TEXT_MAX 8000

// A result as {"columns": [name, ...], "rows": [[value, ...], ...]}, which is a fraction of the
// size of a list of objects. How many rows there are is the query's business. Whole numbers that a
// double cannot hold become texts. sql must stay the same memory while db is open. Returns 0 with
// *to, which the caller owns, or -1 with err.
int epmt_json_table(struct epmt_db *db, const char *sql, const char *const *parameters, json_t **to,
                    struct epmt_error *err);

// The first row as {name: value, ...}; *to is null (JSON's) where there is none.
int epmt_json_record(struct epmt_db *db, const char *sql, const char *const *parameters,
                     json_t **to, struct epmt_error *err);

// The same of a question that was put together.
int epmt_json_selected_table(struct epmt_db *db, const struct epmt_strbuf *sql,
                             const struct epmt_parameters *parameters, json_t **to,
                             struct epmt_error *err);
int epmt_json_selected_record(struct epmt_db *db, const struct epmt_strbuf *sql,
                              const struct epmt_parameters *parameters, json_t **to,
                              struct epmt_error *err);

// A text of any bytes as a JSON string, cut to EPMT_JSON_TEXT_MAX. Returns NULL without memory.
json_t *epmt_json_text(const char *text);

#endif
