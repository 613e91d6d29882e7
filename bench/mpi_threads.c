// SPDX-License-Identifier: Apache-2.0
// Contention in the profile: threads that call MPI at the same time (MPI_THREAD_MULTIPLE). Prints
// the CPU time per call in ns, as the median over the threads: where they wait for a lock by
// spinning, or fight for a cache line, it grows with their number. usage: mpi_threads KIND THREADS
// CALLS KIND: type_size, which does next to nothing itself; isend_irecv, each thread to itself.
#include <mpi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS_MAX = 64 };

static pthread_barrier_t all_here;
static MPI_Comm comms[THREADS_MAX];
static double ns[THREADS_MAX];
static int calls, messages;

static double cpu_ns(void) {
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void message(MPI_Comm comm) {
    MPI_Request requests[2];
    double in, out = 1;

    MPI_Irecv(&in, 1, MPI_DOUBLE, 0, 1, comm, &requests[0]);
    MPI_Isend(&out, 1, MPI_DOUBLE, 0, 1, comm, &requests[1]);
    MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
    MPI_Wait(&requests[1], MPI_STATUS_IGNORE);
}

static void *run(void *argument) {
    int me = (int)(long)argument, size;

    pthread_barrier_wait(&all_here);
    double start = cpu_ns();
    for (int i = 0; i < calls; i++) {
        if (messages)
            message(comms[me]);
        else
            MPI_Type_size(MPI_DOUBLE, &size);
    }
    ns[me] = (cpu_ns() - start) / calls;
    return NULL;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    int threads = argc == 4 ? atoi(argv[2]) : 0, provided;
    pthread_t ids[THREADS_MAX];

    calls = argc == 4 ? atoi(argv[3]) : 0;
    messages = argc == 4 && !strcmp(argv[1], "isend_irecv");
    if (threads < 1 || threads > THREADS_MAX || calls < 1) {
        fprintf(stderr, "usage: mpi_threads type_size|isend_irecv THREADS CALLS\n");
        return 2;
    }
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    pthread_barrier_init(&all_here, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++)
        MPI_Comm_dup(MPI_COMM_SELF, &comms[i]);
    for (long i = 0; i < threads; i++)
        pthread_create(&ids[i], NULL, run, (void *)i);
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    qsort(ns, (size_t)threads, sizeof *ns, compare);
    printf("%.1f\n", ns[threads / 2]);
    for (int i = 0; i < threads; i++)
        MPI_Comm_free(&comms[i]);
    MPI_Finalize();
    return 0;
}
