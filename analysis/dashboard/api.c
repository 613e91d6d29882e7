// SPDX-License-Identifier: Apache-2.0
// Arguments of a URL as what the questions take.
#include "analysis/dashboard/api.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/json_job.h"
#include "analysis/json_jobs.h"

#define US 1000000

// YYYY-MM-DD or YYYY-MM-DDTHH:MM, in UTC. *us gets the moment behind what it names where `behind`.
static int moment(const char *name, const char *text, bool behind, int64_t *us,
                  struct epmt_error *err) {
    struct tm parts = {.tm_mday = 1};
    const char *rest = text ? strptime(text, "%Y-%m-%d", &parts) : NULL;
    int64_t lasts_s = 86400;

    if (!text)
        return 0;
    if (rest && (*rest == 'T' || *rest == ' ')) {
        rest = strptime(rest + 1, "%H:%M", &parts);
        lasts_s = 60;
    }
    if (!rest || *rest)
        return epmt_errf(err, EPMT_ERR_USAGE, "%s must be YYYY-MM-DD or YYYY-MM-DDTHH:MM, not %s",
                         name, text);
    *us = (timegm(&parts) + (behind ? lasts_s : 0)) * US;
    return 0;
}

static int read_jobs(const struct epmt_arguments *arguments, struct epmt_jobs_asked *asked,
                     struct epmt_error *err) {
    const char *way = epmt_arguments_get(arguments, "way");

    *asked = (struct epmt_jobs_asked){
        .search = epmt_arguments_get(arguments, "q"),
        .user = epmt_arguments_get(arguments, "user"),
        .name = epmt_arguments_get(arguments, "name"),
        .program = epmt_arguments_get(arguments, "program"),
        .host = epmt_arguments_get(arguments, "host"),
        .state = epmt_arguments_get(arguments, "state"),
        .order = epmt_arguments_get(arguments, "order"),
        .descending = !way || strcmp(way, "up") != 0,
    };
    epmt_arguments_all(arguments, "tag", asked->tags, EPMT_JOBS_TAGS_MAX + 1);
    if (moment("from", epmt_arguments_get(arguments, "from"), false, &asked->from, err) ||
        moment("to", epmt_arguments_get(arguments, "to"), true, &asked->to, err) ||
        epmt_arguments_number(arguments, "limit", 1, EPMT_JOBS_PAGE_MAX, 50, &asked->limit, err) ||
        epmt_arguments_number(arguments, "offset", 0, INT64_MAX / 2, 0, &asked->offset, err))
        return -1;
    return 0;
}

static int jobs(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                struct epmt_error *err) {
    struct epmt_jobs_asked asked;

    return read_jobs(arguments, &asked, err) || epmt_json_jobs(db, &asked, to, err) ? -1 : 0;
}

static int overview(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                    struct epmt_error *err) {
    struct epmt_jobs_asked asked;

    return read_jobs(arguments, &asked, err) || epmt_json_jobs_overview(db, &asked, to, err) ? -1
                                                                                             : 0;
}

static int choices(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
                   struct epmt_error *err) {
    (void)arguments;
    return epmt_json_jobs_choices(db, to, err);
}

static int take_id(void *context, int columns, const char *const *names, const char *const *values,
                   const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    if (values && values[0])
        *(int64_t *)context = strtoll(values[0], NULL, 10);
    return 0;
}

// The id in this database of the job with that uuid.
static int find_job(struct epmt_db *db, const char *uuid, int64_t *id, struct epmt_error *err) {
    static const char sql[] = "SELECT \"id\" FROM \"jobs\" WHERE \"uuid\" = $1";
    const char *parameters[] = {uuid, NULL};

    *id = 0;
    if (!uuid)
        return epmt_errf(err, EPMT_ERR_USAGE, "which job? its uuid is missing");
    if (epmt_db_query(db, sql, parameters, take_id, id, err))
        return -1;
    return *id ? 0 : epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no job %s", uuid);
}

static int job(struct epmt_db *db, const struct epmt_arguments *arguments, json_t **to,
               struct epmt_error *err) {
    int64_t id;

    return find_job(db, epmt_arguments_get(arguments, "id"), &id, err) ||
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
