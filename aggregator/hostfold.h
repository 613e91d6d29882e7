// SPDX-License-Identifier: Apache-2.0
// What the node leader takes from its host's journal at MPI_Finalize: the records of processes
// that have ended (children of the ranks, other commands of the job). The ranks of the step send
// theirs themselves; those of another step in the same job are left alone. Afterwards what was
// taken, or is superseded, may leave the journal. What parents told of children that a signal ended
// stays as long as there is a process that has not ended: it, or its row, is completed later.
#ifndef EPMT_AGGREGATOR_HOSTFOLD_H
#define EPMT_AGGREGATOR_HOSTFOLD_H

#include "aggregator/journal.h"

struct epmt_hostfold {
    const uint8_t *data; // the journal as it was read
    size_t len;
    int lowest_rank;          // of the step on this host; -1 none
    int highest_rank;         // the same
    int stride;               // greatest common divisor of the distances to the reader
    uint64_t rank_count;      // ranks of the step with a record here
    uint64_t end_count;       // those that have ended, or have come to MPI_Finalize
    size_t fragments;         // in the journal
    size_t rank_fragments;    // of the step's ranks
    size_t window;            // as many, from the first on, are looked at
    bool own_rank;            // the reader is among them
    bool given_up;            // one of them has given the reduction up
    struct epmt_bytes *taken; // fragments to send
    size_t taken_count;
    uint64_t *marks;   // hash set: fragments seen that may be removed
    size_t mark_count; // slots, a power of two
    uint64_t gaps;     // damaged stretches: then nothing is removed
    void *memory;
    size_t memory_len;
    size_t passed; // bytes of data whose pages were given back
};

// Reads the journal at path for the step, as this rank. Returns 0 or -errno.
int epmt_hostfold_read(struct epmt_hostfold *fold, const char *path, uint64_t step, int rank);

// Chooses what is taken and what may be removed, with at most `budget` bytes of memory: what lies
// behind the window that fits stays in the journal. Returns 0 or -errno.
int epmt_hostfold_choose(struct epmt_hostfold *fold, uint64_t step, size_t budget);

// Everything taken before `at` (in data) has been sent: its pages are not needed any more.
void epmt_hostfold_pass(struct epmt_hostfold *fold, const void *at);

// Removes from the journal at path what may be. Returns 0 or -errno.
int epmt_hostfold_trim(const struct epmt_hostfold *fold, const char *path, unsigned timeout_ms);

void epmt_hostfold_fini(struct epmt_hostfold *fold);

#endif
