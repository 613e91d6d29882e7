// SPDX-License-Identifier: Apache-2.0
// How long MPI_Init and MPI_Finalize take: rank 0 prints the two in ms. Compiled by mpi_life.sh for
// each MPI.
#include <mpi.h>
#include <stdio.h>
#include <time.h>

static double now_ms(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
    int rank;
    double start = now_ms();

    MPI_Init(&argc, &argv);
    double init = now_ms() - start;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Barrier(MPI_COMM_WORLD); // all have come: what follows is the work at the end alone
    start = now_ms();
    MPI_Finalize();
    if (rank == 0)
        printf("%.2f %.2f\n", init, now_ms() - start);
    return 0;
}
