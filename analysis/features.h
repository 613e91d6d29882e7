// SPDX-License-Identifier: Apache-2.0
// What rows are compared by: the numbers of jobs, operations, processes, threads and ranks, each
// with the SQL that gives it.
#ifndef EPMT_ANALYSIS_FEATURES_H
#define EPMT_ANALYSIS_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

// X(number, name, default features, what the rows of one group have in common)
#define EPMT_COMPARED(X)                                                        \
    X(JOBS, "jobs", "duration,cpu_time,processes", "all jobs asked for")        \
    X(OPERATIONS, "operations", "duration,cpu_time,processes", "the operation") \
    X(PROCESSES, "processes", "duration,cpu_time", "the program")               \
    X(THREADS, "threads", "usertime,systemtime", "the process")                 \
    X(RANKS, "ranks", "cpu_time,mpitime,outside_mpi", "the step, the MPI world")

enum epmt_compared {
#define EPMT_COMPARED_ENUM(number, ...) EPMT_COMPARED_##number,
    EPMT_COMPARED(EPMT_COMPARED_ENUM)
#undef EPMT_COMPARED_ENUM
        EPMT_COMPARED_COUNT
};

#define EPMT_FEATURES_MAX 96
#define EPMT_FEATURE_NAME_MAX 160

// The counts of an event (docs/counters.md) are a feature of this name with that of the event
// behind it; what has none has no such value.
#define EPMT_FEATURE_COUNTER "counter:"

struct epmt_feature {
    char name[EPMT_FEATURE_NAME_MAX];
    char unit[8];  // us, ns, KiB, B, share, count or -
    char sql[640]; // of an operation may use p.reached (outliers_scan.c)
    char description[96];
};

struct epmt_features {
    int count;
    struct epmt_feature list[EPMT_FEATURES_MAX];
};

// "jobs", ...; the other names that people use (procs, ops) are understood too. Returns 0 or -1
// with err (USAGE).
int epmt_compared_find(const char *name, enum epmt_compared *compared, struct epmt_error *err);
const char *epmt_compared_name(enum epmt_compared compared);

// All features of what is compared, but counters: these are known to the database alone.
void epmt_features_all(enum epmt_compared compared, struct epmt_features *features);

// The one of that name, or NULL. A counter is written to *counter.
const struct epmt_feature *epmt_features_named(const struct epmt_features *all,
                                               enum epmt_compared compared, const char *name,
                                               size_t len, struct epmt_feature *counter);

// Those that names (separated by commas; NULL or empty: the default ones; `all` among them: all but
// counters) tells. Returns 0 or -1 with err (USAGE) that lists what there is.
int epmt_features_find(enum epmt_compared compared, const char *names,
                       struct epmt_features *features, struct epmt_error *err);

// The same without complaint about names that there are not among what is compared.
void epmt_features_among(enum epmt_compared compared, const char *names,
                         struct epmt_features *features);

#endif
