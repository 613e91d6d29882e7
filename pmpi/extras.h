// SPDX-License-Identifier: Apache-2.0
// What is recorded only where a setting asks for it: sizes of messages, and who they are sent to.
// Of the process, not of a thread: there, threads meet.
#ifndef EPMT_PMPI_EXTRAS_H
#define EPMT_PMPI_EXTRAS_H

#include "aggregator/fragment.h"
#include "metadata/settings.h"

enum { EPMT_MPI_SIZES = 1, EPMT_MPI_MESSAGES = 2 };

extern __attribute__((visibility("hidden"))) unsigned epmt_mpi_extras; // which of them

void epmt_mpi_extras_begin(const struct epmt_settings *settings);
void epmt_mpi_extras_forked(void);

// A call of that function has moved so many bytes (the greater of both directions).
void epmt_mpi_size(unsigned function, uint64_t bytes);

// A message was sent to a rank of comm.
void epmt_mpi_message(uint64_t comm, int peer, uint64_t bytes);

// Bytes that the rows may take, and the rows.
size_t epmt_mpi_extras_room(void);
void epmt_mpi_extras_add(struct epmt_fragment *fragment, uint64_t image);

#endif
