// SPDX-License-Identifier: Apache-2.0
#include "analysis/json_compare.h"

#include <stdio.h>

#include "analysis/json_build.h"

static const char *const units[] = {
    [EPMT_UNIT_US] = "us",       [EPMT_UNIT_NS] = "ns",   [EPMT_UNIT_SHARE] = "share",
    [EPMT_UNIT_COUNT] = "count", [EPMT_UNIT_BYTES] = "B", [EPMT_UNIT_KIB] = "KiB",
};

struct comparing {
    struct epmt_json_build build;
    int sides;
};

static const char *const part_names[] = {
#define PART(name, title) #name,
    EPMT_COMPARE_PARTS(PART)
#undef PART
};

static void take(void *context, const struct epmt_difference *difference) {
    struct comparing *comparing = context;
    struct epmt_json_build *build = &comparing->build;

    epmt_json_build_row(build);
    epmt_json_build_text(build, part_names[difference->part]);
    epmt_json_build_text(build, difference->name);
    epmt_json_build_text(build, units[difference->unit]);
    epmt_json_build_real(build, difference->change);
    for (int i = 0; i < comparing->sides; i++)
        epmt_json_build_real(build, difference->values[i]);
}

static json_t *list_sides(const struct epmt_comparison *comparison, const char *const *labels) {
    static const char *const columns[] = {"label", "jobs", NULL};
    struct epmt_json_build build;

    epmt_json_build_begin(&build, columns);
    for (int i = 0; i < comparison->count; i++) {
        epmt_json_build_row(&build);
        epmt_json_build_text(&build, labels[i]);
        epmt_json_build_int(&build, comparison->jobs[i]);
    }
    return epmt_json_build_end(&build);
}

static json_t *list_parts(void) {
    static const char *const columns[] = {"name", "title", NULL};
    struct epmt_json_build build;

    epmt_json_build_begin(&build, columns);
    for (int i = 0; i < EPMT_COMPARE_PART_COUNT; i++) {
        epmt_json_build_row(&build);
        epmt_json_build_text(&build, part_names[i]);
        epmt_json_build_text(&build, epmt_compare_title((enum epmt_compare_part)i));
    }
    return epmt_json_build_end(&build);
}

int epmt_json_compare(struct epmt_db *db, struct epmt_comparison *comparison,
                      const char *const *labels, json_t **to, struct epmt_error *err) {
    struct comparing comparing = {.sides = comparison->count};
    char names[EPMT_COMPARE_SIDES_MAX][8];
    const char *columns[4 + EPMT_COMPARE_SIDES_MAX + 1] = {"part", "name", "unit", "change"};

    *to = NULL;
    for (int i = 0; i < comparison->count; i++) {
        snprintf(names[i], sizeof names[i], "side%d", i);
        columns[4 + i] = names[i];
    }
    epmt_json_build_begin(&comparing.build, columns);
    int result = epmt_compare(db, comparison, take, &comparing, err);
    json_t *table = epmt_json_build_end(&comparing.build);
    if (!result) {
        *to = json_pack("{s:o, s:o, s:O}", "sides", list_sides(comparison, labels), "parts",
                        list_parts(), "differences", table);
        if (!*to)
            result = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    json_decref(table);
    return result;
}
