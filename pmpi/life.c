// SPDX-License-Identifier: Apache-2.0
// Init, Session_init, Finalize and Abort: the outermost of nested calls does the work, whether or
// not it is called from within another MPI function.
#include "pmpi/life.h"

#include "pmpi/counts.h"
#include "pmpi/hooks.h"
#include "pmpi/world.h"

#include "common/poison.h"

static bool mine(void) {
    return epmt_mpi_hooks && epmt_mpi_hooks->mine();
}

static void attach(int thread_asked) {
    int saved = epmt_enter();

    if (mine())
        epmt_mpi_attach(thread_asked);
    epmt_leave(saved);
}

// Runs what belongs before or after the outermost call of the life cycle.
static void outermost(void (*work)(void)) {
    int saved = epmt_enter();

    if (mine())
        work();
    epmt_leave(saved);
}

static void stayed(void) {
    epmt_mpi_hooks->stayed();
}

struct life {
    struct epmt_mpi_call call;
    unsigned function;
    bool counted;
};

static void begin(struct life *life, unsigned function) {
    epmt_tls.in_mpi_life++;
    life->function = function;
    life->counted = epmt_mpi_clock != EPMT_MPI_OFF && epmt_mpi_begin(&life->call, function);
}

// True where it was the outermost call.
static bool end(const struct life *life, int status) {
    if (life->counted)
        epmt_mpi_after_NONE(&life->call, life->function, status);
    return !--epmt_tls.in_mpi_life;
}

int epmt_mpi_init(unsigned index, int *argc, char ***argv) {
    int (*real)(int *, char ***) = (int (*)(int *, char ***))epmt_mpi_get(index);
    struct life life;

    begin(&life, EPMT_MPI_Init);
    int status = real(argc, argv);
    if (end(&life, status) && !status)
        attach(0); // MPI_THREAD_SINGLE, in every MPI
    return status;
}

int epmt_mpi_init_thread(unsigned index, int *argc, char ***argv, int required, int *provided) {
    int (*real)(int *, char ***, int, int *) =
        (int (*)(int *, char ***, int, int *))epmt_mpi_get(index);
    struct life life;

    begin(&life, EPMT_MPI_Init_thread);
    int status = real(argc, argv, required, provided);
    if (end(&life, status) && !status)
        attach(required);
    return status;
}

// Without MPI_Init there is no world and no rank, but calls and bytes.
int epmt_mpi_session_init(unsigned index, long info, long handler, void *session) {
    int (*real)(long, long, void *) = (int (*)(long, long, void *))epmt_mpi_get(index);
    struct life life;

    begin(&life, EPMT_MPI_Session_init);
    int status = real(info, handler, session);
    if (end(&life, status) && !status)
        outermost(epmt_mpi_attach_session);
    return status;
}

int epmt_mpi_finalize(unsigned index) {
    int (*real)(void) = (int (*)(void))epmt_mpi_get(index);
    struct life life;

    begin(&life, EPMT_MPI_Finalize);
    if (epmt_tls.in_mpi_life == 1)
        outermost(epmt_mpi_reduce);
    int status = real();
    end(&life, status);
    return status;
}

// A launcher may kill who aborts before he comes to his end (Hydra does): so his record is made
// first.
int epmt_mpi_abort(unsigned index, long comm, int code) {
    int (*real)(long, int) = (int (*)(long, int))epmt_mpi_get(index);
    bool first = !epmt_tls.in_mpi_life;
    struct life life;

    begin(&life, EPMT_MPI_Abort);
    int saved = epmt_enter();
    if (first && mine())
        epmt_mpi_hooks->leaving(code);
    epmt_leave(saved);
    int status = real(comm, code);
    if (end(&life, status))
        outermost(stayed);
    return status;
}
