// SPDX-License-Identifier: Apache-2.0
#include "cli/choose.h"

#include <stdlib.h>

#include "cli/results.h"
#include "storage/retire.h"

int epmt_choose_tag(struct epmt_choice *choice, const char *tag, struct epmt_error *err) {
    if (choice->tag_count == EPMT_CHOOSE_TAGS_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "more than %d times --tag", EPMT_CHOOSE_TAGS_MAX);
    choice->tags[choice->tag_count++] = tag;
    return 0;
}

static int by_id(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static int find_named(struct epmt_choice *choice, struct epmt_db *db, int argc, char **argv,
                      struct epmt_error *err) {
    char id[EPMT_JOB_KEY_MAX];
    size_t count = 0;

    choice->ids = calloc((size_t)argc + 1, sizeof *choice->ids);
    if (!choice->ids)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    for (int i = 0; i < argc; i++) {
        if (epmt_results_find_job(db, argv[i], id, err))
            return -1;
        choice->ids[count++] = strtoll(id, NULL, 10);
    }
    qsort(choice->ids, count, sizeof *choice->ids, by_id);
    for (size_t i = 0; i < count; i++) {
        if (!i || choice->ids[i] != choice->ids[i - 1])
            choice->ids[choice->count++] = choice->ids[i];
    }
    return 0;
}

// Keeps what is among the count ids too.
static void narrow(struct epmt_choice *choice, const int64_t *ids, size_t count) {
    size_t kept = 0;

    for (size_t i = 0; i < choice->count; i++) {
        if (bsearch(&choice->ids[i], ids, count, sizeof *ids, by_id))
            choice->ids[kept++] = choice->ids[i];
    }
    choice->count = kept;
}

int epmt_choose_jobs(struct epmt_choice *choice, struct epmt_db *db, int argc, char **argv,
                     struct epmt_error *err) {
    int64_t *tagged;
    size_t count;

    if (argc && find_named(choice, db, argc, argv, err))
        return -1;
    if (!choice->tag_count)
        return 0;
    if (epmt_db_find_tagged(db, EPMT_TAGGED_JOBS, choice->tags, choice->tag_count, &tagged, &count,
                            err))
        return -1;
    if (argc && count) {
        narrow(choice, tagged, count);
        free(tagged);
        count = choice->count;
    } else {
        free(choice->ids);
        choice->ids = tagged;
        choice->count = count;
    }
    return count ? 0
                 : epmt_errf(err, EPMT_ERR_NOT_FOUND, "no job%s has the tags",
                             argc ? " of these" : "");
}
