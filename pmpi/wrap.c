// SPDX-License-Identifier: Apache-2.0
// The MPI entry points. Both MPI_X and PMPI_X are ours, since Fortran reaches the one or the other;
// the outermost of nested calls does the work. Each calls the next definition of its own name, so
// that another tool between us and MPI stays in the chain.
#include <string.h>

#include "common/guard.h"
#include "pmpi/functions.h"
#include "pmpi/hooks.h"
#include "pmpi/symbols.h"
#include "pmpi/world.h"

#include "common/poison.h"

#define EXPORT __attribute__((visibility("default")))

// What an MPI function returns where no MPI is loaded: not MPI_SUCCESS, which is 0 everywhere.
#define NO_MPI 16

static void find(const char *name, void *pointer) {
    int saved = epmt_enter();
    void *found = epmt_mpi_function(name);

    memcpy(pointer, &found, sizeof found);
    epmt_leave(saved);
}

// Runs what belongs before or after the outermost call of the life cycle.
static void outermost(void (*work)(void)) {
    int saved = epmt_enter();

    if (epmt_mpi_hooks && epmt_mpi_hooks->mine())
        work();
    epmt_leave(saved);
}

static int init(const char *name, int *argc, char ***argv) {
    int (*real)(int *, char ***);

    find(name, &real);
    if (!real)
        return NO_MPI;
    epmt_tls.in_mpi_life++;
    int status = real(argc, argv);
    if (!--epmt_tls.in_mpi_life && !status)
        outermost(epmt_mpi_attach);
    return status;
}

static int init_thread(const char *name, int *argc, char ***argv, int required, int *provided) {
    int (*real)(int *, char ***, int, int *);

    find(name, &real);
    if (!real)
        return NO_MPI;
    epmt_tls.in_mpi_life++;
    int status = real(argc, argv, required, provided);
    if (!--epmt_tls.in_mpi_life && !status)
        outermost(epmt_mpi_attach);
    return status;
}

static int finalize(const char *name) {
    int (*real)(void);

    find(name, &real);
    if (!real)
        return NO_MPI;
    if (!epmt_tls.in_mpi_life++)
        outermost(epmt_mpi_reduce);
    int status = real();
    epmt_tls.in_mpi_life--;
    return status;
}

#define WRAP(prefix)                                                                        \
    EXPORT int prefix##_Init(int *argc, char ***argv) {                                     \
        return init(#prefix "_Init", argc, argv);                                           \
    }                                                                                       \
    EXPORT int prefix##_Init_thread(int *argc, char ***argv, int required, int *provided) { \
        return init_thread(#prefix "_Init_thread", argc, argv, required, provided);         \
    }                                                                                       \
    EXPORT int prefix##_Finalize(void) {                                                    \
        return finalize(#prefix "_Finalize");                                               \
    }

WRAP(MPI)
WRAP(PMPI)
