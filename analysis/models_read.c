// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "analysis/models.h"
#include "analysis/outliers_priv.h"
#include "common/fmt.h"

#define MODELS                                                                                  \
    "SELECT m.\"id\", m.\"name\", m.\"user\", m.\"created_at\", m.\"enabled\", m.\"methods\", " \
    "m.\"features\", m.\"operation\", m.\"tags\", "                                             \
    "(SELECT count(*) FROM \"model_jobs\" k WHERE k.\"model_id\" = m.\"id\"), "                 \
    "(SELECT count(*) FROM \"model_jobs\" k JOIN \"jobs\" j ON j.\"uuid\" = k.\"uuid\" "        \
    "WHERE k.\"model_id\" = m.\"id\"), "                                                        \
    "(SELECT count(DISTINCT v.\"operation\") FROM \"model_values\" v "                          \
    "WHERE v.\"model_id\" = m.\"id\" AND v.\"operation\" <> '') FROM \"models\" m"
static const char sql_models[] = MODELS " ORDER BY m.\"name\"";
static const char sql_model[] = MODELS " WHERE m.\"name\" = $1";
static const char sql_jobs[] =
    "SELECT k.\"jobid\", k.\"uuid\", j.\"id\" FROM \"model_jobs\" k LEFT JOIN \"jobs\" j "
    "ON j.\"uuid\" = k.\"uuid\" WHERE k.\"model_id\" = $1 ORDER BY k.\"jobid\", k.\"uuid\"";
static const char sql_features[] =
    "SELECT \"operation\", \"feature\", \"value\" FROM \"model_values\" WHERE \"model_id\" = $1 "
    "ORDER BY \"operation\", \"feature\", \"uuid\"";

static int out_of_memory(struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
}

static int64_t number(const char *text) {
    return text ? strtoll(text, NULL, 10) : 0;
}

struct listing {
    epmt_model_f model;
    void *context;
    uint64_t count;
};

static int take_model(void *context, int columns, const char *const *names,
                      const char *const *texts, const bool *numeric) {
    struct listing *listing = context;
    struct epmt_model model = {.id = number(texts[0]),
                               .name = texts[1],
                               .user = texts[2],
                               .created_at = number(texts[3]),
                               .enabled = number(texts[4]) != 0,
                               .features = texts[6],
                               .operation = texts[7],
                               .tags = texts[8],
                               .jobs = number(texts[9]),
                               .present = number(texts[10]),
                               .operations = number(texts[11])};

    (void)columns, (void)names, (void)numeric;
    listing->count++;
    // What a newer epmt has more is no method of ours.
    if (epmt_methods_parse(texts[5], &model.methods, NULL))
        model.methods &= EPMT_METHODS_ALL;
    return listing->model(listing->context, &model);
}

int epmt_models_list(struct epmt_db *db, const char *name, epmt_model_f model, void *context,
                     struct epmt_error *err) {
    struct listing listing = {.model = model, .context = context};
    struct epmt_db_value value = epmt_db_text(name ? name : "", name ? strlen(name) : 0);

    if (db->backend->query(db, name ? sql_model : sql_models, &value, name ? 1 : 0, false,
                           take_model, &listing, err))
        return -1;
    if (name && !listing.count)
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no model %s in %s", name,
                         epmt_db_where(db));
    return 0;
}

struct jobs {
    epmt_model_job_f job;
    void *context;
};

static int take_job(void *context, int columns, const char *const *names, const char *const *texts,
                    const bool *numeric) {
    struct jobs *jobs = context;

    (void)columns, (void)names, (void)numeric;
    return jobs->job(jobs->context, texts[0] ? texts[0] : "", texts[1],
                     texts[2] ? number(texts[2]) : -1);
}

int epmt_models_jobs(struct epmt_db *db, int64_t model, epmt_model_job_f job, void *context,
                     struct epmt_error *err) {
    struct jobs jobs = {.job = job, .context = context};
    struct epmt_db_value id = epmt_db_int(model);

    return db->backend->query(db, sql_jobs, &id, 1, false, take_job, &jobs, err);
}

// The values of one operation and feature at a time.
struct summing {
    epmt_model_feature_f feature;
    void *context;
    struct epmt_strbuf operation;
    struct epmt_features jobs, operations;
    struct epmt_feature counter;
    char name[EPMT_FEATURE_NAME_MAX];
    double *values;
    size_t count, cap;
    struct epmt_error *err;
    int status;
};

static const struct epmt_feature *feature_of(struct summing *summing) {
    bool of_jobs = !summing->operation.len;

    return epmt_features_named(of_jobs ? &summing->jobs : &summing->operations,
                               of_jobs ? EPMT_COMPARED_JOBS : EPMT_COMPARED_OPERATIONS,
                               summing->name, strlen(summing->name), &summing->counter);
}

static int sum_up(struct summing *summing) {
    const struct epmt_feature *feature = feature_of(summing);
    struct epmt_summary usual;

    if (!summing->count || !feature)
        return 0;
    if (epmt_summary_of_column(&usual, summing->values, summing->count, 1, 0, summing->err))
        return -1;
    summing->count = 0;
    return summing->feature(summing->context, epmt_strbuf_text(&summing->operation), feature,
                            &usual);
}

static int add_value(struct summing *summing, double value) {
    if (summing->count == summing->cap) {
        size_t cap = summing->cap ? summing->cap * 2 : 64;
        double *values = realloc(summing->values, cap * sizeof *values);
        if (!values)
            return out_of_memory(summing->err);
        summing->values = values;
        summing->cap = cap;
    }
    summing->values[summing->count++] = value;
    return 0;
}

static int take_value(void *context, int columns, const char *const *names,
                      const char *const *texts, const bool *numeric) {
    struct summing *summing = context;

    (void)columns, (void)names, (void)numeric;
    if (strcmp(texts[1], summing->name) != 0 ||
        strcmp(texts[0], epmt_strbuf_text(&summing->operation)) != 0) {
        summing->status = sum_up(summing);
        summing->count = 0;
        epmt_strbuf_reset(&summing->operation);
        epmt_strbuf_puts(&summing->operation, texts[0]);
        epmt_fmt(summing->name, sizeof summing->name, "%s", texts[1]);
        if (!summing->status && summing->operation.failed)
            summing->status = out_of_memory(summing->err);
    }
    if (!summing->status)
        summing->status = add_value(summing, strtod(texts[2], NULL));
    return summing->status;
}

int epmt_models_features(struct epmt_db *db, int64_t model, epmt_model_feature_f feature,
                         void *context, struct epmt_error *err) {
    struct summing summing = {.feature = feature, .context = context, .err = err};
    struct epmt_db_value id = epmt_db_int(model);

    epmt_features_all(EPMT_COMPARED_JOBS, &summing.jobs);
    epmt_features_all(EPMT_COMPARED_OPERATIONS, &summing.operations);
    int status = db->backend->query(db, sql_features, &id, 1, false, take_value, &summing, err);
    if (!status && !summing.status)
        summing.status = sum_up(&summing);
    free(summing.values);
    epmt_strbuf_free(&summing.operation);
    return status || summing.status ? -1 : 0;
}
