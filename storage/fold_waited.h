// SPDX-License-Identifier: Apache-2.0
// What parents' waits told of children that a signal ended (rows of the kind EPMT_ROW_WAITED): it
// goes to the processes that left no final record. It is no part of the job itself, and is not in
// the job file.
#ifndef EPMT_STORAGE_FOLD_WAITED_H
#define EPMT_STORAGE_FOLD_WAITED_H

#include "aggregator/fragment.h"

#define EPMT_WAITED_USAGE_COUNT 9

struct epmt_waited {
    uint64_t pid; // epmt_fold_hash_pid of the child
    uint64_t at;  // when the wait came back, ns since boot
    uint32_t hostname, bootid;
    uint64_t pidns;
    int64_t child, parent, number; // pids, signal
    uint64_t usage[EPMT_WAITED_USAGE_COUNT];
    bool has_usage;
    bool is_met; // a process of that pid was there before (once finished)
};

struct epmt_fold_waits {
    struct epmt_waited *rows; // once finished sorted by pid and time
    uint32_t count, cap;
};

struct epmt_jobfold;
struct epmt_layered;
struct epmt_carried;

// What names a pid: host, boot, pid namespace, number.
uint64_t epmt_fold_hash_pid(struct epmt_bytes hostname, struct epmt_bytes bootid, uint64_t pidns,
                            int64_t pid);

// Adds one; what cannot be true is left out. Returns 0, or -1 with err (MEMORY).
int epmt_fold_waited_add(struct epmt_jobfold *fold, const struct epmt_record *record,
                         struct epmt_error *err);

// The i-th as it came.
void epmt_fold_waited(const struct epmt_jobfold *fold, uint32_t i, struct epmt_record *record);

// Of a finished fold: whether it has the process that the record is about, however that one ended.
bool epmt_fold_waited_is_met(const struct epmt_jobfold *fold, const struct epmt_record *record);

// Goes through the images of the fold in the order of pid and start.
struct epmt_waits_walk {
    uint32_t at; // in the rows
    struct epmt_waits_child {
        uint64_t parent; // epmt_fold_hash_pid
        uint64_t start;
    } * children; // sorted
    uint32_t child_count;
};

// Returns 0 or -1 (out of memory). Without rows nothing is looked at.
int epmt_waits_walk_begin(struct epmt_waits_walk *walk, struct epmt_jobfold *fold);
void epmt_waits_walk_end(struct epmt_waits_walk *walk);

// Gives process `number`, whose pid and start are these, what was told of it before `next_start`
// (the next image's of that pid; UINT64_MAX). before: what earlier images of the same process used;
// NULL: there were none. Returns 0 or -1 (out of memory).
int epmt_waits_walk_image(struct epmt_waits_walk *walk, struct epmt_jobfold *fold, uint32_t number,
                          uint64_t pid, uint64_t start, uint64_t next_start,
                          const struct epmt_carried *before);

#endif
