// SPDX-License-Identifier: Apache-2.0
// MPI and OpenMP together: pi by the midpoint rule, the strips dealt out to ranks and threads. The
// threads come from a pool that is never joined. ROUNDS does it so many times.
// Usage: hybrid [THREADS [ROUNDS]]

#include <math.h>
#include <mpi.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

enum { STRIPS = 40 * 1000 * 1000 };

int main(int argc, char **argv) {
    int provided, rank, size;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    int wanted = argc > 1 ? atoi(argv[1]) : 2;
    int rounds = argc > 2 ? atoi(argv[2]) : 1;
    if (wanted < 1 || rounds < 1 || provided < MPI_THREAD_FUNNELED)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);

    int threads = 0;
    double part = 0, sum = 0;
    const double width = 1.0 / STRIPS;
#pragma omp parallel num_threads(wanted) reduction(+ : threads, part)
    {
        threads += 1;
        for (int round = 0; round < rounds; round++) {
#pragma omp for
            for (int i = rank; i < STRIPS; i += size) {
                double x = (i + 0.5) * width;
                part += 4 / (1 + x * x) * width;
            }
        }
    }
    part /= rounds;

    int wrong, wrong_anywhere;
    MPI_Allreduce(&part, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    wrong = threads != wanted || fabs(sum - M_PI) > 1e-9;
    MPI_Allreduce(&wrong, &wrong_anywhere, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    if (rank == 0)
        printf("%d ranks, %d threads each, pi %.8f\n", size, wanted, sum);
    MPI_Finalize();
    return wrong_anywhere ? EXIT_FAILURE : EXIT_SUCCESS;
}
