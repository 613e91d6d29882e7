// SPDX-License-Identifier: Apache-2.0
#include "analysis/json_outliers.h"

#include <string.h>

#include "analysis/json_build.h"
#include "analysis/json_rows.h"

static const struct {
    double threshold;
    const char *description;
} methods[EPMT_METHOD_COUNT] = {
#define METHOD(number, name, threshold, description) {threshold, description},
    EPMT_OUTLIER_METHODS(METHOD)
#undef METHOD
};

static json_t *list_methods(unsigned used) {
    static const char *const columns[] = {"name", "threshold", "description", "used", NULL};
    struct epmt_json_build build;

    epmt_json_build_begin(&build, columns);
    for (int i = 0; i < EPMT_METHOD_COUNT; i++) {
        epmt_json_build_row(&build);
        epmt_json_build_text(&build, epmt_method_name(i));
        epmt_json_build_real(&build, methods[i].threshold);
        epmt_json_build_text(&build, methods[i].description);
        epmt_json_build_int(&build, used >> i & 1);
    }
    return epmt_json_build_end(&build);
}

static json_t *list_features(enum epmt_compared compared, const struct epmt_features *used) {
    static const char *const columns[] = {"name", "unit", "description", "used", NULL};
    struct epmt_features all;
    struct epmt_json_build build;

    epmt_features_all(compared, &all);
    epmt_json_build_begin(&build, columns);
    for (int i = 0; i < all.count; i++) {
        bool is_used = false;
        for (int j = 0; j < used->count; j++)
            is_used |= !strcmp(used->list[j].name, all.list[i].name);
        epmt_json_build_row(&build);
        epmt_json_build_text(&build, all.list[i].name);
        epmt_json_build_text(&build, all.list[i].unit);
        epmt_json_build_text(&build, all.list[i].description);
        epmt_json_build_int(&build, is_used);
    }
    return epmt_json_build_end(&build);
}

#define SUMMARY "count", "min", "q1", "median", "q3", "max", "mean", "sd", "deviation"

static void add_summary(struct epmt_json_build *build, const struct epmt_summary *usual) {
    epmt_json_build_int(build, (int64_t)usual->count);
    epmt_json_build_real(build, usual->min);
    epmt_json_build_real(build, usual->q1);
    epmt_json_build_real(build, usual->median);
    epmt_json_build_real(build, usual->q3);
    epmt_json_build_real(build, usual->max);
    epmt_json_build_real(build, usual->mean);
    epmt_json_build_real(build, usual->sd);
    epmt_json_build_real(build, usual->deviation);
}

#define SCORES "iqr", "z_score", "modified_z_score", "distance"

// Of one feature, or (distance) of all at once.
static void add_scores(struct epmt_json_build *build, const char *feature,
                       const double score[EPMT_METHOD_COUNT], unsigned used) {
    bool is_distance = !strcmp(feature, EPMT_DISTANCE_FEATURE);

    used &= is_distance ? 1U << EPMT_METHOD_DISTANCE : EPMT_METHODS_UNIVARIATE;
    for (int i = 0; i < EPMT_METHOD_COUNT; i++) {
        if (used >> i & 1)
            epmt_json_build_real(build, score[i]);
        else
            epmt_json_build_text(build, NULL);
    }
}

static void add_flagged(struct epmt_json_build *build, unsigned flagged) {
    struct epmt_strbuf text = {0};

    for (int i = 0; i < EPMT_METHOD_COUNT; i++) {
        if (flagged >> i & 1)
            epmt_strbuf_printf(&text, "%s%s", text.len ? ", " : "", epmt_method_name(i));
    }
    epmt_json_build_text(build, epmt_strbuf_text(&text));
    epmt_strbuf_free(&text);
}

static void add_outlier(struct epmt_json_build *build, const struct epmt_outlier *row,
                        unsigned used) {
    epmt_json_build_row(build);
    epmt_json_build_int(build, row->job_id);
    epmt_json_build_text(build, row->jobid);
    epmt_json_build_text(build, row->group);
    epmt_json_build_text(build, row->hostname);
    epmt_json_build_text(build, row->exename);
    epmt_json_build_known(build, row->pid);
    epmt_json_build_known(build, row->mpirank);
    epmt_json_build_known(build, row->tid);
    epmt_json_build_text(build, row->feature);
    epmt_json_build_text(build, row->unit);
    epmt_json_build_real(build, row->value);
    add_summary(build, &row->usual);
    epmt_json_build_real(build, row->low);
    epmt_json_build_real(build, row->high);
    add_scores(build, row->feature, row->score, used);
    epmt_json_build_int(build, row->points);
    add_flagged(build, row->flagged);
}

static json_t *list_outliers(const struct epmt_outliers *outliers) {
    static const char *const columns[] = {
        "job_id", "jobid", "group", "hostname", "exename", "pid",  "rank",   "tid",     "feature",
        "unit",   "value", SUMMARY, "low",      "high",    SCORES, "points", "flagged", NULL};
    struct epmt_json_build build;

    epmt_json_build_begin(&build, columns);
    for (size_t i = 0; i < outliers->count; i++)
        add_outlier(&build, &outliers->rows[i], outliers->methods);
    return epmt_json_build_end(&build);
}

// The uuids of the jobs of a table, by which pages link to them: the first column is their id.
static int ask_uuids(struct epmt_db *db, const json_t *table, json_t **to, struct epmt_error *err) {
    const struct epmt_parameters none = {.count = 0};
    struct epmt_strbuf sql = {0};
    const json_t *row;
    size_t i;

    epmt_strbuf_puts(&sql, "SELECT \"id\", \"uuid\", \"jobid\", \"jobname\" FROM \"jobs\" WHERE "
                           "\"id\" IN (NULL");
    json_array_foreach(json_object_get(table, "rows"), i, row) {
        epmt_strbuf_printf(&sql, ", %lld", (long long)json_integer_value(json_array_get(row, 0)));
    }
    epmt_strbuf_puts(&sql, ")");
    int result = epmt_json_selected_table(db, &sql, &none, to, err);
    epmt_strbuf_free(&sql);
    return result;
}

int epmt_json_outliers(struct epmt_db *db, const struct epmt_outlier_question *question,
                       json_t **to, struct epmt_error *err) {
    struct epmt_outliers outliers;
    json_t *rows, *jobs = NULL;

    *to = NULL;
    if (epmt_outliers_find(db, question, &outliers, err))
        return -1;
    rows = list_outliers(&outliers);
    if (rows && !ask_uuids(db, rows, &jobs, err)) {
        *to = json_pack("{s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:O}", "compared",
                        epmt_compared_name(question->compared), "methods",
                        list_methods(outliers.methods), "features",
                        list_features(question->compared, &outliers.features), "found",
                        (json_int_t)outliers.found, "values", (json_int_t)outliers.values,
                        "missing", (json_int_t)outliers.missing, "groups",
                        (json_int_t)outliers.groups, "small", (json_int_t)outliers.small, "sampled",
                        (json_int_t)outliers.sampled, "rows", rows, "jobs", jobs);
    }
    if (!*to && (!rows || jobs))
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    json_decref(rows);
    json_decref(jobs);
    epmt_outliers_free(&outliers);
    return *to ? 0 : -1;
}

static json_t *list_causes(const struct epmt_causes *causes, size_t limit) {
    static const char *const columns[] = {"operation", "feature", "unit",  "value",
                                          SUMMARY,     SCORES,    "ratio", NULL};
    struct epmt_json_build build;

    epmt_json_build_begin(&build, columns);
    for (size_t i = 0; i < causes->count && i < limit; i++) {
        const struct epmt_cause *cause = &causes->rows[i];
        epmt_json_build_row(&build);
        epmt_json_build_text(&build, cause->operation);
        epmt_json_build_text(&build, cause->feature);
        epmt_json_build_text(&build, cause->unit);
        epmt_json_build_real(&build, cause->value);
        add_summary(&build, &cause->usual);
        add_scores(&build, cause->feature, cause->score, causes->methods);
        epmt_json_build_real(&build, cause->ratio);
    }
    return epmt_json_build_end(&build);
}

int epmt_json_root_cause(struct epmt_db *db, const struct epmt_outlier_question *question,
                         int64_t job, size_t limit, json_t **to, struct epmt_error *err) {
    struct epmt_causes causes;

    if (epmt_root_cause(db, question, job, &causes, err))
        return -1;
    *to = json_pack("{s:o, s:I, s:o, s:o}", "methods", list_methods(causes.methods), "references",
                    (json_int_t)causes.references, "features",
                    list_features(question->compared, &causes.features), "causes",
                    list_causes(&causes, limit));
    epmt_causes_free(&causes);
    return *to ? 0 : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
}
