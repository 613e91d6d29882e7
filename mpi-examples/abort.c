// SPDX-License-Identifier: Apache-2.0
// One rank calls MPI_Abort with code 3 while all others wait in a barrier; nobody reaches
// MPI_Finalize. Rank -1 is the last one.
// Usage: abort [RANK]

#include <mpi.h>
#include <stdlib.h>

enum { ABORT_CODE = 3 };

int main(int argc, char **argv) {
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    int aborting = argc > 1 ? atoi(argv[1]) : -1;
    if (aborting == -1)
        aborting = size - 1;
    MPI_Barrier(MPI_COMM_WORLD); // all have left MPI_Init
    if (rank == aborting)
        MPI_Abort(MPI_COMM_WORLD, ABORT_CODE);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return EXIT_FAILURE;
}
