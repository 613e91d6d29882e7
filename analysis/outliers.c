// SPDX-License-Identifier: Apache-2.0
// One scan per feature (and one for all features at once); what is usual in a group is known when
// the group ends. A group of which only a sample was kept is looked at again, row by row.
#include "analysis/outliers.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/features_db.h"
#include "analysis/outliers_priv.h"

// A group that must be looked at again.
struct again {
    char *name;
    struct epmt_reference reference;
    struct epmt_distance *distance;
};

struct finding {
    struct epmt_db *db;
    const struct epmt_outlier_question *question;
    struct epmt_outliers *outliers;
    struct epmt_top top;
    const struct epmt_feature *feature; // NULL: all at once
    struct epmt_model_groups model;
    bool has_model;
    struct again *again;
    size_t again_count;
};

static int out_of_memory(struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
}

static double threshold_of(const struct finding *finding, enum epmt_outlier_method method) {
    double threshold = finding->question->threshold[method];

    return threshold > 0 ? threshold : epmt_method_threshold(method);
}

static int judge(struct finding *finding, const struct again *by, int64_t id, const double *values,
                 struct epmt_error *err) {
    struct epmt_outlier row = {.id = id, .group = by->name, .job_id = id};

    finding->outliers->values++;
    if (finding->feature) {
        memcpy(row.feature, finding->feature->name, sizeof row.feature);
        memcpy(row.unit, finding->feature->unit, sizeof row.unit);
        epmt_reference_judge(&by->reference, finding->outliers->methods, values[0], &row);
    } else {
        memcpy(row.feature, EPMT_DISTANCE_FEATURE, sizeof EPMT_DISTANCE_FEATURE);
        memcpy(row.unit, "-", sizeof "-");
        row.value = row.score[EPMT_METHOD_DISTANCE] = epmt_distance_of(by->distance, values);
        row.high = row.limit[EPMT_METHOD_DISTANCE] = epmt_distance_limit(by->distance);
        row.points = row.value > row.high;
        row.flagged = row.points ? 1U << EPMT_METHOD_DISTANCE : 0;
    }
    return epmt_top_add(&finding->top, &row, err);
}

// What is usual: by the model where there is one, else by the rows themselves.
static int make_reference(struct finding *finding, struct again *by, const double *values,
                          size_t count, bool model, struct epmt_error *err) {
    int width = finding->feature ? 1 : finding->outliers->features.count;
    struct epmt_summary usual;

    if (!finding->feature) {
        by->distance = epmt_distance_create(
            values, count, width, threshold_of(finding, EPMT_METHOD_DISTANCE), model, err);
        return by->distance ? 0 : -1;
    }
    if (epmt_summary_of_column(&usual, values, count, width, 0, err))
        return -1;
    epmt_reference_make(&by->reference, &usual, finding->question->threshold, model);
    return 0;
}

static int remember(struct finding *finding, struct again *by, struct epmt_error *err) {
    struct again *more =
        realloc(finding->again, (finding->again_count + 1) * sizeof *finding->again);

    if (more)
        finding->again = more;
    char *name = more ? strdup(by->name) : NULL;
    if (!name)
        return out_of_memory(err);
    finding->again[finding->again_count] = *by;
    finding->again[finding->again_count++].name = name;
    by->distance = NULL;
    finding->outliers->sampled++;
    return 0;
}

static int judge_group(struct finding *finding, const struct epmt_group *group, struct again *by,
                       struct epmt_error *err) {
    if (group->seen > group->count)
        return remember(finding, by, err);
    for (size_t i = 0; i < group->count; i++) {
        if (judge(finding, by, group->ids[i], group->values + i * (size_t)group->width, err))
            return -1;
    }
    return 0;
}

static int take_group(void *context, struct epmt_group *group, struct epmt_error *err) {
    struct finding *finding = context;
    struct again by = {.name = group->name.data ? group->name.data : ""};
    const double *values = group->values;
    size_t count = group->count;

    if (finding->has_model) {
        const struct epmt_model_group *known = epmt_model_group(&finding->model, by.name);
        if (!known) {
            finding->outliers->small++;
            return 0;
        }
        values = known->values;
        count = known->count;
    } else if (count < EPMT_COMPARED_ROWS_MIN) {
        finding->outliers->small++;
        return 0;
    }
    finding->outliers->groups++;
    int status = make_reference(finding, &by, values, count, finding->has_model, err);
    if (!status)
        status = judge_group(finding, group, &by, err);
    epmt_distance_destroy(by.distance);
    return status;
}

static int take_value(void *context, const char *group, int64_t id, const double *values,
                      struct epmt_error *err) {
    struct finding *finding = context;

    (void)group;
    return judge(finding, &finding->again[finding->again_count - 1], id, values, err);
}

static struct epmt_scan scan_of(struct finding *finding, const struct epmt_features *features) {
    const struct epmt_outlier_question *question = finding->question;
    size_t max = question->sample ? question->sample : EPMT_SAMPLE_MAX;
    int width = finding->feature ? 1 : features->count;

    return (struct epmt_scan){.db = finding->db,
                              .compared = question->compared,
                              .jobs = question->jobs,
                              .job_count = question->job_count,
                              .operation = question->operation,
                              .features = finding->feature ? finding->feature : features->list,
                              .width = width,
                              .max = max / (size_t)width + 1,
                              .context = finding};
}

static void forget(struct finding *finding) {
    while (finding->again_count) {
        struct again *last = &finding->again[--finding->again_count];
        epmt_distance_destroy(last->distance);
        free(last->name);
    }
}

// By one feature, or by all.
static int find_by(struct finding *finding, const struct epmt_feature *feature,
                   struct epmt_error *err) {
    finding->feature = feature;
    struct epmt_scan scan = scan_of(finding, &finding->outliers->features);
    scan.group = take_group;
    int status = epmt_scan(&scan, err);
    finding->outliers->missing += scan.missing;
    scan.value = take_value;
    while (!status && finding->again_count) {
        struct again *last = &finding->again[finding->again_count - 1];
        scan.only = last->name;
        status = epmt_scan(&scan, err);
        epmt_distance_destroy(last->distance);
        free(last->name);
        finding->again_count--;
    }
    forget(finding);
    return status;
}

static int find_with(struct finding *finding, int64_t model, const struct epmt_feature *feature,
                     struct epmt_error *err) {
    const struct epmt_features *features = &finding->outliers->features;
    int status = 0;

    if (finding->has_model)
        status = epmt_model_values(finding->db, model, feature ? feature : features->list,
                                   feature ? 1 : features->count, &finding->model, err);
    if (!status)
        status = find_by(finding, feature, err);
    epmt_model_groups_free(&finding->model);
    return status;
}

static int find_all(struct finding *finding, int64_t model, struct epmt_error *err) {
    struct epmt_outliers *outliers = finding->outliers;
    int status = 0;

    for (int i = 0; i < outliers->features.count && !status; i++) {
        if (outliers->methods & EPMT_METHODS_UNIVARIATE)
            status = find_with(finding, model, &outliers->features.list[i], err);
    }
    if (!status && (outliers->methods & 1U << EPMT_METHOD_DISTANCE))
        status = find_with(finding, model, NULL, err);
    if (!status && !outliers->groups && outliers->small &&
        finding->question->compared == EPMT_COMPARED_JOBS)
        return epmt_errf(err, EPMT_ERR_USAGE,
                         finding->has_model ? "the model knows none of these features"
                                            : "too few jobs have such a feature: without a model "
                                              "4 are needed");
    return status;
}

static bool in_models(enum epmt_compared compared) {
    return compared == EPMT_COMPARED_JOBS || compared == EPMT_COMPARED_OPERATIONS;
}

// Sets methods, features and the model to be used.
static int prepare(struct finding *finding, struct epmt_outlier_question *question,
                   struct epmt_model_used *used, struct epmt_error *err) {
    struct epmt_outliers *outliers = finding->outliers;
    int status;

    if (question->model && !in_models(question->compared))
        return epmt_errf(err, EPMT_ERR_USAGE, "models are of jobs and operations, not of %s",
                         epmt_compared_name(question->compared));
    if (!question->model)
        status =
            epmt_features_find_in(finding->db, question->compared, question->features,
                                  question->jobs, question->job_count, &outliers->features, err);
    else
        status = epmt_model_use(finding->db, question->model, used, err) ||
                         epmt_model_answer(used, question, &outliers->features, err)
                     ? -1
                     : 0;
    outliers->methods = question->methods ? question->methods : EPMT_METHODS_UNIVARIATE;
    finding->has_model = question->model != NULL;
    return status;
}

int epmt_outliers_find(struct epmt_db *db, const struct epmt_outlier_question *asked,
                       struct epmt_outliers *outliers, struct epmt_error *err) {
    struct epmt_outlier_question question = *asked;
    struct finding finding = {.db = db, .question = &question, .outliers = outliers};
    struct epmt_model_used used = {0};

    *outliers = (struct epmt_outliers){.count = 0};
    finding.top.limit = asked->limit ? asked->limit : EPMT_OUTLIERS_LIMIT;
    if (finding.top.limit > EPMT_OUTLIERS_MAX)
        finding.top.limit = EPMT_OUTLIERS_MAX;
    finding.top.min_score = asked->min_score;
    int status = prepare(&finding, &question, &used, err);
    if (!status)
        status = find_all(&finding, used.id, err);
    if (!status)
        status = epmt_top_sort(&finding.top, err);
    if (!status)
        status = epmt_outliers_label(db, asked->compared, finding.top.rows, finding.top.count, err);
    if (!status)
        status = epmt_outliers_mixed(db, &question, outliers->mixed, err);
    free(finding.again);
    epmt_model_used_free(&used);
    if (status) {
        epmt_top_free(&finding.top);
        return -1;
    }
    outliers->rows = finding.top.rows;
    outliers->count = finding.top.count;
    outliers->found = finding.top.found;
    return 0;
}

void epmt_outliers_free(struct epmt_outliers *outliers) {
    struct epmt_top top = {.rows = outliers->rows, .count = outliers->count};

    epmt_top_free(&top);
    outliers->rows = NULL;
    outliers->count = 0;
}
