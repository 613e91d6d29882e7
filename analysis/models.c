// SPDX-License-Identifier: Apache-2.0
// Making models, and taking them away.
#include "analysis/models.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/features_db.h"
#include "analysis/outliers_priv.h"
#include "common/fmt.h"

#define VALUES_MAX ((size_t)1000000)

static const char sql_find[] = "SELECT \"id\" FROM \"models\" WHERE \"name\" = $1";
static const char sql_insert[] =
    "INSERT INTO \"models\" (\"name\", \"user\", \"created_at\", \"enabled\", \"methods\", "
    "\"features\", \"operation\", \"tags\") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
    "RETURNING \"id\"";
static const char sql_enable[] =
    "UPDATE \"models\" SET \"enabled\" = $2 WHERE \"name\" = $1 RETURNING \"id\"";
static const char sql_delete[] = "DELETE FROM \"models\" WHERE \"name\" = $1 RETURNING \"id\"";

struct job {
    int64_t id;
    char uuid[40], jobid[256];
};

struct value {
    int64_t job;
    char *operation;
    const char *feature;
    double value;
};

struct making {
    struct epmt_db *db;
    const struct epmt_model_new *model;
    struct epmt_features jobs_by, operations_by;
    struct job *jobs; // by id
    size_t job_count;
    struct value *values; // by operation within a feature
    size_t count, cap;
    size_t begun; // where the operation begins that is being read
    const struct epmt_feature *feature;
    enum epmt_compared compared;
    struct epmt_error *err;
};

static int out_of_memory(struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
}

static int take_id(void *context, int columns, const char *const *names, const char *const *texts,
                   const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    *(int64_t *)context = strtoll(texts[0], NULL, 10);
    return 0;
}

static int take_job(void *context, int columns, const char *const *names, const char *const *texts,
                    const bool *numeric) {
    struct making *making = context;
    struct job *job = &making->jobs[making->job_count];

    (void)columns, (void)names, (void)numeric;
    if (making->job_count == making->model->job_count)
        return 1;
    job->id = strtoll(texts[0], NULL, 10);
    epmt_fmt(job->uuid, sizeof job->uuid, "%s", texts[1]);
    epmt_fmt(job->jobid, sizeof job->jobid, "%s", texts[2] ? texts[2] : "");
    making->job_count++;
    return 0;
}

static int find_jobs(struct making *making) {
    const struct epmt_model_new *model = making->model;
    struct epmt_strbuf sql = {0};

    making->jobs = calloc(model->job_count + 1, sizeof *making->jobs);
    if (!making->jobs)
        return out_of_memory(making->err);
    epmt_strbuf_puts(&sql, "SELECT \"id\", \"uuid\", \"jobid\" FROM \"jobs\" WHERE \"id\" IN (");
    for (size_t i = 0; i < model->job_count; i++)
        epmt_strbuf_printf(&sql, "%s%" PRId64, i ? ", " : "", model->jobs[i]);
    epmt_strbuf_puts(&sql, ") ORDER BY \"id\"");
    const char *kept = sql.failed ? NULL : epmt_db_keep(making->db, epmt_strbuf_text(&sql));
    int status = kept ? making->db->backend->query(making->db, kept, NULL, 0, false, take_job,
                                                   making, making->err)
                      : out_of_memory(making->err);
    epmt_strbuf_free(&sql);
    if (!status && making->job_count < EPMT_MODEL_JOBS_MIN)
        return epmt_errf(making->err, EPMT_ERR_USAGE,
                         "a model needs %d jobs or more, there are %zu", EPMT_MODEL_JOBS_MIN,
                         making->job_count);
    return status;
}

// What too few jobs have is not usual.
static void end_operation(struct making *making) {
    if (making->count - making->begun < EPMT_MODEL_JOBS_MIN) {
        while (making->count > making->begun)
            free(making->values[--making->count].operation);
    }
    making->begun = making->count;
}

static int take_value(void *context, const char *operation, int64_t job, const double *values,
                      struct epmt_error *err) {
    struct making *making = context;

    // An operation without a name would be the whole job.
    if (making->compared == EPMT_COMPARED_OPERATIONS && !*operation)
        return 0;
    if (making->count > making->begun &&
        strcmp(making->values[making->count - 1].operation, operation) != 0)
        end_operation(making);
    if (making->count == making->cap) {
        size_t cap = making->cap ? making->cap * 2 : 256;
        struct value *more =
            cap <= 2 * VALUES_MAX ? realloc(making->values, cap * sizeof *more) : NULL;
        if (!more)
            return out_of_memory(err);
        making->values = more;
        making->cap = cap;
    }
    if (making->count == VALUES_MAX)
        return epmt_errf(err, EPMT_ERR_MEMORY,
                         "a model of more than %zu values is too large: take fewer jobs, features "
                         "or operations",
                         VALUES_MAX);
    char *name = strdup(operation);
    if (!name)
        return out_of_memory(err);
    making->values[making->count++] = (struct value){
        .job = job, .operation = name, .feature = making->feature->name, .value = values[0]};
    return 0;
}

static int read_values(struct making *making, enum epmt_compared compared,
                       const struct epmt_features *features) {
    making->compared = compared;
    for (int i = 0; i < features->count; i++) {
        making->feature = &features->list[i];
        struct epmt_scan scan = {.db = making->db,
                                 .compared = compared,
                                 .jobs = making->model->jobs,
                                 .job_count = making->model->job_count,
                                 .operation = making->model->operation,
                                 .features = making->feature,
                                 .width = 1,
                                 .value = take_value,
                                 .context = making};
        if (epmt_scan(&scan, making->err))
            return -1;
        end_operation(making);
    }
    return 0;
}

static int by_id(const void *a, const void *b) {
    const struct job *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

static struct epmt_db_value text(const char *string) {
    return string ? epmt_db_text(string, strlen(string))
                  : (struct epmt_db_value){.kind = EPMT_DB_NULL};
}

static int put_rows(struct making *making, int table, int64_t model) {
    const struct epmt_db_backend *backend = making->db->backend;
    const struct epmt_ddl_rows *rows = &making->db->rows[table];
    bool of_values = table == EPMT_TABLE_MODEL_VALUES;
    size_t count = of_values ? making->count : making->job_count;
    int status = backend->rows_begin(making->db, rows, making->err);

    for (size_t i = 0; i < count && !status; i++) {
        struct epmt_db_value values[5] = {epmt_db_int(model)};
        if (of_values) {
            const struct value *value = &making->values[i];
            const struct job key = {.id = value->job};
            const struct job *job =
                bsearch(&key, making->jobs, making->job_count, sizeof key, by_id);
            values[1] = text(value->operation);
            values[2] = text(value->feature);
            values[3] = text(job ? job->uuid : "");
            values[4] = (struct epmt_db_value){.kind = EPMT_DB_REAL, .r = value->value};
        } else {
            values[1] = text(making->jobs[i].uuid);
            values[2] = text(making->jobs[i].jobid);
        }
        status = backend->rows_add(making->db, rows, values, making->err);
    }
    return status || backend->rows_end(making->db, rows, making->err) ? -1 : 0;
}

static void list_methods(unsigned methods, struct epmt_strbuf *list) {
    for (int i = 0; i < EPMT_METHOD_COUNT; i++) {
        if (methods & 1U << i)
            epmt_strbuf_printf(list, "%s%s", list->len ? "," : "", epmt_method_name(i));
    }
}

static int put_model(struct making *making, int64_t *id) {
    const struct epmt_model_new *model = making->model;
    struct epmt_strbuf methods = {0}, features = {0};
    struct timespec now;

    list_methods(model->methods ? model->methods : EPMT_METHODS_ALL, &methods);
    for (int i = 0; i < making->jobs_by.count; i++)
        epmt_strbuf_printf(&features, "%s%s", i ? "," : "", making->jobs_by.list[i].name);
    clock_gettime(CLOCK_REALTIME, &now);
    struct epmt_db_value values[8] = {
        text(model->name),
        text(model->user),
        epmt_db_int((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000),
        epmt_db_int(!model->disabled),
        text(epmt_strbuf_text(&methods)),
        text(epmt_strbuf_text(&features)),
        text(model->operation),
        text(model->tags)};
    int status = methods.failed || features.failed
                     ? out_of_memory(making->err)
                     : making->db->backend->query(making->db, sql_insert, values, 8, false, take_id,
                                                  id, making->err);
    epmt_strbuf_free(&methods);
    epmt_strbuf_free(&features);
    return status;
}

static int check_name(const char *name, struct epmt_error *err) {
    size_t len = strlen(name);

    if (!len || len > EPMT_MODEL_NAME_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "a model's name has 1 to %d bytes",
                         EPMT_MODEL_NAME_MAX);
    for (size_t i = 0; i < len; i += epmt_utf8_len(name + i, len - i)) {
        if ((unsigned char)name[i] < ' ' || !epmt_utf8_len(name + i, len - i))
            return epmt_errf(err, EPMT_ERR_USAGE, "a model's name is a line of UTF-8");
    }
    return 0;
}

static int make(struct making *making) {
    const struct epmt_model_new *model = making->model;
    struct epmt_db_value name = text(model->name);
    int64_t id = 0;

    if (making->db->backend->lock(making->db, model->name, making->err) ||
        making->db->backend->query(making->db, sql_find, &name, 1, false, take_id, &id,
                                   making->err))
        return -1;
    if (id)
        return epmt_errf(making->err, EPMT_ERR_EXISTS, "there is a model %s already", model->name);
    if (find_jobs(making) || read_values(making, EPMT_COMPARED_JOBS, &making->jobs_by) ||
        (model->operation && read_values(making, EPMT_COMPARED_OPERATIONS, &making->operations_by)))
        return -1;
    if (!making->count)
        return epmt_errf(making->err, EPMT_ERR_NOT_FOUND,
                         "of none of these features there are %d values", EPMT_MODEL_JOBS_MIN);
    return put_model(making, &id) || put_rows(making, EPMT_TABLE_MODEL_JOBS, id) ||
                   put_rows(making, EPMT_TABLE_MODEL_VALUES, id)
               ? -1
               : 0;
}

int epmt_models_create(struct epmt_db *db, const struct epmt_model_new *model,
                       struct epmt_error *err) {
    struct making making = {.db = db, .model = model, .err = err};

    if (check_name(model->name, err) ||
        epmt_features_find_in(db, EPMT_COMPARED_JOBS, model->features, model->jobs,
                              model->job_count, &making.jobs_by, err))
        return -1;
    if (model->job_count < EPMT_MODEL_JOBS_MIN)
        return epmt_errf(err, EPMT_ERR_USAGE, "a model needs %d jobs or more, there are %zu",
                         EPMT_MODEL_JOBS_MIN, model->job_count);
    if (model->features) {
        struct epmt_strbuf names = {0};
        int failed =
            epmt_features_expand(db, model->features, model->jobs, model->job_count, &names, err);
        if (!failed)
            epmt_features_among(EPMT_COMPARED_OPERATIONS, epmt_strbuf_text(&names),
                                &making.operations_by);
        epmt_strbuf_free(&names);
        if (failed)
            return -1;
    } else if (epmt_features_find(EPMT_COMPARED_OPERATIONS, NULL, &making.operations_by, err))
        return -1;
    if (db->backend->begin(db, err))
        return -1;
    int status = make(&making);
    if (!status)
        status = db->backend->commit(db, err);
    if (status)
        db->backend->rollback(db);
    for (size_t i = 0; i < making.count; i++)
        free(making.values[i].operation);
    free(making.values);
    free(making.jobs);
    return status;
}

static int change(struct epmt_db *db, const char *sql, const struct epmt_db_value *values,
                  int count, const char *name, struct epmt_error *err) {
    int64_t id = 0;

    if (db->backend->begin(db, err))
        return -1;
    int status = db->backend->query(db, sql, values, count, false, take_id, &id, err);
    if (!status && !id)
        status = epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no model %s in %s", name,
                           epmt_db_where(db));
    if (!status)
        status = db->backend->commit(db, err);
    if (status)
        db->backend->rollback(db);
    return status;
}

int epmt_models_set_enabled(struct epmt_db *db, const char *name, bool enabled,
                            struct epmt_error *err) {
    struct epmt_db_value values[2] = {text(name), epmt_db_int(enabled)};

    return change(db, sql_enable, values, 2, name, err);
}

int epmt_models_delete(struct epmt_db *db, const char *name, struct epmt_error *err) {
    struct epmt_db_value value = text(name);

    return change(db, sql_delete, &value, 1, name, err);
}
