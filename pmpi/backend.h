// SPDX-License-Identifier: Apache-2.0
// What needs the ABI of one MPI: built once per mpi.h (backend.c) as libepmt-mpi-<family>.so, with
// no undefined MPI symbol; it is given a way to find them.
#ifndef EPMT_PMPI_BACKEND_H
#define EPMT_PMPI_BACKEND_H

#include "aggregator/transport.h"
#include "pmpi/abi.h"
#include "pmpi/backend_tvars.h"

#define EPMT_MPI_BACKEND_VERSION 6
#define EPMT_MPI_BACKEND_SYMBOL "epmt_mpi_backend"

struct epmt_mpi_world {
    int rank, size;
    int64_t local_rank;  // -1 where the launcher does not tell; not the back end's
    int thread_level;    // provided: 0 single to 3 multiple, -1 unknown
    int thread_asked;    // on entry as MPI numbers it; then as above
    char library[256];   // first line of MPI_Get_library_version
    char processor[256]; // MPI_Get_processor_name
    char standard[16];   // MPI_Get_version: "3.1"
    bool spawned;        // it has a parent
};

struct epmt_mpi_backend {
    int version; // EPMT_MPI_BACKEND_VERSION
    // Finds the functions and tells the ABI; after MPI_Init it also looks at the world. world is
    // NULL in a session, which has none. Returns 0, or -1 where anything is missing.
    int (*attach)(void *(*function)(const char *), void *(*object)(const char *),
                  struct epmt_mpi_world *world, struct epmt_mpi_abi *abi);
    // Starts making a communicator of our own; every rank must. It is never freed: that would wait
    // for all ranks. has_attributes: the program may have attributes with functions that a copy of
    // a communicator would call. Returns 0 or -1.
    int (*communicator_start)(bool has_attributes);
    // 1: it is there (all ranks have come), 0: not yet, -1: failed.
    int (*communicator_test)(void);
    // The wait for it is over, whatever came of it.
    void (*communicator_end)(void);
    // Fills in the functions of a transport over that communicator.
    void (*transport)(struct epmt_transport *transport);
    // Tells the variables of the library, between MPI_Init and MPI_Finalize.
    void (*variables)(void *(*function)(const char *), const struct epmt_mpi_variable_sink *sink);
};

#endif
