// SPDX-License-Identifier: Apache-2.0
// The sources of the metrics. Each fills in what it can; the rest stays missing.
#ifndef EPMT_PRELOAD_COLLECT_H
#define EPMT_PRELOAD_COLLECT_H

#include "preload/threads.h"

// Fills the thread's row. self: it is the calling thread (getrusage knows no other). process: the
// process row gets what these sources say of the process too; may be NULL.
void epmt_collect_thread(const struct epmt_thread *thread, bool self, struct epmt_record *row,
                         struct epmt_record *process);

// Fills the process-wide values: waited-for children, and what no thread has filled in.
void epmt_collect_process(struct epmt_record *record);

// The time-stamp counter.
uint64_t epmt_collect_tsc(void);

#endif
