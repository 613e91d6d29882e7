// SPDX-License-Identifier: Apache-2.0
// The profile of the whole process, and its rows.
#ifndef EPMT_PMPI_PROFILE_ROWS_H
#define EPMT_PMPI_PROFILE_ROWS_H

#include "aggregator/fragment.h"
#include "pmpi/profile.h"

struct epmt_mpi_profile {
    struct epmt_lock lock;           // of the lists
    struct epmt_mpi_thread *threads; // all, in use or not
    struct epmt_mpi_thread *unused;  // with the sums of threads that have ended
    uint64_t thread_count;
    uint64_t calls_lost;            // of threads for which there was no memory
    uint64_t start_ns, start_ticks; // at the first call of all: they tell what a tick is
};

extern struct epmt_mpi_profile epmt_mpi_profile;

// "Send", ...
const char *epmt_mpi_function_name(unsigned function);

// Whether the program has called it at all, as far as that costs no look at the sums.
bool epmt_mpi_is_found(size_t function);

// Whether the function moves data, so that 0 bytes is a measurement.
bool epmt_mpi_moves_data(unsigned function);

// Whether a call is under way in that thread. *ticks is what it took so far, 0 where it is not
// known.
bool epmt_mpi_call_is_open(const struct epmt_mpi_thread *thread, uint64_t *ticks);

// Bytes that the rows may take in a fragment, 0 where there are none.
size_t epmt_mpi_rows_room(void);

// Adds the rows of this process, of that image, to the fragment, and the columns of MPI to its
// process's row.
void epmt_mpi_rows_add(struct epmt_fragment *fragment, struct epmt_record *process, uint64_t image);

#endif
