// SPDX-License-Identifier: Apache-2.0
// Reference models: jobs that are taken as usual, their values kept in the database, so that a
// model outlasts its jobs.
#ifndef EPMT_ANALYSIS_MODELS_H
#define EPMT_ANALYSIS_MODELS_H

#include "analysis/outliers.h"

#define EPMT_MODEL_JOBS_MIN 3
#define EPMT_MODEL_NAME_MAX 128

struct epmt_model_new {
    const char *name;
    const int64_t *jobs; // at least EPMT_MODEL_JOBS_MIN
    size_t job_count;
    const char *features;  // NULL: the default ones of jobs; all
    unsigned methods;      // 0: all
    const char *operation; // tag by which processes are operations; NULL: of whole jobs only; "":
                           // all tags of a process together
    const char *user;      // who makes it; may be NULL
    const char *tags;      // by which the jobs were chosen, for people; may be NULL
    bool disabled;
};

// Returns 0 or -1 with err: USAGE (too few jobs, a bad name), EXISTS, NOT_FOUND (no values).
int epmt_models_create(struct epmt_db *db, const struct epmt_model_new *model,
                       struct epmt_error *err);

struct epmt_model {
    int64_t id;
    const char *name, *user;
    int64_t created_at; // us since epoch
    bool enabled;
    unsigned methods;
    const char *features, *operation, *tags; // operation and tags may be NULL
    int64_t jobs;                            // it was made from
    int64_t present;                         // of them that are in the database
    int64_t operations;
};

// Told of models one by one; the texts last as long as the call. Until it returns non-zero.
typedef int (*epmt_model_f)(void *context, const struct epmt_model *model);

// All models by name, or the one of that name. Returns 0 or -1 with err (NOT_FOUND).
int epmt_models_list(struct epmt_db *db, const char *name, epmt_model_f model, void *context,
                     struct epmt_error *err);

// The jobs of a model; id: jobs.id, -1 where the job is gone. Returns 0 or -1 with err.
typedef int (*epmt_model_job_f)(void *context, const char *jobid, const char *uuid, int64_t id);
int epmt_models_jobs(struct epmt_db *db, int64_t model, epmt_model_job_f job, void *context,
                     struct epmt_error *err);

// What is usual in a model, by operation ("": the whole job) and feature. Returns 0 or -1 with err.
typedef int (*epmt_model_feature_f)(void *context, const char *operation,
                                    const struct epmt_feature *feature,
                                    const struct epmt_summary *usual);
int epmt_models_features(struct epmt_db *db, int64_t model, epmt_model_feature_f feature,
                         void *context, struct epmt_error *err);

// Return 0 or -1 with err (NOT_FOUND).
int epmt_models_set_enabled(struct epmt_db *db, const char *name, bool enabled,
                            struct epmt_error *err);
int epmt_models_delete(struct epmt_db *db, const char *name, struct epmt_error *err);

#endif
