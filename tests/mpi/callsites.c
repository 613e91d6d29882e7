// SPDX-License-Identifier: Apache-2.0
// Calls MPI from known functions, a known number of times. 2 ranks.
// usage: callsites plain|threads|many
#include <mpi.h>
#include <pthread.h>
#include <string.h>

#define THREADS 8
#define BITS 13

#define APART __attribute__((noinline, noclone))

static int rank;

// Not the last thing that its caller does: else there would be no frame of it.
#define STAY __asm__ volatile("" ::: "memory")

APART void send_left(int count, int tag) {
    int out[4] = {1, 2, 3, 4};

    for (int i = 0; i < count; i++)
        MPI_Send(out, 4, MPI_INT, rank, tag, MPI_COMM_WORLD);
    STAY;
}

APART void send_right(int count, int tag) {
    double out = 1;

    for (int i = 0; i < count; i++)
        MPI_Send(&out, 1, MPI_DOUBLE, rank, tag, MPI_COMM_WORLD);
    STAY;
}

APART void reduce_small(void) {
    int in = 1, out;

    MPI_Allreduce(&in, &out, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    STAY;
}

APART void reduce_large(void) {
    double in[100] = {0}, out[100];

    MPI_Allreduce(in, out, 100, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    STAY;
}

APART void begin_small(void *in, int tag, MPI_Request *request) {
    MPI_Irecv(in, 64, MPI_BYTE, rank, tag, MPI_COMM_WORLD, request);
    STAY;
}

APART void begin_large(void *in, int tag, MPI_Request *request) {
    MPI_Irecv(in, 64, MPI_BYTE, rank, tag, MPI_COMM_WORLD, request);
    STAY;
}

// Each request holds what was sent when MPI_Wait says so, by way of another function.
static void talk(int times, int tag) {
    MPI_Request request;
    char in[64];

    for (int i = 0; i < times; i++) {
        begin_small(in, tag, &request);
        send_right(1, tag);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        begin_large(in, tag, &request);
        send_left(1, tag);
        MPI_Waitall(1, &request, MPI_STATUSES_IGNORE);
    }
}

APART void start_it(MPI_Request *request) {
    MPI_Start(request);
    STAY;
}

static void start_both(void) {
    MPI_Request requests[2];
    long in, out = 1;

    MPI_Send_init(&out, 1, MPI_LONG, rank, 99, MPI_COMM_WORLD, &requests[0]);
    MPI_Recv_init(&in, 1, MPI_LONG, rank, 99, MPI_COMM_WORLD, &requests[1]);
    for (int i = 0; i < 3; i++) {
        start_it(&requests[0]);
        start_it(&requests[1]);
        MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
    }
    MPI_Request_free(&requests[0]);
    MPI_Request_free(&requests[1]);
}

static void *talk_in_thread(void *tag) {
    talk(100, (int)(long)tag);
    return NULL;
}

static void threads(void) {
    pthread_t thread[THREADS];

    for (int round = 0; round < 2; round++) {
        for (long i = 0; i < THREADS; i++)
            pthread_create(&thread[i], NULL, talk_in_thread, (void *)(i + 1));
        for (int i = 0; i < THREADS; i++)
            pthread_join(thread[i], NULL);
    }
}

// A stack of its own for each value of `bits`.
APART void descend(int depth, unsigned bits) {
    int size;

    if (!depth) {
        MPI_Comm_size(MPI_COMM_WORLD, &size);
    } else if (bits & 1) {
        descend(depth - 1, bits >> 1);
        __asm__ volatile("nop"); // else the compiler makes one call of both
    } else {
        descend(depth - 1, bits >> 1);
    }
    STAY;
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "";
    int provided;

    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (!strcmp(way, "threads")) {
        threads();
    } else if (!strcmp(way, "many")) {
        for (unsigned bits = 0; bits < 1u << BITS; bits++)
            descend(BITS, bits);
    } else {
        talk(5, 1);
        start_both();
        for (int i = 0; i < 7; i++)
            reduce_small();
        for (int i = 0; i < 3; i++)
            reduce_large();
    }
    return MPI_Finalize();
}
