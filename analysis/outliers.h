// SPDX-License-Identifier: Apache-2.0
// Outliers: rows whose value of a feature is far from that of the rows they are comparable with,
// or from a reference model. docs/outliers.md defines the methods. Memory is bounded: one feature
// and one group at a time, of a group of more than EPMT_SAMPLE_MAX rows an evenly spread sample
// tells what is usual, and of what is found the EPMT_OUTLIERS_MAX most unusual are kept.
#ifndef EPMT_ANALYSIS_OUTLIERS_H
#define EPMT_ANALYSIS_OUTLIERS_H

#include <stdint.h>

#include "analysis/features.h"
#include "analysis/statistics.h"
#include "storage/db.h"

// X(number, name, threshold, description)
#define EPMT_OUTLIER_METHODS(X)                                                         \
    X(IQR, "iqr", 1.5, "beyond the quartiles by more than 1.5 times their distance")    \
    X(Z, "z_score", 3.0, "more than 3 standard deviations from the mean")               \
    X(MODIFIED_Z, "modified_z_score", 3.5,                                              \
      "0.6745 * distance from the median / median absolute deviation is more than 3.5") \
    X(DISTANCE, "distance", 0.9973,                                                     \
      "all features at once: robust Mahalanobis distance beyond that part of its distribution")

enum epmt_outlier_method {
#define EPMT_METHOD_ENUM(number, ...) EPMT_METHOD_##number,
    EPMT_OUTLIER_METHODS(EPMT_METHOD_ENUM)
#undef EPMT_METHOD_ENUM
        EPMT_METHOD_COUNT
};
// A set of methods has the bit 1 << method. The three of one feature at a time:
#define EPMT_METHODS_UNIVARIATE 7U
#define EPMT_METHODS_ALL 15U

#define EPMT_DISTANCE_FEATURE "distance" // all features at once
#define EPMT_OUTLIERS_MAX 10000
#define EPMT_OUTLIERS_LIMIT 1000 // where the question has no limit
#define EPMT_SAMPLE_MAX ((size_t)1 << 20)
#define EPMT_COMPARED_JOBS_MAX 20000
#define EPMT_COMPARED_ROWS_MIN 4 // fewer have nothing to be compared with

struct epmt_outlier_question {
    enum epmt_compared compared;
    const int64_t *jobs;                 // jobs.id
    size_t job_count;                    // 0: all jobs
    const char *features;                // names separated by commas; NULL: the default ones; "all"
    unsigned methods;                    // 0: the univariate ones
    double threshold[EPMT_METHOD_COUNT]; // 0: the method's own
    const char *operation; // tag: KEY, or KEY:VALUE; NULL: all tags of a process together
    const char *model;     // its name; NULL: the rows are compared with one another
    int min_score;         // 0: also what no method flags
    size_t limit;          // of rows in the answer; 0: EPMT_OUTLIERS_LIMIT
    size_t sample;         // rows of a group that tell what is usual; 0: EPMT_SAMPLE_MAX
};

// A row and a feature of it.
struct epmt_outlier {
    int64_t id;     // of the row in jobs, processes or threads; of an operation: of its job
    int64_t job_id; // its job
    char feature[EPMT_FEATURE_NAME_MAX]; // or EPMT_DISTANCE_FEATURE
    char unit[8];                        // of the value
    double value;
    struct epmt_summary usual;       // what it was compared with
    double low, high;                // limits by iqr
    double score[EPMT_METHOD_COUNT]; // of the methods asked for; of iqr 1 or 0
    double limit[EPMT_METHOD_COUNT]; // beyond it the method flags
    unsigned flagged;                // set of methods
    int points;                      // how many methods that are
    // Who it is, as far as it has such; NULL, or -1
    char *jobid, *group, *hostname, *exename;
    int64_t pid, mpirank, tid;
};

struct epmt_outliers {
    struct epmt_outlier *rows; // rows that most methods flag, over all features, first
    size_t count;
    uint64_t found;   // all of them; more than count where there is a limit
    uint64_t values;  // that were looked at
    uint64_t missing; // rows without a value
    uint64_t groups;  // that were compared
    uint64_t small;   // groups of fewer than EPMT_COMPARED_ROWS_MIN rows, left out
    uint64_t sampled; // groups of which a sample tells what is usual
    char mixed[32];   // tag in which jobs differ that were compared: exp_name, exp_component; or ""
    struct epmt_features features;
    unsigned methods;
};

// Returns 0 with *outliers (to be freed), or -1 with err: USAGE, NOT_FOUND for a model that is not
// there, FAIL for one that is disabled.
int epmt_outliers_find(struct epmt_db *db, const struct epmt_outlier_question *question,
                       struct epmt_outliers *outliers, struct epmt_error *err);
void epmt_outliers_free(struct epmt_outliers *outliers);

// Names separated by commas as a set. Returns 0 or -1 with err (USAGE).
int epmt_methods_parse(const char *names, unsigned *methods, struct epmt_error *err);
const char *epmt_method_name(enum epmt_outlier_method method);
double epmt_method_threshold(enum epmt_outlier_method method);

// A feature of a job (or of an operation of it), and how much further it is from what is usual
// than the reference is.
struct epmt_cause {
    char *operation; // "": the whole job
    char feature[EPMT_FEATURE_NAME_MAX], unit[8];
    double value;
    struct epmt_summary usual;
    double score[EPMT_METHOD_COUNT];     // of the job, against the reference
    double reference[EPMT_METHOD_COUNT]; // the greatest within the reference
    double ratio; // score / reference, summed over the methods; INFINITY where the reference has 0
};

struct epmt_causes {
    struct epmt_cause *rows; // the greatest ratio first
    size_t count;
    size_t references; // jobs
    struct epmt_features features;
    unsigned methods;
};

// Why a job stands out from the jobs (or the model) of the question: jobs or operations are
// compared; without methods, by the modified z score; without features, by all. The job itself is
// no reference. Returns 0 with *causes (to be freed), or -1 with err.
int epmt_root_cause(struct epmt_db *db, const struct epmt_outlier_question *question, int64_t job,
                    struct epmt_causes *causes, struct epmt_error *err);
void epmt_causes_free(struct epmt_causes *causes);

#endif
