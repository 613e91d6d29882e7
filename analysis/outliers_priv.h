// SPDX-License-Identifier: Apache-2.0
// Parts of the search for outliers. For analysis/outliers*.c, rootcause.c and models*.c alone.
#ifndef EPMT_ANALYSIS_OUTLIERS_PRIV_H
#define EPMT_ANALYSIS_OUTLIERS_PRIV_H

#include "analysis/outliers.h"
#include "storage/db_backend.h"

// --- outliers_scan.c: rows of the database, group by group

struct epmt_group {
    struct epmt_strbuf name;
    int width;        // values of a row
    size_t count;     // rows that are kept
    int64_t *ids;     // of each
    double *values;   // width of each
    uint64_t seen;    // rows of the group; more than count: every so-manieth is kept
    uint64_t missing; // of all groups: rows without a value
    uint64_t stride;
    size_t cap, max; // rows there is memory for; rows that are kept at most
};

// Told of a group that is complete, or of a row as soon as it is there. Return 0, or -1 with err.
typedef int (*epmt_group_f)(void *context, struct epmt_group *group, struct epmt_error *err);
typedef int (*epmt_value_f)(void *context, const char *group, int64_t id, const double *values,
                            struct epmt_error *err);

struct epmt_scan {
    struct epmt_db *db;
    enum epmt_compared compared;
    const int64_t *jobs; // as in the question
    size_t job_count;
    const char *operation;
    const struct epmt_feature *features; // one row has them all
    int width;
    size_t max;
    const char *only; // this group; NULL: all
    epmt_group_f group;
    epmt_value_f value; // instead of group: rows are not kept
    void *context;
    uint64_t missing; // rows without a value, after the scan
};

// Returns 0 or -1 with err. Neither function may ask the database.
int epmt_scan(struct epmt_scan *scan, struct epmt_error *err);

// --- outliers_judge.c: how unusual a value is

struct epmt_reference {
    struct epmt_summary usual;
    double low, high;
    double limit[EPMT_METHOD_COUNT];
};

// What is usual by itself, by the thresholds; or (model) just includes all that was summed up.
void epmt_reference_make(struct epmt_reference *reference, const struct epmt_summary *usual,
                         const double *threshold, bool model);

// Fills value, usual, limits, scores, flagged and points.
void epmt_reference_judge(const struct epmt_reference *reference, unsigned methods, double value,
                          struct epmt_outlier *outlier);

// --- outliers_distance.c: all features of a row at once

struct epmt_distance;

// From count rows of width values. `model`: its limit is the greatest distance among them, else the
// part `threshold` of the distribution that normal values have. NULL with err.
struct epmt_distance *epmt_distance_create(const double *values, size_t count, int width,
                                           double threshold, bool model, struct epmt_error *err);
void epmt_distance_destroy(struct epmt_distance *distance);
double epmt_distance_of(struct epmt_distance *distance, const double *values);
double epmt_distance_limit(const struct epmt_distance *distance);

// --- outliers_top.c: the rows of the answer

struct epmt_top {
    struct epmt_outlier *rows;
    size_t count, cap, limit;
    uint64_t found;
    int min_score;
};

// Takes a row if it is among the most unusual so far; its texts become the answer's copies.
int epmt_top_add(struct epmt_top *top, const struct epmt_outlier *outlier, struct epmt_error *err);
// Brings them into the order of the answer.
int epmt_top_sort(struct epmt_top *top, struct epmt_error *err);
void epmt_top_free(struct epmt_top *top);

// --- outliers_label.c: asks who the rows are. Returns 0 or -1 with err.
int epmt_outliers_label(struct epmt_db *db, enum epmt_compared compared, struct epmt_outlier *rows,
                        size_t count, struct epmt_error *err);

// --- models_use.c: what a model says is usual

struct epmt_model_group {
    char *operation;
    size_t count;   // jobs
    double *values; // width of each
};

struct epmt_model_groups {
    struct epmt_model_group *groups; // by operation
    size_t count;
    int width;
};

struct epmt_model_used {
    int64_t id;
    char *features, *operation; // operation NULL: it has none
    unsigned methods;
};

// Finds the model of that name, which must be enabled. Returns 0 or -1 with err.
int epmt_model_use(struct epmt_db *db, const char *name, struct epmt_model_used *used,
                   struct epmt_error *err);
void epmt_model_used_free(struct epmt_model_used *used);

// Sets what the question leaves open as the model has it, and the operations to the model's. The
// texts stay the model's. Returns 0 or -1 with err (USAGE).
int epmt_model_answer(const struct epmt_model_used *used, struct epmt_outlier_question *question,
                      struct epmt_features *features, struct epmt_error *err);
// The values of the features, of the jobs that have them all. Returns 0 or -1 with err.
int epmt_model_values(struct epmt_db *db, int64_t id, const struct epmt_feature *features,
                      int width, struct epmt_model_groups *groups, struct epmt_error *err);
const struct epmt_model_group *epmt_model_group(const struct epmt_model_groups *groups,
                                                const char *operation);
void epmt_model_groups_free(struct epmt_model_groups *groups);

// Sums up the i-th values of count rows of width. Returns 0 or -1 with err.
int epmt_summary_of_column(struct epmt_summary *summary, const double *values, size_t count,
                           int width, int i, struct epmt_error *err);

#endif
