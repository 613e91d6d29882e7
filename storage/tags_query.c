// SPDX-License-Identifier: Apache-2.0
// Jobs and processes by their tags: one query per tag, on its index, and what all of them found.
#include <stdlib.h>
#include <string.h>

#include "storage/db_backend.h"
#include "storage/retire.h"

#define TAGGED(table, id) "SELECT \"" id "\" FROM \"" table "\" WHERE \"key\" = $1"
#define WITH " AND \"value\" = $2"
#define BY(id) " ORDER BY \"" id "\""

static const char *const sql_tagged[2][2] = {
    [EPMT_TAGGED_JOBS] = {TAGGED("job_tags", "job_id") BY("job_id"),
                          TAGGED("job_tags", "job_id") WITH BY("job_id")},
    [EPMT_TAGGED_PROCESSES] = {TAGGED("process_tags", "process_id") BY("process_id"),
                               TAGGED("process_tags", "process_id") WITH BY("process_id")},
};

struct found {
    int64_t *ids;
    size_t count, cap;
    bool failed;
};

static int take_id(void *context, int columns, const char *const *names, const char *const *values,
                   const bool *numeric) {
    struct found *found = context;

    (void)columns, (void)names, (void)numeric;
    if (found->count == found->cap) {
        size_t cap = found->cap ? found->cap * 2 : 64;
        int64_t *ids = realloc(found->ids, cap * sizeof *ids);
        if (!ids) {
            found->failed = true;
            return 1;
        }
        found->ids = ids;
        found->cap = cap;
    }
    found->ids[found->count++] = strtoll(values[0], NULL, 10);
    return 0;
}

static int find_one(struct epmt_db *db, enum epmt_tagged what, const char *tag, struct found *found,
                    struct epmt_error *err) {
    const char *colon = strchr(tag, ':');
    size_t len = colon ? (size_t)(colon - tag) : strlen(tag);
    struct epmt_db_value values[2] = {epmt_db_text(tag, len)};

    if (colon)
        values[1] = epmt_db_text(colon + 1, strlen(colon + 1));
    if (db->backend->query(db, sql_tagged[what][colon != NULL], values, colon ? 2 : 1, false,
                           take_id, found, err))
        return -1;
    return found->failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : 0;
}

// Keeps of `all` what is in `more` too.
static void intersect(struct found *all, const struct found *more) {
    size_t kept = 0, at = 0;

    for (size_t i = 0; i < all->count; i++) {
        while (at < more->count && more->ids[at] < all->ids[i])
            at++;
        if (at < more->count && more->ids[at] == all->ids[i])
            all->ids[kept++] = all->ids[i];
    }
    all->count = kept;
}

int epmt_db_find_tagged(struct epmt_db *db, enum epmt_tagged what, const char *const *tags,
                        int tag_count, int64_t **ids, size_t *count, struct epmt_error *err) {
    struct found all = {0};
    int status = 0;

    for (int i = 0; i < tag_count && !status; i++) {
        struct found more = {0};
        status = find_one(db, what, tags[i], i ? &more : &all, err);
        if (i && !status)
            intersect(&all, &more);
        free(more.ids);
    }
    if (status || !all.count) {
        free(all.ids);
        all.ids = NULL;
        all.count = 0;
    }
    *ids = all.ids;
    *count = all.count;
    return status;
}
