// SPDX-License-Identifier: Apache-2.0
// Operations: what ran with the same value of a process tag (as op:compute, op:cp), what it cost
// and how long it took.
#ifndef EPMT_ANALYSIS_OPERATIONS_H
#define EPMT_ANALYSIS_OPERATIONS_H

#include "analysis/selection.h"

// X(name, word): how long an operation took. sum: of its processes' durations; union: without what
// they overlap; span: from the first start to the last end. Of several jobs: what the jobs' own
// are together.
#define EPMT_DURATIONS(X)         \
    X(sum, "sum")                 \
    X(union, "sum-minus-overlap") \
    X(span, "finish-minus-start")

enum epmt_duration {
#define EPMT_DURATION_ENUM(name, word) EPMT_DURATION_##name,
    EPMT_DURATIONS(EPMT_DURATION_ENUM)
#undef EPMT_DURATION_ENUM
        EPMT_DURATION_COUNT
};

// The operations that move data rather than compute, unless somebody names others.
#define EPMT_OPERATIONS_MOVING "hsmput,dmget,untar,mv,dmput,hsmget,rm,cp"

#define EPMT_OPERATION_NAME_MAX 256

// Times in us; -1: not known.
struct epmt_operation {
    char name[EPMT_OPERATION_NAME_MAX];  // the tag's value
    char jobid[EPMT_OPERATION_NAME_MAX]; // where each job has rows of its own, else ""
    int64_t job;                         // its id there, else -1
    int64_t jobs, processes;
    int64_t runs; // stretches of time without a gap in between
    int64_t duration[EPMT_DURATION_COUNT];
    int64_t cpu_time, usertime, systemtime;
    int64_t rssmax; // KiB
    int64_t read_bytes, write_bytes, rchar, wchar;
    int64_t failed;        // processes that failed
    double cpu_share;      // of the CPU time of these jobs; NAN
    double duration_share; // of their duration, by the method asked for; NAN
    bool moves;            // data
};

struct epmt_operations_request {
    struct epmt_selection selection;
    const char *key;       // of the tag
    bool per_job;          // a row for each job and operation
    enum epmt_duration by; // the dearest first
    const char *moving;    // names, separated by commas
};

// What the operations that move data cost together, of all that these jobs cost.
struct epmt_operations_total {
    int64_t jobs;                      // that were selected
    double job_cpu_time, job_duration; // us
    double moving_cpu_time, moving_duration;
    bool any_moving;
};

// Calls each operation in turn, the longest first; stops where it returns non-zero. Returns 0 with
// *total (which may be NULL), or -1 with err (USAGE where no process has such a tag: names those
// there are).
int epmt_operations(struct epmt_db *db, const struct epmt_operations_request *request,
                    int (*each)(void *context, const struct epmt_operation *operation),
                    void *context, struct epmt_operations_total *total, struct epmt_error *err);

#endif
