// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "analysis/json_build.h"
#include "analysis/json_outliers.h"
#include "storage/strbuf.h"

static const char *const model_columns[] = {
    "id",        "name", "user", "created_at", "enabled",    "methods", "features",
    "operation", "tags", "jobs", "present",    "operations", NULL};

struct models {
    struct epmt_json_build build;
    int64_t id; // of the last
};

static int take_model(void *context, const struct epmt_model *model) {
    struct models *models = context;
    struct epmt_json_build *build = &models->build;
    struct epmt_strbuf names = {0};

    for (int i = 0; i < EPMT_METHOD_COUNT; i++) {
        if (model->methods >> i & 1)
            epmt_strbuf_printf(&names, "%s%s", names.len ? "," : "", epmt_method_name(i));
    }
    models->id = model->id;
    epmt_json_build_row(build);
    epmt_json_build_int(build, model->id);
    epmt_json_build_text(build, model->name);
    epmt_json_build_text(build, model->user);
    epmt_json_build_int(build, model->created_at);
    epmt_json_build_int(build, model->enabled);
    epmt_json_build_text(build, epmt_strbuf_text(&names));
    epmt_json_build_text(build, model->features);
    epmt_json_build_text(build, model->operation);
    epmt_json_build_text(build, model->tags);
    epmt_json_build_int(build, model->jobs);
    epmt_json_build_int(build, model->present);
    epmt_json_build_int(build, model->operations);
    epmt_strbuf_free(&names);
    return build->failed;
}

static int take_job(void *context, const char *jobid, const char *uuid, int64_t id) {
    struct epmt_json_build *build = context;

    epmt_json_build_row(build);
    epmt_json_build_text(build, jobid);
    epmt_json_build_text(build, uuid);
    epmt_json_build_int(build, id >= 0);
    return build->failed;
}

static int take_feature(void *context, const char *operation, const struct epmt_feature *feature,
                        const struct epmt_summary *usual) {
    struct epmt_json_build *build = context;
    const double values[] = {usual->min, usual->q1,   usual->median, usual->q3,
                             usual->max, usual->mean, usual->sd};

    epmt_json_build_row(build);
    epmt_json_build_text(build, operation);
    epmt_json_build_text(build, feature->name);
    epmt_json_build_text(build, feature->unit);
    epmt_json_build_int(build, (int64_t)usual->count);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        epmt_json_build_real(build, values[i]);
    return build->failed;
}

static int list(struct epmt_db *db, const char *name, struct models *models, json_t **table,
                struct epmt_error *err) {
    epmt_json_build_begin(&models->build, model_columns);
    int result = epmt_models_list(db, name, take_model, models, err);
    *table = epmt_json_build_end(&models->build);
    if (!result && !*table)
        result = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    return result;
}

int epmt_json_models(struct epmt_db *db, json_t **to, struct epmt_error *err) {
    struct models models;
    json_t *table = NULL;
    int result = list(db, NULL, &models, &table, err);

    *to = result ? NULL : json_pack("{s:O}", "models", table);
    json_decref(table);
    return result;
}

int epmt_json_model(struct epmt_db *db, const char *name, json_t **to, struct epmt_error *err) {
    static const char *const job_columns[] = {"jobid", "uuid", "present", NULL};
    static const char *const feature_columns[] = {"operation", "feature", "unit",   "count",
                                                  "min",       "q1",      "median", "q3",
                                                  "max",       "mean",    "sd",     NULL};
    struct epmt_json_build jobs, features;
    struct models models;
    json_t *table = NULL;

    *to = NULL;
    epmt_json_build_begin(&jobs, job_columns);
    epmt_json_build_begin(&features, feature_columns);
    int result = list(db, name, &models, &table, err);
    if (!result)
        result = epmt_models_jobs(db, models.id, take_job, &jobs, err) ||
                         epmt_models_features(db, models.id, take_feature, &features, err)
                     ? -1
                     : 0;
    json_t *job_table = epmt_json_build_end(&jobs), *feature_table = epmt_json_build_end(&features);
    if (!result) {
        *to = json_pack("{s:O, s:O, s:O}", "models", table, "jobs", job_table, "features",
                        feature_table);
        if (!*to)
            result = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    json_decref(table);
    json_decref(job_table);
    json_decref(feature_table);
    return result;
}
