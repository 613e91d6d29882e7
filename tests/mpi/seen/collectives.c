// SPDX-License-Identifier: Apache-2.0
// Collective calls in which most arguments are not looked at by MPI and hold what no call may use:
// away from the root, with MPI_IN_PLACE, between two groups. Three ranks.
#include "seen.h"

enum { N = 3 };

static int in[4 * N], out[4 * N];
static int ones[N] = {1, 1, 1}, places[N] = {0, 1, 2}, zeroes[N];
static int calls; // of the error handler
static void *const bad = (void *)1;

static void handler(MPI_Comm *comm, int *code, ...) {
    (void)comm, (void)code;
    calls++;
}

static void fill(void) {
    for (int i = 0; i < 4 * N; i++) {
        in[i] = 100 * seen_rank + i;
        out[i] = -in[i];
    }
}

static void show(const char *what, int result) {
    SEEN("%s: class %d calls %d: %d %d %d %d / %d %d %d", what, seen_class(result), calls, out[0],
         out[1], out[2], out[3], in[0], in[1], in[2]);
    fill();
}

#define SHOW(function, ...) show(#function, MPI_##function(__VA_ARGS__))

static void with_root(MPI_Comm comm) {
    const MPI_Datatype none = MPI_DATATYPE_NULL;

    if (seen_rank == 1) {
        SHOW(Gather, in, 1, MPI_INT, out, 1, MPI_INT, 1, comm);
        SHOW(Gatherv, in, 1, MPI_INT, out, ones, places, MPI_INT, 1, comm);
        SHOW(Gather, MPI_IN_PLACE, -9, none, out, 1, MPI_INT, 1, comm);
        SHOW(Gatherv, MPI_IN_PLACE, -9, none, out, ones, places, MPI_INT, 1, comm);
        SHOW(Scatter, in, 1, MPI_INT, out, 1, MPI_INT, 1, comm);
        SHOW(Scatterv, in, ones, places, MPI_INT, out, 1, MPI_INT, 1, comm);
        SHOW(Scatter, in, 1, MPI_INT, MPI_IN_PLACE, -9, none, 1, comm);
        SHOW(Scatterv, in, ones, places, MPI_INT, MPI_IN_PLACE, -9, none, 1, comm);
        SHOW(Reduce, in, out, 2, MPI_INT, MPI_SUM, 1, comm);
        SHOW(Reduce, MPI_IN_PLACE, out, 2, MPI_INT, MPI_SUM, 1, comm);
    } else {
        SHOW(Gather, in, 1, MPI_INT, bad, -9, none, 1, comm);
        SHOW(Gatherv, in, 1, MPI_INT, bad, NULL, NULL, none, 1, comm);
        SHOW(Gather, in, 1, MPI_INT, NULL, -9, none, 1, comm);
        SHOW(Gatherv, in, 1, MPI_INT, bad, bad, bad, none, 1, comm);
        SHOW(Scatter, bad, -9, none, out, 1, MPI_INT, 1, comm);
        SHOW(Scatterv, bad, NULL, NULL, none, out, 1, MPI_INT, 1, comm);
        SHOW(Scatter, NULL, -9, none, out, 1, MPI_INT, 1, comm);
        SHOW(Scatterv, NULL, bad, bad, none, out, 1, MPI_INT, 1, comm);
        SHOW(Reduce, in, bad, 2, MPI_INT, MPI_SUM, 1, comm);
        SHOW(Reduce, in, NULL, 2, MPI_INT, MPI_SUM, 1, comm);
    }
    SHOW(Bcast, out, 2, MPI_INT, 1, comm);
    SHOW(Bcast, NULL, 0, MPI_INT, 1, comm);
}

static void in_place(MPI_Comm comm) {
    const MPI_Datatype none = MPI_DATATYPE_NULL;
    MPI_Datatype ints[N] = {MPI_INT, MPI_INT, MPI_INT};
    int bytes[N] = {0, sizeof(int), 2 * sizeof(int)};

    SHOW(Allgather, MPI_IN_PLACE, -9, none, out, 1, MPI_INT, comm);
    SHOW(Allgatherv, MPI_IN_PLACE, -9, none, out, ones, places, MPI_INT, comm);
    SHOW(Alltoall, MPI_IN_PLACE, -9, none, out, 1, MPI_INT, comm);
    SHOW(Alltoallv, MPI_IN_PLACE, NULL, NULL, none, out, ones, places, MPI_INT, comm);
    SHOW(Alltoallw, MPI_IN_PLACE, NULL, NULL, NULL, out, ones, bytes, ints, comm);
    SHOW(Allreduce, MPI_IN_PLACE, out, 2, MPI_INT, MPI_MAX, comm);
    SHOW(Scan, MPI_IN_PLACE, out, 2, MPI_INT, MPI_SUM, comm);
    SHOW(Exscan, MPI_IN_PLACE, out, 2, MPI_INT, MPI_SUM, comm);
    SHOW(Reduce_scatter, MPI_IN_PLACE, out, ones, MPI_INT, MPI_SUM, comm);
    SHOW(Reduce_scatter_block, MPI_IN_PLACE, out, 1, MPI_INT, MPI_SUM, comm);
    SHOW(Alltoallv, in, zeroes, zeroes, MPI_INT, out, zeroes, zeroes, MPI_INT, comm);
}

// The arguments may be freed and overwritten as soon as the request is done with.
static void nonblocking(MPI_Comm comm) {
    MPI_Request requests[4];
    MPI_Datatype type, ints[N] = {MPI_INT, MPI_INT, MPI_INT};
    int bytes[N] = {0, sizeof(int), 2 * sizeof(int)}, result;

    MPI_Type_contiguous(2, MPI_INT, &type);
    MPI_Type_commit(&type);
    MPI_Ibcast(out, 1, type, 0, comm, &requests[0]);
    MPI_Iallreduce(MPI_IN_PLACE, out + 2, 1, MPI_INT, MPI_SUM, comm, &requests[1]);
    MPI_Ialltoallw(in, ones, bytes, ints, out + N, ones, bytes, ints, comm, &requests[2]);
    MPI_Ibarrier(comm, &requests[3]);
    MPI_Type_free(&type);
    result = MPI_Waitall(4, requests, MPI_STATUSES_IGNORE);
    show("nonblocking", result);
}

static void between(void) {
    MPI_Comm own, inter;
    int left = seen_rank == 0, root;

    MPI_Comm_split(MPI_COMM_WORLD, left, seen_rank, &own);
    MPI_Intercomm_create(own, 0, MPI_COMM_WORLD, left, 7, &inter);
    // From rank 0, alone in its group, to the others; and back to rank 1, the first of its group.
    SHOW(Bcast, out, 2, MPI_INT, left ? MPI_ROOT : 0, inter);
    root = left ? 0 : seen_rank == 1 ? MPI_ROOT : MPI_PROC_NULL;
    SHOW(Bcast, root == MPI_PROC_NULL ? bad : out, 2, MPI_INT, root, inter);
    if (left)
        SHOW(Gather, in, 2, MPI_INT, bad, -9, MPI_DATATYPE_NULL, 0, inter);
    else if (seen_rank == 1)
        SHOW(Gather, bad, -9, MPI_DATATYPE_NULL, out, 2, MPI_INT, MPI_ROOT, inter);
    else
        SHOW(Gather, bad, -9, MPI_DATATYPE_NULL, bad, -9, MPI_DATATYPE_NULL, MPI_PROC_NULL, inter);
    SHOW(Allgather, in, 1, MPI_INT, out, 1, MPI_INT, inter);
    SHOW(Allreduce, in, out, 1, MPI_INT, MPI_SUM, inter);
    MPI_Comm_free(&inter);
    MPI_Comm_free(&own);
}

static void neighbours(void) {
    MPI_Comm line, alone;
    int size = N, open = 0;

    // At the ends of the line there is nobody: what stands there stays.
    MPI_Cart_create(MPI_COMM_WORLD, 1, &size, &open, 0, &line);
    SHOW(Neighbor_allgather, in, 1, MPI_INT, out, 1, MPI_INT, line);
    SHOW(Neighbor_alltoall, in, 1, MPI_INT, out, 1, MPI_INT, line);
    MPI_Comm_free(&line);
    MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, 0, NULL, MPI_UNWEIGHTED, 0, NULL, MPI_UNWEIGHTED,
                                   MPI_INFO_NULL, 0, &alone);
    SHOW(Neighbor_alltoall, NULL, 1, MPI_INT, NULL, 1, MPI_INT, alone);
    MPI_Comm_free(&alone);
}

int main(int argc, char **argv) {
    MPI_Errhandler counting;
    MPI_Comm comm;

    MPI_Init(&argc, &argv);
    if (argc < 2)
        return 2;
    seen_open(argv[1]);
    MPI_Comm_create_errhandler(handler, &counting);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, counting);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    fill();
    with_root(comm);
    in_place(comm);
    nonblocking(comm);
    MPI_Comm_free(&comm);
    between();
    neighbours();
    MPI_Errhandler_free(&counting);
    MPI_Finalize();
    return 0;
}
