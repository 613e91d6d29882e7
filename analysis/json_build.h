// SPDX-License-Identifier: Apache-2.0
// Tables of JSON, {"columns": [...], "rows": [[...], ...]}, that are not a query's result.
#ifndef EPMT_ANALYSIS_JSON_BUILD_H
#define EPMT_ANALYSIS_JSON_BUILD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct epmt_json_build {
    json_t *table, *rows, *row; // the last: under way
    bool failed;                // out of memory: look at it once, at the end
};

// columns: the names, NULL behind the last.
void epmt_json_build_begin(struct epmt_json_build *build, const char *const *columns);
void epmt_json_build_row(struct epmt_json_build *build); // begins one
// The next value of the row.
void epmt_json_build_text(struct epmt_json_build *build, const char *text); // NULL: missing
void epmt_json_build_int(struct epmt_json_build *build, int64_t number);
void epmt_json_build_known(struct epmt_json_build *build, int64_t number); // below 0: missing
// NAN: missing; without bound: the text inf or -inf.
void epmt_json_build_real(struct epmt_json_build *build, double number);

// The table, which is the caller's; NULL: out of memory.
json_t *epmt_json_build_end(struct epmt_json_build *build);

// A number as epmt_json_build_real has it.
json_t *epmt_json_real(double number);

#endif
