// SPDX-License-Identifier: Apache-2.0
// From where the program calls MPI, where a setting asks for it: calls, time and bytes per function
// and stack. Of the process, not of a thread: there, threads meet, without a lock.
#ifndef EPMT_PMPI_CALLSITES_H
#define EPMT_PMPI_CALLSITES_H

#include "aggregator/fragment.h"
#include "pmpi/profile.h"

extern __attribute__((visibility("hidden"))) bool epmt_mpi_callsites; // they are recorded

// Stacks of at most `depth` frames are taken from now on. Returns false, and nothing is, where
// depth is 0, or there is no memory or no libunwind.
bool epmt_mpi_callsites_begin(uint64_t depth);

// In a child of fork: no more call sites. Another thread of the parent may have held a lock of
// libunwind's.
void epmt_mpi_callsites_forked(void);

// Before a call of thread->function: finds its site. What the function's sums gain from here to
// epmt_mpi_callsite_leave, at the thread's next call or its end, is counted there.
void epmt_mpi_callsite_enter(struct epmt_mpi_thread *thread);
void epmt_mpi_callsite_leave(struct epmt_mpi_thread *thread);

// A receive that began at that site has got so many bytes.
void epmt_mpi_callsite_received(unsigned site, uint64_t bytes);

// Bytes that the rows may take, and the rows. Room is asked for first.
size_t epmt_mpi_callsites_room(void);
void epmt_mpi_callsites_add(struct epmt_fragment *fragment, uint64_t image);

#endif
