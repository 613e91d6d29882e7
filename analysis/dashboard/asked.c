// SPDX-License-Identifier: Apache-2.0
#include "analysis/dashboard/asked.h"

#include <stdlib.h>
#include <time.h>

static int take_id(void *context, int columns, const char *const *names, const char *const *values,
                   const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    if (values && values[0])
        *(int64_t *)context = strtoll(values[0], NULL, 10);
    return 0;
}

int epmt_asked_job(struct epmt_db *db, const char *uuid, int64_t *id, struct epmt_error *err) {
    static const char sql[] = "SELECT \"id\" FROM \"jobs\" WHERE \"uuid\" = $1";
    const char *parameters[] = {uuid, NULL};

    *id = 0;
    if (!uuid)
        return epmt_errf(err, EPMT_ERR_USAGE, "which job? its uuid is missing");
    if (epmt_db_query(db, sql, parameters, take_id, id, err))
        return -1;
    return *id ? 0 : epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no job %s", uuid);
}

static int read_jobs(struct epmt_asked *asked, struct epmt_db *db,
                     const struct epmt_arguments *arguments, struct epmt_error *err) {
    const char *uuids[EPMT_ASKED_JOBS_MAX + 1];
    int count = epmt_arguments_all(arguments, "job", uuids, EPMT_ASKED_JOBS_MAX + 1);

    for (int i = 0; i < count; i++) {
        if (epmt_asked_job(db, uuids[i], &asked->jobs[asked->job_count++], err))
            return -1;
    }
    if (count) {
        asked->selection.jobs = asked->jobs;
        asked->selection.job_count = asked->job_count;
    }
    return 0;
}

// A date means its whole day, a time its minute.
static int read_times(struct epmt_selection *selection, const struct epmt_arguments *arguments,
                      struct epmt_error *err) {
    const char *from = epmt_arguments_get(arguments, "from");
    const char *to = epmt_arguments_get(arguments, "to");
    int64_t now = (int64_t)time(NULL) * 1000000;
    struct epmt_when when;

    if (from) {
        if (epmt_when_parse(from, now, &when, err))
            return -1;
        selection->after = when.from;
    }
    if (to) {
        if (epmt_when_parse(to, now, &when, err))
            return -1;
        selection->before = when.to;
    }
    return 0;
}

int epmt_asked_read(struct epmt_asked *asked, struct epmt_db *db,
                    const struct epmt_arguments *arguments, struct epmt_error *err) {
    const char *tags[EPMT_SELECTION_TAGS_MAX + 1];
    const char *state = epmt_arguments_get(arguments, "state");

    *asked = (struct epmt_asked){.selection = {
                                     .user = epmt_arguments_get(arguments, "user"),
                                     .name = epmt_arguments_get(arguments, "name"),
                                     .program = epmt_arguments_get(arguments, "program"),
                                     .host = epmt_arguments_get(arguments, "host"),
                                 }};
    asked->selection.tag_count =
        epmt_arguments_all(arguments, "tag", tags, EPMT_SELECTION_TAGS_MAX + 1);
    for (int i = 0; i < asked->selection.tag_count; i++)
        asked->selection.tags[i] = tags[i];
    if (state && epmt_selection_parse_end(&asked->selection, state, err))
        return -1;
    return read_times(&asked->selection, arguments, err) || read_jobs(asked, db, arguments, err)
               ? -1
               : 0;
}
