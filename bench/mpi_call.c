// SPDX-License-Identifier: Apache-2.0
// What a profile of MPI costs per call: N times one kind of call, on one rank. The difference of
// two runs of different N, per call, is free of the start and the end: instructions under `valgrind
// --tool=callgrind`, or the nanoseconds printed here (a median over batches). usage: mpi_call KIND
// N     KIND: iprobe, sendrecv, allreduce, isend_irecv, send_recv, type_size
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double in[1], out[1];

static void iprobe(void) {
    int flag;

    MPI_Iprobe(0, 99, MPI_COMM_SELF, &flag, MPI_STATUS_IGNORE);
}

static void sendrecv(void) {
    MPI_Sendrecv(out, 1, MPI_DOUBLE, 0, 1, in, 1, MPI_DOUBLE, 0, 1, MPI_COMM_SELF,
                 MPI_STATUS_IGNORE);
}

static void allreduce(void) {
    MPI_Allreduce(out, in, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_SELF);
}

static void isend_irecv(void) {
    MPI_Request requests[2];

    MPI_Irecv(in, 1, MPI_DOUBLE, 0, 1, MPI_COMM_SELF, &requests[0]);
    MPI_Isend(out, 1, MPI_DOUBLE, 0, 1, MPI_COMM_SELF, &requests[1]);
    MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
    MPI_Wait(&requests[1], MPI_STATUS_IGNORE);
}

static void waitall(void) {
    MPI_Request requests[2];

    MPI_Irecv(in, 1, MPI_DOUBLE, 0, 1, MPI_COMM_SELF, &requests[0]);
    MPI_Isend(out, 1, MPI_DOUBLE, 0, 1, MPI_COMM_SELF, &requests[1]);
    MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
}

static void type_size(void) {
    int size;

    MPI_Type_size(MPI_DOUBLE, &size);
}

static const struct {
    const char *name;
    void (*call)(void);
} kinds[] = {
    {"iprobe", iprobe},           {"sendrecv", sendrecv}, {"allreduce", allreduce},
    {"isend_irecv", isend_irecv}, {"waitall", waitall},   {"type_size", type_size},
};

static double now_ns(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static __attribute__((noinline)) void batch(void (*call)(void), int count) {
    for (int i = 0; i < count; i++)
        call();
}

int main(int argc, char **argv) {
    enum { BATCHES = 50 };
    double ns[BATCHES];
    int count = argc == 3 ? atoi(argv[2]) : 0;
    void (*call)(void) = NULL;

    for (unsigned i = 0; argc == 3 && i < sizeof kinds / sizeof *kinds; i++) {
        if (!strcmp(argv[1], kinds[i].name))
            call = kinds[i].call;
    }
    if (!call || count < BATCHES) {
        fprintf(stderr, "usage: mpi_call KIND N (N >= %d)\n", BATCHES);
        return 2;
    }
    MPI_Init(&argc, &argv);
    for (int i = 0; i < BATCHES; i++) {
        double start = now_ns();
        batch(call, count / BATCHES);
        ns[i] = (now_ns() - start) / (count / BATCHES);
    }
    qsort(ns, BATCHES, sizeof *ns, compare);
    printf("%.1f\n", ns[BATCHES / 2]);
    MPI_Finalize();
    return 0;
}
