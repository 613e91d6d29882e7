// SPDX-License-Identifier: Apache-2.0
// A rank that could not leave its rank record in its host's journal (no directory, a full disk)
// says in MPI_Finalize that it is there: by a socket that has a name of the abstract kind as long
// as it waits. Nothing is sent.
#ifndef EPMT_PMPI_ANNOUNCE_H
#define EPMT_PMPI_ANNOUNCE_H

#include <stdint.h>

// Makes it known. number: of the rank among those of its host. Returns the descriptor, to be
// closed by epmt_prim_close, or -errno.
int epmt_announce(uint64_t step, int64_t number);

// How many of the numbers 0..count-1 are announced now.
uint64_t epmt_announced(uint64_t step, int64_t count);

#endif
