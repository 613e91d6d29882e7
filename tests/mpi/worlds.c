// SPDX-License-Identifier: Apache-2.0
// Worlds of which only some ranks may be seen, that meet others, or that end early.
// usage: worlds half|meet|abort|kill
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int rank, size;

// Communicators and collective calls of all ranks, whoever is seen.
static int half(void) {
    int one = 1, sum = 0, told = 0, in_part = 0;
    MPI_Comm copy, part;
    MPI_Request request[2];

    MPI_Comm_dup(MPI_COMM_WORLD, &copy);
    MPI_Comm_split(copy, rank % 2, rank, &part); // ranks 0 and 1 are in different ones
    for (int i = 0; i < 3; i++) {
        told = rank ? 0 : 7;
        MPI_Iallreduce(&one, &sum, 1, MPI_INT, MPI_SUM, copy, &request[0]);
        MPI_Ibcast(&told, 1, MPI_INT, 0, MPI_COMM_WORLD, &request[1]);
        MPI_Waitall(2, request, MPI_STATUSES_IGNORE);
    }
    MPI_Allreduce(&one, &in_part, 1, MPI_INT, MPI_SUM, part);
    MPI_Comm_free(&part);
    MPI_Comm_free(&copy);
    MPI_Finalize();
    return sum == size && told == 7 && in_part == size / 2 ? 0 : 3;
}

// One half of the world accepts, the other connects; they exchange their ranks and part.
static int meet(void) {
    char port[MPI_MAX_PORT_NAME] = "";
    int server = rank < size / 2, peer = rank % (size / 2), got = -1;
    MPI_Comm mine, other;

    MPI_Comm_split(MPI_COMM_WORLD, server, rank, &mine);
    if (rank == 0)
        MPI_Open_port(MPI_INFO_NULL, port);
    MPI_Bcast(port, sizeof port, MPI_CHAR, 0, MPI_COMM_WORLD);
    if (server)
        MPI_Comm_accept(port, MPI_INFO_NULL, 0, mine, &other);
    else
        MPI_Comm_connect(port, MPI_INFO_NULL, 0, mine, &other);
    MPI_Sendrecv(&rank, 1, MPI_INT, peer, 1, &got, 1, MPI_INT, peer, 1, other, MPI_STATUS_IGNORE);
    MPI_Comm_disconnect(&other);
    MPI_Comm_free(&mine);
    if (rank == 0)
        MPI_Close_port(port);
    MPI_Finalize();
    return got == (rank + size / 2) % size ? 0 : 3;
}

// Rank 1 ends the job; the others end where the launcher lets them live.
static int end(const char *way) {
    int x = 0;

    for (int i = 0; i < 3; i++)
        MPI_Bcast(&x, 1, MPI_INT, 0, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 1 && !strcmp(way, "abort"))
        MPI_Abort(MPI_COMM_WORLD, 9);
    if (rank == 1)
        raise(SIGKILL);
    sleep(1);
    _exit(4);
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "";

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return !strcmp(way, "half") ? half() : !strcmp(way, "meet") ? meet() : end(way);
}
