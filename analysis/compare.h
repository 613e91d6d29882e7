// SPDX-License-Identifier: Apache-2.0
// Jobs, or groups of jobs, side by side: what differs most comes first. Of a group the mean of its
// jobs counts.
#ifndef EPMT_ANALYSIS_COMPARE_H
#define EPMT_ANALYSIS_COMPARE_H

#include "analysis/selection.h"

#define EPMT_COMPARE_SIDES_MAX 8
#define EPMT_COMPARE_NAME_MAX 256
#define EPMT_COMPARE_ROWS 20 // of programs, operations and functions

// X(column of jobs, unit)
// clang-format off
#define EPMT_COMPARE_METRICS(X) \
    X(duration, US) X(cpu_time, US) X(efficiency, SHARE) X(mpi_share, SHARE) \
    X(imbalance, SHARE) X(usertime, US) X(systemtime, US) X(time_waiting, NS) \
    X(delayacct_blkio_time, US) X(mpitime, NS) X(mpicalls, COUNT) X(mpibytes_out, BYTES) \
    X(mpibytes_in, BYTES) X(rssmax, KIB) X(rchar, BYTES) X(wchar, BYTES) X(syscr, COUNT) \
    X(syscw, COUNT) X(read_bytes, BYTES) X(write_bytes, BYTES) X(minflt, COUNT) \
    X(majflt, COUNT) X(vol_ctxsw, COUNT) X(invol_ctxsw, COUNT) X(processes, COUNT) \
    X(threads, COUNT) X(ranks_reported, COUNT) X(hosts, COUNT) X(cpus, COUNT) \
    X(failed, COUNT)
// clang-format on

enum epmt_compare_unit {
    EPMT_UNIT_US,
    EPMT_UNIT_NS,
    EPMT_UNIT_SHARE,
    EPMT_UNIT_COUNT,
    EPMT_UNIT_BYTES,
    EPMT_UNIT_KIB,
};

// X(name, title): metrics of the job; CPU time of its programs; duration of its operations (of the
// process tag asked for, without what overlaps); time in MPI functions; counts of events.
#define EPMT_COMPARE_PARTS(X)                 \
    X(metrics, "metrics of the jobs")         \
    X(programs, "CPU time of programs")       \
    X(operations, "duration of operations")   \
    X(functions, "time in MPI, of all ranks") \
    X(counters, "counts of events, of all threads")

enum epmt_compare_part {
#define EPMT_COMPARE_PART_ENUM(name, title) EPMT_COMPARE_##name,
    EPMT_COMPARE_PARTS(EPMT_COMPARE_PART_ENUM)
#undef EPMT_COMPARE_PART_ENUM
        EPMT_COMPARE_PART_COUNT
};

struct epmt_difference {
    enum epmt_compare_part part;
    enum epmt_compare_unit unit;
    char name[EPMT_COMPARE_NAME_MAX];
    double values[EPMT_COMPARE_SIDES_MAX]; // as they are stored, mean of the jobs; NAN: none
    // Of the side that differs most from the first: by how much of that; 1 is twice as much. NAN
    // where the first is 0 or nothing.
    double change;
    double ratio; // of metrics: how many times the largest is the smallest
};

struct epmt_comparison {
    struct epmt_selection sides[EPMT_COMPARE_SIDES_MAX];
    int count;                            // at least 2
    const char *key;                      // of the tag of operations
    int64_t jobs[EPMT_COMPARE_SIDES_MAX]; // how many each side has: filled in
};

const char *epmt_compare_title(enum epmt_compare_part part);

// Calls each difference, part by part: metrics by how many times they differ, the rest by how much.
// What is the same on all sides, or on none, is left out. Returns 0, or -1 with err (NOT_FOUND: a
// side without a job).
int epmt_compare(struct epmt_db *db, struct epmt_comparison *comparison,
                 void (*each)(void *context, const struct epmt_difference *difference),
                 void *context, struct epmt_error *err);

#endif
