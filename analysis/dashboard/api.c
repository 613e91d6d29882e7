// SPDX-License-Identifier: Apache-2.0
// Arguments of a URL as what the questions take.
#include "analysis/dashboard/api.h"

#include <string.h>

#include "analysis/dashboard/asked.h"
#include "analysis/json_job.h"
#include "analysis/json_jobs.h"

static int ask_jobs(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                    int (*answer)(struct epmt_db *, const struct epmt_jobs_asked *, json_t **,
                                  struct epmt_error *),
                    struct epmt_error *err) {
    const char *way = epmt_arguments_get(arguments, "way");
    struct epmt_jobs_asked asked = {
        .search = epmt_arguments_get(arguments, "q"),
        .order = epmt_arguments_get(arguments, "order"),
        .descending = !way || strcmp(way, "up") != 0,
    };
    struct epmt_asked selected;

    if (epmt_asked_read(&selected, db, arguments, err) ||
        epmt_arguments_number(arguments, "limit", 1, EPMT_JOBS_PAGE_MAX, 50, &asked.limit, err) ||
        epmt_arguments_number(arguments, "offset", 0, INT64_MAX / 2, 0, &asked.offset, err))
        return -1;
    asked.selection = selected.selection;
    return answer(db, &asked, to, err);
}

static int jobs(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                struct epmt_error *err) {
    return ask_jobs(db, arguments, to, epmt_json_jobs, err);
}

static int overview(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                    struct epmt_error *err) {
    return ask_jobs(db, arguments, to, epmt_json_jobs_overview, err);
}

static int choices(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                   struct epmt_error *err) {
    (void)arguments;
    return epmt_json_jobs_choices(db, to, err);
}

static int job(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
               struct epmt_error *err) {
    int64_t id;

    return epmt_asked_job(db, epmt_arguments_get(arguments, "id"), &id, err) ||
                   epmt_json_job(db, id, to, err)
               ? -1
               : 0;
}

static const struct {
    const char *name;
    epmt_api_f answer;
} table[] = {
    {"job", job},
    {"jobs", jobs},
    {"overview", overview},
    {"choices", choices},
};

epmt_api_f epmt_api_find(const char *name) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (!strcmp(table[i].name, name))
            return table[i].answer;
    }
    return NULL;
}
