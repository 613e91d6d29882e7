// SPDX-License-Identifier: Apache-2.0
#include "storage/retire.h"

#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"
#include "storage/db_backend.h"

// Deleting what is gone already would be no error.
static const char sql_delete[] = "DELETE FROM \"jobs\" WHERE \"id\" = $1 RETURNING \"id\"";
#define OLD                                   \
    "SELECT \"id\", \"jobid\" FROM \"jobs\" " \
    "WHERE coalesce(\"end\", \"start\", \"submitted_at\") < $1 ORDER BY \"id\""
static const char sql_old[] = OLD " LIMIT $2";
static const char sql_all_old[] = OLD;

static int count_row(void *context, int columns, const char *const *names,
                     const char *const *values, const bool *numeric) {
    (void)columns, (void)names, (void)values, (void)numeric;
    ++*(int *)context;
    return 0;
}

// Within a transaction. Returns how many jobs that were, or -1 with err.
static int delete_one(struct epmt_db *db, int64_t id, struct epmt_error *err) {
    struct epmt_db_value value = epmt_db_int(id);
    int count = 0;

    if (db->backend->query(db, sql_delete, &value, 1, false, count_row, &count, err))
        return -1;
    return count;
}

int epmt_db_delete_job(struct epmt_db *db, int64_t id, struct epmt_error *err) {
    if (db->backend->begin(db, err))
        return -1;
    int count = delete_one(db, id, err);
    if (count == 0)
        count = epmt_errf(err, EPMT_ERR_NOT_FOUND, "the job is gone already");
    if (count < 0 || db->backend->commit(db, err)) {
        db->backend->rollback(db);
        return -1;
    }
    return 0;
}

struct old {
    struct {
        int64_t id;
        char jobid[256];
    } * jobs;
    size_t count, cap;
    bool dry, failed;
    epmt_db_retired_f retired;
    void *context;
};

static int take_old(void *context, int columns, const char *const *names, const char *const *values,
                    const bool *numeric) {
    struct old *old = context;
    const char *jobid = values[1] ? values[1] : "";

    (void)columns, (void)names, (void)numeric;
    if (old->dry) {
        old->retired(old->context, jobid);
        return 0;
    }
    if (old->count == old->cap) {
        size_t cap = old->cap ? old->cap * 2 : 32;
        void *jobs = realloc(old->jobs, cap * sizeof *old->jobs);
        if (!jobs) {
            old->failed = true;
            return 1;
        }
        old->jobs = jobs;
        old->cap = cap;
    }
    old->jobs[old->count].id = strtoll(values[0], NULL, 10);
    epmt_fmt(old->jobs[old->count].jobid, sizeof old->jobs->jobid, "%s", jobid);
    old->count++;
    return 0;
}

static int delete_chunk(struct epmt_db *db, const struct old *old, struct epmt_error *err) {
    if (db->backend->begin(db, err))
        return -1;
    for (size_t i = 0; i < old->count; i++) {
        if (delete_one(db, old->jobs[i].id, err) < 0) {
            db->backend->rollback(db);
            return -1;
        }
    }
    if (db->backend->commit(db, err)) {
        db->backend->rollback(db);
        return -1;
    }
    for (size_t i = 0; i < old->count; i++)
        old->retired(old->context, old->jobs[i].jobid);
    return 0;
}

int epmt_db_retire(struct epmt_db *db, int64_t before, unsigned chunk, bool dry,
                   epmt_db_retired_f retired, void *context, struct epmt_error *err) {
    struct epmt_db_value values[2] = {epmt_db_int(before), epmt_db_int(chunk ? chunk : 1)};
    struct old old = {.dry = dry, .retired = retired, .context = context};
    int status;

    do {
        old.count = 0;
        status = db->backend->query(db, dry ? sql_all_old : sql_old, values, dry ? 1 : 2, false,
                                    take_old, &old, err);
        if (!status && old.failed)
            status = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        if (!status && old.count)
            status = delete_chunk(db, &old, err);
    } while (!status && old.count);
    free(old.jobs);
    return status;
}
