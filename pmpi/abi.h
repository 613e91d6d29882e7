// SPDX-License-Identifier: Apache-2.0
// What the profile must know of the ABI of the MPI at hand, told by its back end: constants as they
// stand in an argument's slot, and three questions about handles and statuses.
#ifndef EPMT_PMPI_ABI_H
#define EPMT_PMPI_ABI_H

#include <stdbool.h>
#include <stdint.h>

struct epmt_mpi_comm {
    int rank, size; // of the own group
    int peers;      // whom a collective call reaches: the own group, or the remote one
    bool inter;
    int indegree, outdegree; // of its topology, 0 where it has none
};

// When MPI_Waitall may be asked for statuses that the program does not want: with some MPIs it
// depends on that what an error leaves.
enum epmt_mpi_unwanted { EPMT_MPI_ASKED, EPMT_MPI_ASKED_WHERE_FATAL, EPMT_MPI_NOT_ASKED };

struct epmt_mpi_abi {
    uint64_t handle_mask; // the bits of a slot that make a handle
    unsigned handle_size, status_size;
    int proc_null, root; // MPI_PROC_NULL, MPI_ROOT
    int undefined;       // MPI_UNDEFINED
    uint64_t in_place;   // MPI_IN_PLACE
    uint64_t status_ignore, statuses_ignore;
    uint64_t request_null, no_op, world;
    enum epmt_mpi_unwanted unwanted; // of the library; not the back end's
    // Bytes of one element; 0 where MPI does not say.
    uint64_t (*type_size)(uint64_t datatype);
    // Returns 0, or -1 where MPI does not say.
    int (*comm)(uint64_t comm, struct epmt_mpi_comm *info);
    // Bytes received: where a status has them, eight bytes whose upper half is shifted by so much;
    // -1 where the library must be asked, by the functions. Of a message it must be asked first
    // whether it was cancelled: then they are none; a file's status may say anything there.
    int count_at;
    unsigned count_shift;
    int cancelled_at;
    uint32_t cancelled_mask;
    uint64_t (*status_bytes)(const void *status);
    bool (*is_cancelled)(const void *status);
    // The rank in the world of a rank of comm, -1 where it has none.
    int (*world_rank)(uint64_t comm, int rank);
};

#endif
