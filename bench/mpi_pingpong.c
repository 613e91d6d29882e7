// SPDX-License-Identifier: Apache-2.0
// Latency of 8 bytes between two ranks, as half a round trip: rank 0 prints the median over batches
// and the fastest tenth of them, in us. Argument: round trips (100 batches).
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCHES = 100 };

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void batch(int rank, int count) {
    double value = 0;

    for (int i = 0; i < count; i++) {
        if (rank == 0) {
            MPI_Send(&value, 1, MPI_DOUBLE, 1, 1, MPI_COMM_WORLD);
            MPI_Recv(&value, 1, MPI_DOUBLE, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        } else {
            MPI_Recv(&value, 1, MPI_DOUBLE, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            MPI_Send(&value, 1, MPI_DOUBLE, 0, 1, MPI_COMM_WORLD);
        }
    }
}

int main(int argc, char **argv) {
    int count = argc == 2 ? atoi(argv[1]) / BATCHES : 0;
    double us[BATCHES];
    int rank, size;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (size != 2 || count < 1) {
        fprintf(stderr, "usage: mpirun -n 2 mpi_pingpong N (N >= %d)\n", BATCHES);
        MPI_Abort(MPI_COMM_WORLD, 2);
    }
    batch(rank, count);
    for (int i = 0; i < BATCHES; i++) {
        double start = MPI_Wtime();
        batch(rank, count);
        us[i] = (MPI_Wtime() - start) / count / 2 * 1e6;
    }
    qsort(us, BATCHES, sizeof *us, compare);
    if (rank == 0)
        printf("%.3f %.3f\n", us[BATCHES / 2], us[BATCHES / 10]);
    MPI_Finalize();
    return 0;
}
