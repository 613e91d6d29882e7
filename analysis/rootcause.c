// SPDX-License-Identifier: Apache-2.0
// Why a job stands out: each feature's score against the reference, as a part of the greatest score
// within the reference.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/features_db.h"
#include "analysis/outliers_priv.h"

struct searching {
    struct epmt_db *db;
    const struct epmt_outlier_question *question;
    int64_t job;
    struct epmt_causes *causes;
    struct epmt_model_groups model;
    bool has_model;
    const struct epmt_feature *feature;
    size_t cap;
};

static int out_of_memory(struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
}

static double ratio_of(double score, double reference) {
    if (reference != 0)
        return score / reference;
    return score == 0 ? 0 : INFINITY;
}

static int by_ratio(const void *a, const void *b) {
    const struct epmt_cause *x = a, *y = b;

    if (x->ratio != y->ratio)
        return x->ratio > y->ratio ? -1 : 1;
    int by_operation = strcmp(x->operation, y->operation);
    return by_operation ? by_operation : strcmp(x->feature, y->feature);
}

// Keeps the greatest, now and then.
static int make_room(struct searching *searching, struct epmt_error *err) {
    struct epmt_causes *causes = searching->causes;

    if (causes->count < searching->cap)
        return 0;
    if (causes->count / 2 >= EPMT_OUTLIERS_MAX) {
        qsort(causes->rows, causes->count, sizeof *causes->rows, by_ratio);
        while (causes->count > EPMT_OUTLIERS_MAX)
            free(causes->rows[--causes->count].operation);
        return 0;
    }
    size_t cap = searching->cap ? searching->cap * 2 : 64;
    struct epmt_cause *rows = realloc(causes->rows, cap * sizeof *rows);
    if (!rows)
        return out_of_memory(err);
    causes->rows = rows;
    searching->cap = cap;
    return 0;
}

static int add_cause(struct searching *searching, const char *operation, double value,
                     const struct epmt_summary *usual, struct epmt_error *err) {
    struct epmt_causes *causes = searching->causes;
    struct epmt_cause cause = {.value = value, .usual = *usual};
    struct epmt_reference reference;
    struct epmt_outlier judged;

    epmt_reference_make(&reference, usual, NULL, true);
    epmt_reference_judge(&reference, causes->methods, value, &judged);
    for (int i = 0; i < EPMT_METHOD_DISTANCE; i++) {
        if (!(causes->methods & 1U << i))
            continue;
        cause.score[i] = judged.score[i];
        cause.reference[i] = reference.limit[i];
        cause.ratio += ratio_of(cause.score[i], cause.reference[i]);
    }
    memcpy(cause.feature, searching->feature->name, sizeof cause.feature);
    memcpy(cause.unit, searching->feature->unit, sizeof cause.unit);
    if (make_room(searching, err))
        return -1;
    cause.operation = strdup(operation);
    if (!cause.operation)
        return out_of_memory(err);
    if (usual->count > causes->references)
        causes->references = usual->count;
    causes->rows[causes->count++] = cause;
    return 0;
}

// Moves the value of the job to the end. Returns whether there is one.
static bool set_apart(const struct searching *searching, struct epmt_group *group, double *value) {
    for (size_t i = 0; i < group->count; i++) {
        if (group->ids[i] != searching->job)
            continue;
        *value = group->values[i];
        group->count--;
        memmove(group->values + i, group->values + i + 1,
                (group->count - i) * sizeof *group->values);
        return true;
    }
    return false;
}

static int take_group(void *context, struct epmt_group *group, struct epmt_error *err) {
    struct searching *searching = context;
    const char *operation = epmt_strbuf_text(&group->name);
    const double *values = group->values;
    struct epmt_summary usual;
    double value;

    if (!set_apart(searching, group, &value))
        return 0;
    size_t count = group->count;
    if (searching->has_model) {
        const struct epmt_model_group *known = epmt_model_group(&searching->model, operation);
        values = known ? known->values : NULL;
        count = known ? known->count : 0;
    }
    if (count < EPMT_COMPARED_ROWS_MIN - 1)
        return 0;
    if (epmt_summary_of_column(&usual, values, count, 1, 0, err))
        return -1;
    return add_cause(searching, operation, value, &usual, err);
}

static int search_feature(struct searching *searching, int64_t model, const int64_t *jobs,
                          size_t job_count, struct epmt_error *err) {
    struct epmt_scan scan = {.db = searching->db,
                             .compared = searching->question->compared,
                             .jobs = jobs,
                             .job_count = job_count,
                             .operation = searching->question->operation,
                             .features = searching->feature,
                             .width = 1,
                             .max = EPMT_SAMPLE_MAX,
                             .group = take_group,
                             .context = searching};
    int status = 0;

    if (searching->has_model)
        status =
            epmt_model_values(searching->db, model, searching->feature, 1, &searching->model, err);
    if (!status)
        status = epmt_scan(&scan, err);
    epmt_model_groups_free(&searching->model);
    return status;
}

// The jobs that are read: with a model the one that is asked about, else the references too. *count
// 0: all there are.
static int64_t *jobs_to_read(const struct searching *searching, size_t *count) {
    const struct epmt_outlier_question *question = searching->question;
    int64_t *jobs = calloc(question->job_count + 1, sizeof *jobs);

    *count = 0;
    if (!jobs || (!searching->has_model && !question->job_count))
        return jobs;
    for (size_t i = 0; i < question->job_count && !searching->has_model; i++) {
        if (question->jobs[i] != searching->job)
            jobs[(*count)++] = question->jobs[i];
    }
    jobs[(*count)++] = searching->job;
    return jobs;
}

static int search(struct searching *searching, int64_t model, struct epmt_error *err) {
    struct epmt_causes *causes = searching->causes;
    size_t job_count;
    int64_t *jobs = jobs_to_read(searching, &job_count);
    int status = jobs ? 0 : out_of_memory(err);

    for (int i = 0; i < causes->features.count && !status; i++) {
        searching->feature = &causes->features.list[i];
        status = search_feature(searching, model, jobs, job_count, err);
    }
    free(jobs);
    if (!status && !causes->count)
        status = epmt_errf(err, EPMT_ERR_USAGE,
                           "there is nothing to compare the job with: %d jobs or more that have "
                           "the same are needed",
                           EPMT_COMPARED_ROWS_MIN - 1);
    if (causes->count)
        qsort(causes->rows, causes->count, sizeof *causes->rows, by_ratio);
    if (causes->count > EPMT_OUTLIERS_MAX) {
        while (causes->count > EPMT_OUTLIERS_MAX)
            free(causes->rows[--causes->count].operation);
    }
    return status;
}

static int prepare(struct searching *searching, struct epmt_outlier_question *question,
                   struct epmt_model_used *used, struct epmt_error *err) {
    struct epmt_causes *causes = searching->causes;

    if (question->compared != EPMT_COMPARED_JOBS && question->compared != EPMT_COMPARED_OPERATIONS)
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "the cause is looked for among the features of jobs or operations");
    searching->has_model = question->model != NULL;
    causes->methods = question->methods ? question->methods : 1U << EPMT_METHOD_MODIFIED_Z;
    if (causes->methods & 1U << EPMT_METHOD_DISTANCE)
        return epmt_errf(err, EPMT_ERR_USAGE, "a cause is one feature: distance is of all at once");
    if (question->model)
        return epmt_model_use(searching->db, question->model, used, err) ||
                       epmt_model_answer(used, question, &causes->features, err)
                   ? -1
                   : 0;
    return epmt_features_find_in(searching->db, question->compared,
                                 question->features ? question->features : "all,counter:*",
                                 &searching->job, 1, &causes->features, err);
}

int epmt_root_cause(struct epmt_db *db, const struct epmt_outlier_question *asked, int64_t job,
                    struct epmt_causes *causes, struct epmt_error *err) {
    struct epmt_outlier_question question = *asked;
    struct epmt_model_used used = {0};
    struct searching searching = {.db = db, .question = &question, .job = job, .causes = causes};

    *causes = (struct epmt_causes){.count = 0};
    int status = prepare(&searching, &question, &used, err);
    if (!status)
        status = search(&searching, used.id, err);
    epmt_model_used_free(&used);
    if (status)
        epmt_causes_free(causes);
    return status;
}

void epmt_causes_free(struct epmt_causes *causes) {
    for (size_t i = 0; i < causes->count; i++)
        free(causes->rows[i].operation);
    free(causes->rows);
    causes->rows = NULL;
    causes->count = 0;
}
