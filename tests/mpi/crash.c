// SPDX-License-Identifier: Apache-2.0
// One rank crashes between MPI_Init and MPI_Finalize, in the way that is named: a fault in a
// function, a stack that overflows, or either in a thread, a real-time signal, or one that nothing
// can be done about, behind some work.
#include <mpi.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile int zero;

__attribute__((noinline)) static int crash_inner(void) {
    volatile int *volatile nowhere = (volatile int *)(uintptr_t)8;

    *nowhere = 1;
    return zero;
}

__attribute__((noinline)) static int overflow_inner(int depth) {
    volatile char room[4096];

    room[depth % 4096] = 1;
    return depth < 0 ? 0 : overflow_inner(depth + 1) + room[0];
}

static void work(void) {
    const clock_t until = clock() + CLOCKS_PER_SEC / 10;

    while (clock() < until)
        ;
}

static void *crash(void *how) {
    if (!strcmp(how, "realtime"))
        raise(40);
    if (!strcmp(how, "kill")) {
        work();
        raise(SIGKILL);
    }
    zero = strcmp(how, "overflow") ? crash_inner() : overflow_inner(1);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    int rank;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 1 && argc == 3) {
        pthread_create(&thread, NULL, crash, argv[1]);
        pthread_join(thread, NULL);
    } else if (rank == 1 && argc == 2) {
        crash(argv[1]);
    }
    if (rank != 1)
        sleep(20); // until the launcher ends us
    MPI_Finalize();
    return 0;
}
