// SPDX-License-Identifier: Apache-2.0
// One rank arrives late at MPI_Finalize, all others wait for it there. Rank -1 is the last one.
// Usage: straggler [MILLISECONDS [RANK]]

#include <errno.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void sleep_ms(long ms) {
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

int main(int argc, char **argv) {
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    long ms = argc > 1 ? atol(argv[1]) : 500;
    int late = argc > 2 ? atoi(argv[2]) : -1;
    if (late == -1)
        late = size - 1;
    if (ms < 0 || late < 0 || late >= size)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);

    if (rank == 0) {
        printf("rank %d of %d is %ld ms late\n", late, size, ms);
        fflush(stdout);
    }
    double start = MPI_Wtime();
    if (rank == late)
        sleep_ms(ms);
    int wrong = rank == late && (MPI_Wtime() - start) * 1000 < (double)ms;
    MPI_Finalize();
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
