// SPDX-License-Identifier: Apache-2.0
// The registry of threads: live ones in a list, rows of ended ones in fragments that grow.
#ifndef EPMT_PRELOAD_THREADS_H
#define EPMT_PRELOAD_THREADS_H

#include <stdint.h>
#include <sys/types.h>

#include "aggregator/fragment.h"

struct epmt_thread {
    struct epmt_thread *next, *previous;
    pid_t tid;
    uint64_t start_us, start_ns, start_tsc; // since the epoch, since boot
    void *signal_stack; // ours, kept for the next thread in this place; NULL where there is none
    struct epmt_thread_counters *counters; // NULL where there are none
};

// Starts with an empty registry and this thread as the main one. Also in a child of fork.
void epmt_threads_begin(void);

// Forgets what the creators of new threads left for them (wrap_thread.c), in a child of fork.
void epmt_thread_starts_begin(void);

// Registers the calling thread; its end is seen by a destructor of thread-specific data. The
// thread that never could be registered is counted.
void epmt_thread_begin(void);

// Makes sure that the end of the calling thread is seen, even if it is none of the registered ones
// or is in its last destructors.
void epmt_thread_watch(void);

// True where there was never another thread than the main one.
bool epmt_threads_alone(void);

// Live threads now, and the most bytes that the rows of one take in a fragment.
uint64_t epmt_threads_live_count(void);
size_t epmt_thread_rows_max(void);

struct epmt_threads_summary {
    uint64_t seen; // threads registered, the main one included
    uint64_t lost; // of them, without a row
};

// Adds the rows of live threads (this one by all sources, others by /proc) to rows, where they fit,
// and folds them and the ended ones into process. rows may be NULL: fold only.
void epmt_threads_collect(struct epmt_record *process, struct epmt_fragment *rows,
                          struct epmt_threads_summary *summary);

// The fragments of rows of ended threads, to be sealed by the caller; index from 0. NULL behind
// the last one.
struct epmt_fragment *epmt_threads_ended(unsigned index);

#endif
