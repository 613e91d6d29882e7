// SPDX-License-Identifier: Apache-2.0
// The MPI world of this process, from MPI_Init to MPI_Finalize.
#ifndef EPMT_PMPI_WORLD_H
#define EPMT_PMPI_WORLD_H

#include <sys/types.h>

#include "pmpi/backend.h"

// After the real MPI_Init: recognises the MPI, loads its back end, tells the rank. On any trouble
// there is no MPI data, and the program goes on. thread_asked: the level, as MPI numbers it.
void epmt_mpi_attach(int thread_asked);

// After the real MPI_Session_init: as before, with no world and no rank.
void epmt_mpi_attach_session(void);

// The process that is in that world, or in a session; 0: there was none.
extern pid_t epmt_mpi_owner;

// Whether this process is, or was, in an MPI that is known.
bool epmt_mpi_is_attached(void);

// Sets the columns of the process's row that tell where in the world it is.
struct epmt_record;
void epmt_mpi_world_columns(struct epmt_record *process);

// The back end and the world, once: NULL where there is none, at a second MPI_Finalize, and in a
// child of fork, whose parent's world it is.
const struct epmt_mpi_backend *epmt_mpi_detach(struct epmt_mpi_world *world);

// Before the real MPI_Finalize: the reduction of all records to rank 0 and the job file.
void epmt_mpi_reduce(void);

// In rank 0, after MPI_Init: notes what the launcher's environment tells. Later on the program may
// have written over it.
void epmt_mpi_facts_note(const struct epmt_mpi_world *world);

// Key, value, ... ended by NULL: what is known of this step, for rank 0 to tell.
struct epmt_mpi_facts {
    const char *pairs[32];
    unsigned count;
    char given[16], asked[16];
    char version[32];
};
const char *const *epmt_mpi_facts(struct epmt_mpi_facts *facts, const struct epmt_mpi_world *world);

#endif
