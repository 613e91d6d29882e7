// SPDX-License-Identifier: Apache-2.0
#include "cli/select.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/words.h"
#include "cli/results.h"

// A word behind --when that is no time: a job.
static const char *beside;

static int64_t now(void) {
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static int add_tag(struct epmt_selection *selection, const char *tag, struct epmt_error *err) {
    if (selection->tag_count == EPMT_SELECTION_TAGS_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "more than %d tags", EPMT_SELECTION_TAGS_MAX);
    selection->tags[selection->tag_count++] = tag;
    return 1;
}

static int set_when(struct epmt_selection *selection, const char *text) {
    struct epmt_when when;

    if (epmt_when_parse(text, now(), &when, NULL)) {
        beside = text;
    } else {
        selection->running_from = when.from;
        selection->running_to = when.to;
    }
    return 1;
}

static int set_time(int64_t *to, const char *text, struct epmt_error *err) {
    struct epmt_when when;

    if (epmt_when_parse(text, now(), &when, err))
        return -1;
    *to = when.at;
    return 1;
}

int epmt_select_option(struct epmt_selection *selection, const char *name, const char *argument,
                       struct epmt_error *err) {
    const struct {
        const char *name;
        const char **to;
    } texts[] = {{"user", &selection->user},
                 {"name", &selection->name},
                 {"host", &selection->host},
                 {"hosts", &selection->host}, // as the tool before had it
                 {"program", &selection->program}};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!strcmp(name, texts[i].name)) {
            *texts[i].to = argument;
            return 1;
        }
    }
    if (!strcmp(name, "tag"))
        return add_tag(selection, argument, err);
    if (!strcmp(name, "exit"))
        return epmt_selection_parse_end(selection, argument, err) ? -1 : 1;
    if (!strcmp(name, "when"))
        return set_when(selection, argument);
    if (!strcmp(name, "after"))
        return set_time(&selection->after, argument, err);
    return !strcmp(name, "before") ? set_time(&selection->before, argument, err) : 0;
}

bool epmt_select_is_empty(const struct epmt_selection *selection) {
    return !beside && epmt_selection_is_all(selection);
}

static int take_life(void *context, int columns, const char *const *names,
                     const char *const *values, const bool *numeric) {
    struct epmt_selection *selection = context;

    (void)columns, (void)names, (void)numeric;
    selection->running_from = epmt_value_int(values[0], 0);
    selection->running_to = epmt_value_int(values[1], 0) + 1;
    return 1;
}

int epmt_select_resolve(struct epmt_selection *selection, struct epmt_db *db,
                        struct epmt_error *err) {
    static const char sql[] = "SELECT \"start\", coalesce(\"end\", \"start\") FROM \"jobs\" "
                              "WHERE \"id\" = $1";
    char id[EPMT_JOB_KEY_MAX];
    struct epmt_when when;

    if (!beside)
        return 0;
    if (epmt_results_find_job(db, beside, id, err))
        return err->code == EPMT_ERR_NOT_FOUND ? epmt_when_parse(beside, now(), &when, err) : -1;
    struct epmt_db_value value = epmt_db_int(strtoll(id, NULL, 10));
    beside = NULL; // of this selection; there may be others
    return db->backend->query(db, sql, &value, 1, false, take_life, selection, err);
}
