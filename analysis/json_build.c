// SPDX-License-Identifier: Apache-2.0
#include "analysis/json_build.h"

#include <math.h>

#include "analysis/json_rows.h"

static void append(struct epmt_json_build *build, json_t *value) {
    build->failed |= json_array_append_new(build->row, value) != 0;
}

void epmt_json_build_begin(struct epmt_json_build *build, const char *const *columns) {
    json_t *names = json_array();

    *build = (struct epmt_json_build){.rows = json_array()};
    for (; *columns; columns++)
        build->failed |= json_array_append_new(names, json_string(*columns)) != 0;
    build->table = json_pack("{s:o, s:o}", "columns", names, "rows", build->rows);
    build->failed |= !build->table;
}

void epmt_json_build_row(struct epmt_json_build *build) {
    build->row = json_array();
    build->failed |= !build->table || json_array_append_new(build->rows, build->row) != 0;
    if (build->failed)
        build->row = NULL;
}

void epmt_json_build_text(struct epmt_json_build *build, const char *text) {
    append(build, text ? epmt_json_text(text) : json_null());
}

void epmt_json_build_int(struct epmt_json_build *build, int64_t number) {
    append(build, json_integer(number));
}

void epmt_json_build_known(struct epmt_json_build *build, int64_t number) {
    append(build, number < 0 ? json_null() : json_integer(number));
}

json_t *epmt_json_real(double number) {
    if (isnan(number))
        return json_null();
    if (isinf(number))
        return json_string(number > 0 ? "inf" : "-inf");
    return number == rint(number) && fabs(number) < 9e15 ? json_integer((json_int_t)number)
                                                         : json_real(number);
}

void epmt_json_build_real(struct epmt_json_build *build, double number) {
    append(build, epmt_json_real(number));
}

json_t *epmt_json_build_end(struct epmt_json_build *build) {
    if (!build->failed)
        return build->table;
    json_decref(build->table);
    return NULL;
}
