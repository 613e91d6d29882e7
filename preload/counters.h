// SPDX-License-Identifier: Apache-2.0
// Counters of events, per thread (setting events). Where no event is asked for, epmt_self.counters
// is NULL, and nothing here is called or touched.
#ifndef EPMT_PRELOAD_COUNTERS_H
#define EPMT_PRELOAD_COUNTERS_H

#include "preload/threads.h"

// Reads what is asked for and starts it in the main thread, the calling one. Signals are blocked.
void epmt_counters_begin(void);

// In a child of fork: gives the parent's counters up and starts anew. Signals are blocked.
void epmt_counters_forked(void);

// Starts the counters of the calling thread, an entry of the registry. Signals are blocked.
void epmt_counters_thread_begin(struct epmt_thread *thread);

// Most bytes that the rows of one thread take in a fragment, 0 where there are none.
size_t epmt_counters_room(void);

// Adds the rows of a thread, which need not be the calling one, where they fit. Returns false where
// they do not.
bool epmt_counters_add(const struct epmt_thread *thread, struct epmt_fragment *rows);

// Ends counters of the calling thread; just_read: its rows were added right before.
void epmt_counters_end(struct epmt_thread_counters *counters, bool just_read);

#endif
