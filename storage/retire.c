// SPDX-License-Identifier: Apache-2.0
#include "storage/retire.h"

#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"
#include "storage/db_backend.h"

// Deleting what is gone already would be no error.
static const char sql_delete[] = "DELETE FROM \"jobs\" WHERE \"id\" = $1 RETURNING \"id\"";
// A model was made from the job, at $2 or later.
#define OF_MODEL                                                                             \
    "EXISTS (SELECT 1 FROM \"model_jobs\" k JOIN \"models\" m ON m.\"id\" = k.\"model_id\" " \
    "WHERE k.\"uuid\" = \"jobs\".\"uuid\" AND coalesce(m.\"created_at\", $2) >= $2)"
// As one may have been made since the job was found.
static const char sql_delete_free[] =
    "DELETE FROM \"jobs\" WHERE \"id\" = $1 AND NOT " OF_MODEL " RETURNING \"id\"";
#define OLD                                                                       \
    "SELECT \"id\", \"jobid\" FROM \"jobs\" "                                     \
    "WHERE coalesce(\"end\", \"start\", \"submitted_at\") < $1 AND NOT " OF_MODEL \
    " ORDER BY \"id\""
static const char sql_old[] = OLD " LIMIT $3";
static const char sql_all_old[] = OLD;
static const char sql_model_of[] =
    "SELECT m.\"name\" FROM \"jobs\" j JOIN \"model_jobs\" k ON k.\"uuid\" = j.\"uuid\" "
    "JOIN \"models\" m ON m.\"id\" = k.\"model_id\" WHERE j.\"id\" = $1 ORDER BY 1";
static const char sql_old_models[] =
    "SELECT \"name\" FROM \"models\" WHERE \"created_at\" < $1 ORDER BY 1";
static const char sql_delete_models[] =
    "DELETE FROM \"models\" WHERE \"created_at\" < $1 RETURNING \"name\"";

static int count_row(void *context, int columns, const char *const *names,
                     const char *const *values, const bool *numeric) {
    (void)columns, (void)names, (void)values, (void)numeric;
    ++*(int *)context;
    return 0;
}

// Within a transaction. `force`: even where a model was made from it. Returns how many jobs that
// were, or -1 with err.
static int delete_one(struct epmt_db *db, int64_t id, bool force, struct epmt_error *err) {
    struct epmt_db_value values[2] = {epmt_db_int(id), epmt_db_int(INT64_MIN)};
    int count = 0;

    if (db->backend->query(db, force ? sql_delete : sql_delete_free, values, force ? 1 : 2, false,
                           count_row, &count, err))
        return -1;
    return count;
}

static int take_name(void *context, int columns, const char *const *names,
                     const char *const *values, const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    epmt_strbuf_puts(context, values[0]);
    return 1;
}

int epmt_db_model_of(struct epmt_db *db, int64_t job, struct epmt_strbuf *name,
                     struct epmt_error *err) {
    struct epmt_db_value value = epmt_db_int(job);

    if (db->backend->query(db, sql_model_of, &value, 1, false, take_name, name, err))
        return -1;
    return name->failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : 0;
}

static int refuse_of_model(struct epmt_db *db, int64_t id, struct epmt_error *err) {
    struct epmt_strbuf name = {0};
    int status = epmt_db_model_of(db, id, &name, err);

    if (!status && name.len)
        status = epmt_errf(err, EPMT_ERR_EXISTS,
                           "reference model %s was made from the job: --force deletes it, and "
                           "leaves the model what it knows",
                           name.data);
    epmt_strbuf_free(&name);
    return status;
}

int epmt_db_delete_job(struct epmt_db *db, int64_t id, bool force, struct epmt_error *err) {
    if (db->backend->begin(db, err))
        return -1;
    int count = !force && refuse_of_model(db, id, err) ? -1 : delete_one(db, id, true, err);
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
        bool gone;
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

static int delete_chunk(struct epmt_db *db, struct old *old, struct epmt_error *err) {
    if (db->backend->begin(db, err))
        return -1;
    for (size_t i = 0; i < old->count; i++) {
        int count = delete_one(db, old->jobs[i].id, false, err);
        if (count < 0) {
            db->backend->rollback(db);
            return -1;
        }
        old->jobs[i].gone = count > 0;
    }
    if (db->backend->commit(db, err)) {
        db->backend->rollback(db);
        return -1;
    }
    for (size_t i = 0; i < old->count; i++) {
        if (old->jobs[i].gone)
            old->retired(old->context, old->jobs[i].jobid);
    }
    return 0;
}

int epmt_db_retire(struct epmt_db *db, int64_t before, int64_t models_before, unsigned chunk,
                   bool dry, epmt_db_retired_f retired, void *context, struct epmt_error *err) {
    struct epmt_db_value values[3] = {epmt_db_int(before), epmt_db_int(models_before),
                                      epmt_db_int(chunk ? chunk : 1)};
    struct old old = {.dry = dry, .retired = retired, .context = context};
    int status;

    do {
        old.count = 0;
        status = db->backend->query(db, dry ? sql_all_old : sql_old, values, dry ? 2 : 3, false,
                                    take_old, &old, err);
        if (!status && old.failed)
            status = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        if (!status && old.count)
            status = delete_chunk(db, &old, err);
    } while (!status && old.count);
    free(old.jobs);
    return status;
}

// Each name followed by a NUL.
static int take_model(void *context, int columns, const char *const *names,
                      const char *const *values, const bool *numeric) {
    struct epmt_strbuf *models = context;

    (void)columns, (void)names, (void)numeric;
    epmt_strbuf_add(models, values[0], strlen(values[0]) + 1);
    return models->failed;
}

int epmt_db_retire_models(struct epmt_db *db, int64_t before, bool dry, epmt_db_retired_f retired,
                          void *context, struct epmt_error *err) {
    struct epmt_strbuf models = {0};
    struct epmt_db_value value = epmt_db_int(before);

    if (!dry && db->backend->begin(db, err))
        return -1;
    int status = db->backend->query(db, dry ? sql_old_models : sql_delete_models, &value, 1, false,
                                    take_model, &models, err);
    if (!status && models.failed)
        status = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (!status && !dry)
        status = db->backend->commit(db, err);
    if (status && !dry)
        db->backend->rollback(db);
    for (size_t at = 0; !status && at < models.len; at += strlen(models.data + at) + 1)
        retired(context, models.data + at);
    epmt_strbuf_free(&models);
    return status;
}
