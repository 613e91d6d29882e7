// SPDX-License-Identifier: Apache-2.0
#include "cli/choose.h"

#include <stdlib.h>
#include <string.h>

#include "cli/results.h"

struct taking {
    int64_t *ids;
    size_t count, cap;
    bool failed;
};

static int take_id(void *context, int columns, const char *const *names, const char *const *values,
                   const bool *numeric) {
    struct taking *taking = context;

    (void)columns, (void)names, (void)numeric;
    if (taking->count == taking->cap) {
        size_t cap = taking->cap ? taking->cap * 2 : 64;
        int64_t *ids = realloc(taking->ids, cap * sizeof *ids);
        if (!ids) {
            taking->failed = true;
            return 1;
        }
        taking->ids = ids;
        taking->cap = cap;
    }
    taking->ids[taking->count++] = strtoll(values[0], NULL, 10);
    return 0;
}

// Takes the words NAME=VALUE out. Returns how many are left, or -1.
static int take_words(struct epmt_choice *choice, int argc, char **argv, struct epmt_error *err) {
    int left = 0;

    for (int i = 0; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        int taken = 0;
        if (equals && equals != argv[i]) {
            *equals = '\0';
            taken = epmt_select_option(&choice->selection, argv[i], equals + 1, err);
            *equals = '=';
        }
        if (taken < 0)
            return -1;
        if (!taken)
            argv[left++] = argv[i];
    }
    return left;
}

static int find_named(struct epmt_db *db, int argc, char **argv, int64_t *ids,
                      struct epmt_error *err) {
    char id[EPMT_JOB_KEY_MAX];

    for (int i = 0; i < argc; i++) {
        if (epmt_results_find_job(db, argv[i], id, err))
            return -1;
        ids[i] = strtoll(id, NULL, 10);
    }
    return 0;
}

static int find(struct epmt_choice *choice, struct epmt_db *db, struct epmt_error *err) {
    struct epmt_parameters parameters = {.dialect = db->backend->dialect};
    struct epmt_strbuf sql = {0};
    struct taking taking = {.ids = NULL};

    epmt_selection_add(&sql, &parameters, &choice->selection);
    epmt_strbuf_puts(&sql, " ORDER BY 1");
    int result = epmt_selection_query(db, &sql, &parameters, false, take_id, &taking, err);
    if (!result && taking.failed)
        result = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (!result && !taking.count)
        result =
            epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no such job in %s", epmt_db_where(db));
    epmt_parameters_free(&parameters);
    epmt_strbuf_free(&sql);
    choice->ids = taking.ids;
    choice->count = result ? 0 : taking.count;
    return result;
}

int epmt_choose_jobs(struct epmt_choice *choice, struct epmt_db *db, int argc, char **argv,
                     struct epmt_error *err) {
    argc = take_words(choice, argc, argv, err);
    if (argc < 0)
        return -1;
    if (!argc && epmt_select_is_empty(&choice->selection))
        return 0;
    int64_t *named = calloc((size_t)argc + 1, sizeof *named);
    int result = named ? find_named(db, argc, argv, named, err)
                       : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (argc) {
        choice->selection.jobs = named;
        choice->selection.job_count = (size_t)argc;
    }
    if (!result)
        result = epmt_select_resolve(&choice->selection, db, err) || find(choice, db, err) ? -1 : 0;
    choice->selection.jobs = NULL;
    choice->selection.job_count = 0;
    free(named);
    return result;
}
