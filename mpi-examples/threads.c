// SPDX-License-Identifier: Apache-2.0
// Threads within ranks: each rank starts N of them. Those with an odd number end at once, the
// others work and are alive together at a barrier. Usage: threads [N]

#include <mpi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT = 20000, PRIMES = 2262 };

struct worker {
    pthread_t thread;
    int number;
    int primes;
};

static pthread_barrier_t together;

static int count_primes(int limit) {
    int count = 0;
    for (int n = 2; n < limit; n++) {
        int divisor = 2;
        while (divisor * divisor <= n && n % divisor != 0)
            divisor++;
        count += divisor * divisor > n;
    }
    return count;
}

static void *work(void *arg) {
    struct worker *worker = arg;
    if (worker->number % 2 == 1)
        return NULL;
    worker->primes = count_primes(LIMIT);
    pthread_barrier_wait(&together);
    return NULL;
}

static void run(struct worker *workers, int count) {
    pthread_barrier_init(&together, NULL, (unsigned)(count + 1) / 2 + 1);
    for (int i = 0; i < count; i++) {
        workers[i].number = i;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
    pthread_barrier_wait(&together);
    for (int i = 0; i < count; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_barrier_destroy(&together);
}

int main(int argc, char **argv) {
    int provided, rank, size;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    int count = argc > 1 ? atoi(argv[1]) : 4;
    struct worker *workers = count > 0 ? calloc((size_t)count, sizeof *workers) : NULL;
    if (workers == NULL || provided < MPI_THREAD_FUNNELED)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    run(workers, count);

    int wrong = 0, wrong_anywhere;
    for (int i = 0; i < count; i++)
        wrong |= workers[i].primes != (i % 2 == 0 ? PRIMES : 0);
    free(workers);
    MPI_Allreduce(&wrong, &wrong_anywhere, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    if (rank == 0)
        printf("%d ranks, %d threads each, %d of them short-lived\n", size, count, count / 2);
    MPI_Finalize();
    return wrong_anywhere ? EXIT_FAILURE : EXIT_SUCCESS;
}
