// SPDX-License-Identifier: Apache-2.0
#include "analysis/dashboard/api_compare.h"

#include <string.h>

#include "analysis/dashboard/asked.h"
#include "analysis/json_compare.h"

#define COMPONENTS_MAX 500

// A side of the comparison for each job, and one for each group: the jobs with all of its tags.
struct sides {
    struct epmt_comparison comparison;
    const char *labels[EPMT_COMPARE_SIDES_MAX];
    int64_t jobs[EPMT_COMPARE_SIDES_MAX];
    struct epmt_tag_texts tags[EPMT_COMPARE_SIDES_MAX];
};

static int add_job(struct sides *sides, struct epmt_db *db, const char *uuid,
                   struct epmt_error *err) {
    int at = sides->comparison.count++;
    struct epmt_selection *side = &sides->comparison.sides[at];

    sides->labels[at] = uuid;
    side->jobs = &sides->jobs[at];
    side->job_count = 1;
    return epmt_asked_job(db, uuid, &sides->jobs[at], err);
}

static int add_group(struct sides *sides, const char *tags, struct epmt_error *err) {
    int at = sides->comparison.count++;

    sides->labels[at] = tags;
    return epmt_asked_tags(&sides->comparison.sides[at], &sides->tags[at], tags, err);
}

static int read_sides(struct sides *sides, struct epmt_db *db,
                      const struct epmt_arguments *arguments, struct epmt_error *err) {
    for (int i = 0; i < arguments->count; i++) {
        const char *name = arguments->names[i], *value = arguments->values[i];
        bool is_job = !strcmp(name, "job"), is_group = !strcmp(name, "group");
        if (!*value || (!is_job && !is_group))
            continue;
        if (sides->comparison.count == EPMT_COMPARE_SIDES_MAX)
            return epmt_errf(err, EPMT_ERR_USAGE, "at most %d jobs or groups can be compared",
                             EPMT_COMPARE_SIDES_MAX);
        if (is_job ? add_job(sides, db, value, err) : add_group(sides, value, err))
            return -1;
    }
    return sides->comparison.count >= 2
               ? 0
               : epmt_errf(err, EPMT_ERR_USAGE, "two jobs or groups, or more, can be compared");
}

int epmt_api_compare(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                     struct epmt_error *err) {
    const char *key = epmt_arguments_get(arguments, "key");
    struct sides sides = {.comparison.key = key ? key : "op"};

    return read_sides(&sides, db, arguments, err) ||
                   epmt_json_compare(db, &sides.comparison, sides.labels, to, err)
               ? -1
               : 0;
}

int epmt_api_explore(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                     struct epmt_error *err) {
    const char *metric = epmt_arguments_get(arguments, "metric");
    struct epmt_explore_request request = {
        .experiment = epmt_arguments_get(arguments, "exp"),
        .metric = metric ? metric : "duration",
    };

    if (epmt_arguments_number(arguments, "limit", 1, COMPONENTS_MAX, 50, &request.limit, err))
        return -1;
    return request.experiment
               ? epmt_json_explore(db, &request, epmt_arguments_get(arguments, "component"), to,
                                   err)
               : epmt_json_experiments(db, to, err);
}
