// SPDX-License-Identifier: Apache-2.0
// Calls MPI in many ways and says what a profile of it must hold: one line per function that was
// called, "rank function calls bytes-out bytes-in", in the file OUT.<rank>. Run on 3 ranks.
// usage: profile OUT
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int rank, size, left, right;
static double a[256], b[256];

static struct {
    const char *function;
    long calls, out, in;
} expected[128];

static void expect(const char *function, long out, long in) {
    int i = 0;

    while (expected[i].function && strcmp(expected[i].function, function))
        i++;
    expected[i].function = function;
    expected[i].calls++;
    expected[i].out += out;
    expected[i].in += in;
}

static void must(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "rank %d: %s\n", rank, what);
        MPI_Abort(MPI_COMM_WORLD, 3);
    }
}

#define D ((long)sizeof(double))
#define I ((long)sizeof(int))

static void point_to_point(void) {
    MPI_Datatype column, again;
    MPI_Status status;
    int count;

    // Shorter than posted, with and without a status.
    MPI_Sendrecv(a, 7, MPI_DOUBLE, right, 1, b, 100, MPI_DOUBLE, left, 1, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    expect("MPI_Sendrecv", 7 * D, 7 * D);
    if (rank == 0) {
        MPI_Send(a, 5, MPI_DOUBLE, 1, 2, MPI_COMM_WORLD);
        expect("MPI_Send", 5 * D, 0);
        MPI_Ssend(a, 0, MPI_DOUBLE, 1, 3, MPI_COMM_WORLD);
        expect("MPI_Ssend", 0, 0);
    } else if (rank == 1) {
        MPI_Recv(b, 100, MPI_DOUBLE, MPI_ANY_SOURCE, 2, MPI_COMM_WORLD, &status);
        expect("MPI_Recv", 0, 5 * D);
        MPI_Get_count(&status, MPI_DOUBLE, &count);
        expect("MPI_Get_count", 0, 0);
        must(count == 5 && status.MPI_SOURCE == 0 && status.MPI_TAG == 2, "status of MPI_Recv");
        MPI_Recv(b, 100, MPI_DOUBLE, 0, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        expect("MPI_Recv", 0, 0);
    }
    MPI_Send(a, 9, MPI_DOUBLE, MPI_PROC_NULL, 4, MPI_COMM_WORLD);
    expect("MPI_Send", 0, 0);
    MPI_Recv(b, 9, MPI_DOUBLE, MPI_PROC_NULL, 4, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    expect("MPI_Recv", 0, 0);

    // Two types, one after the other, that may have the same handle.
    MPI_Type_vector(4, 2, 8, MPI_DOUBLE, &column);
    MPI_Type_commit(&column);
    MPI_Sendrecv(a, 3, column, right, 5, b, 100, MPI_DOUBLE, left, 5, MPI_COMM_WORLD, &status);
    expect("MPI_Sendrecv", 24 * D, 24 * D);
    MPI_Type_free(&column);
    MPI_Type_vector(4, 1, 8, MPI_INT, &again);
    MPI_Type_commit(&again);
    MPI_Sendrecv(a, 3, again, right, 5, b, 100, MPI_INT, left, 5, MPI_COMM_WORLD, &status);
    expect("MPI_Sendrecv", 12 * I, 12 * I);
    MPI_Type_free(&again);
    expect("MPI_Type_vector", 0, 0);
    expect("MPI_Type_vector", 0, 0);
    expect("MPI_Type_commit", 0, 0);
    expect("MPI_Type_commit", 0, 0);
    expect("MPI_Type_free", 0, 0);
    expect("MPI_Type_free", 0, 0);
    MPI_Sendrecv_replace(a, 6, MPI_DOUBLE, right, 6, left, 6, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    expect("MPI_Sendrecv_replace", 6 * D, 6 * D);
}

// A message of n doubles to the right, nonblocking, with the receive first.
static void post(MPI_Request requests[2], int n) {
    MPI_Irecv(b, 200, MPI_DOUBLE, left, 7, MPI_COMM_WORLD, &requests[0]);
    expect("MPI_Irecv", 0, n * D); // where it was begun, however it ends
    MPI_Isend(a, n, MPI_DOUBLE, right, 7, MPI_COMM_WORLD, &requests[1]);
    expect("MPI_Isend", n * D, 0);
}

static void requests(void) {
    MPI_Request r[2];
    MPI_Status statuses[2], status;
    int index, indices[2], done = 0, n;

    post(r, 10);
    MPI_Wait(&r[0], MPI_STATUS_IGNORE);
    MPI_Wait(&r[1], MPI_STATUS_IGNORE);
    expect("MPI_Wait", 0, 0);
    expect("MPI_Wait", 0, 0);
    post(r, 11);
    MPI_Waitall(2, r, statuses);
    MPI_Get_count(&statuses[0], MPI_DOUBLE, &n);
    must(n == 11 && statuses[0].MPI_SOURCE == left, "status of MPI_Waitall");
    expect("MPI_Waitall", 0, 0);
    expect("MPI_Get_count", 0, 0);
    post(r, 12);
    MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
    expect("MPI_Waitall", 0, 0);
    must(r[0] == MPI_REQUEST_NULL && r[1] == MPI_REQUEST_NULL, "requests of MPI_Waitall");
    post(r, 13);
    for (int i = 0; i < 2; i++) {
        MPI_Waitany(2, r, &index, i ? &status : MPI_STATUS_IGNORE);
        expect("MPI_Waitany", 0, 0);
    }
    post(r, 14);
    for (int left_over = 2; left_over > 0; left_over -= n) {
        MPI_Waitsome(2, r, &n, indices, MPI_STATUSES_IGNORE);
        expect("MPI_Waitsome", 0, 0);
    }
    post(r, 15);
    for (int i = 0; i < 2; i++) {
        for (done = 0; !done;) {
            MPI_Test(&r[i], &done, MPI_STATUS_IGNORE);
            expect("MPI_Test", 0, 0);
        }
    }
    post(r, 16);
    for (done = 0; !done;) {
        MPI_Testall(2, r, &done, MPI_STATUSES_IGNORE);
        expect("MPI_Testall", 0, 0);
    }
    post(r, 17);
    for (int left_over = 2; left_over > 0; left_over -= done) {
        MPI_Testany(2, r, &index, &done, MPI_STATUS_IGNORE);
        expect("MPI_Testany", 0, 0);
    }
    post(r, 18);
    for (int left_over = 2; left_over > 0; left_over -= n) {
        MPI_Testsome(2, r, &n, indices, statuses);
        expect("MPI_Testsome", 0, 0);
    }
    // A receive that is given up.
    MPI_Irecv(b, 1, MPI_DOUBLE, left, 99, MPI_COMM_WORLD, &r[0]);
    MPI_Cancel(&r[0]);
    MPI_Wait(&r[0], &status);
    expect("MPI_Irecv", 0, 0);
    expect("MPI_Cancel", 0, 0);
    expect("MPI_Wait", 0, 0);
}

static void persistent(void) {
    MPI_Request r[2];

    MPI_Recv_init(b, 100, MPI_DOUBLE, left, 8, MPI_COMM_WORLD, &r[0]);
    MPI_Send_init(a, 4, MPI_DOUBLE, right, 8, MPI_COMM_WORLD, &r[1]);
    expect("MPI_Recv_init", 0, 0);
    expect("MPI_Send_init", 0, 0);
    for (int i = 0; i < 3; i++) {
        MPI_Startall(2, r);
        expect("MPI_Startall", 4 * D, 4 * D);
        MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
        expect("MPI_Waitall", 0, 0);
    }
    MPI_Start(&r[0]);
    MPI_Start(&r[1]);
    expect("MPI_Start", 0, 4 * D);
    expect("MPI_Start", 4 * D, 0);
    MPI_Wait(&r[0], MPI_STATUS_IGNORE);
    MPI_Wait(&r[1], MPI_STATUS_IGNORE);
    MPI_Wait(&r[1], MPI_STATUS_IGNORE); // inactive
    for (int i = 0; i < 3; i++)
        expect("MPI_Wait", 0, 0);
    MPI_Request_free(&r[0]);
    MPI_Request_free(&r[1]);
    expect("MPI_Request_free", 0, 0);
    expect("MPI_Request_free", 0, 0);
}

static void collectives(void) {
    int counts[3] = {1, 2, 3}, places[3] = {0, 1, 3}, same[3] = {2, 2, 2}, two[3] = {0, 2, 4};
    int bytes[3] = {0, 16, 32};
    MPI_Datatype types[3] = {MPI_DOUBLE, MPI_INT, MPI_BYTE};
    MPI_Datatype mine[3];
    MPI_Request request;
    const long all_w = 2 * (D + I + 1);
    const long own[3] = {D, I, 1};
    const int root = rank == 1;

    MPI_Bcast(a, 10, MPI_DOUBLE, 1, MPI_COMM_WORLD);
    expect("MPI_Bcast", root ? 10 * D : 0, root ? 0 : 10 * D);
    MPI_Reduce(root ? MPI_IN_PLACE : a, b, 4, MPI_DOUBLE, MPI_SUM, 1, MPI_COMM_WORLD);
    expect("MPI_Reduce", 4 * D, root ? 4 * D : 0);
    MPI_Allreduce(MPI_IN_PLACE, a, 5, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Allreduce(a, b, 5, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    expect("MPI_Allreduce", 5 * I, 5 * I);
    expect("MPI_Allreduce", 5 * D, 5 * D);
    MPI_Scan(a, b, 3, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    expect("MPI_Scan", 3 * D, 3 * D);
    MPI_Exscan(a, b, 3, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    expect("MPI_Exscan", 3 * D, rank ? 3 * D : 0);
    // What only the root gives is anything elsewhere.
    MPI_Gather(a, 2, MPI_DOUBLE, b, root ? 2 : -1, root ? MPI_DOUBLE : MPI_DATATYPE_NULL, 1,
               MPI_COMM_WORLD);
    expect("MPI_Gather", 2 * D, root ? 6 * D : 0);
    MPI_Gather(root ? MPI_IN_PLACE : a, 2, root ? MPI_DATATYPE_NULL : MPI_DOUBLE, b, 2, MPI_DOUBLE,
               1, MPI_COMM_WORLD);
    expect("MPI_Gather", 2 * D, root ? 6 * D : 0);
    MPI_Gatherv(a, counts[rank], MPI_DOUBLE, b, root ? counts : NULL, root ? places : NULL,
                MPI_DOUBLE, 1, MPI_COMM_WORLD);
    expect("MPI_Gatherv", counts[rank] * D, root ? 6 * D : 0);
    MPI_Scatter(a, 2, MPI_DOUBLE, root ? MPI_IN_PLACE : b, 2, MPI_DOUBLE, 1, MPI_COMM_WORLD);
    expect("MPI_Scatter", root ? 6 * D : 0, 2 * D);
    MPI_Scatterv(a, counts, places, MPI_DOUBLE, b, counts[rank], MPI_DOUBLE, 1, MPI_COMM_WORLD);
    expect("MPI_Scatterv", root ? 6 * D : 0, counts[rank] * D);
    MPI_Allgather(a, 2, MPI_DOUBLE, b, 2, MPI_DOUBLE, MPI_COMM_WORLD);
    MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, b, 3, MPI_DOUBLE, MPI_COMM_WORLD);
    expect("MPI_Allgather", 2 * D, 6 * D);
    expect("MPI_Allgather", 3 * D, 9 * D);
    MPI_Allgatherv(a, counts[rank], MPI_INT, b, counts, places, MPI_INT, MPI_COMM_WORLD);
    expect("MPI_Allgatherv", counts[rank] * I, 6 * I);
    MPI_Alltoall(a, 4, MPI_INT, b, 2, MPI_DOUBLE, MPI_COMM_SELF);
    expect("MPI_Alltoall", 4 * I, 2 * D);
    MPI_Alltoall(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, b, 4, MPI_INT, MPI_COMM_WORLD);
    expect("MPI_Alltoall", 12 * I, 12 * I);
    MPI_Alltoallv(a, same, two, MPI_DOUBLE, b, same, two, MPI_DOUBLE, MPI_COMM_WORLD);
    expect("MPI_Alltoallv", 6 * D, 6 * D);
    for (int i = 0; i < 3; i++)
        mine[i] = types[rank];
    MPI_Alltoallw(a, same, bytes, types, b, same, bytes, mine, MPI_COMM_WORLD);
    expect("MPI_Alltoallw", all_w, 6 * own[rank]);
    MPI_Reduce_scatter(a, b, counts, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    expect("MPI_Reduce_scatter", 6 * D, counts[rank] * D);
    MPI_Reduce_scatter_block(a, b, 2, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    expect("MPI_Reduce_scatter_block", 6 * D, 2 * D);
    MPI_Barrier(MPI_COMM_WORLD);
    expect("MPI_Barrier", 0, 0);
    MPI_Ibcast(a, 3, MPI_DOUBLE, 0, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    expect("MPI_Ibcast", rank ? 0 : 3 * D, rank ? 3 * D : 0);
    expect("MPI_Wait", 0, 0);
}

static void between_groups(void) {
    MPI_Comm half, inter;
    const int alone = rank == 2; // {0, 1} and {2}

    MPI_Comm_split(MPI_COMM_WORLD, alone, 0, &half);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, alone ? 0 : 2, 1, &inter);
    expect("MPI_Comm_split", 0, 0);
    expect("MPI_Intercomm_create", 0, 0);
    MPI_Bcast(a, 3, MPI_DOUBLE, alone ? 0 : rank == 0 ? MPI_ROOT : MPI_PROC_NULL, inter);
    expect("MPI_Bcast", rank == 0 ? 3 * D : 0, alone ? 3 * D : 0);
    MPI_Allgather(a, 2, MPI_DOUBLE, b, 2, MPI_DOUBLE, inter);
    expect("MPI_Allgather", 2 * D, alone ? 4 * D : 2 * D);
    MPI_Comm_free(&inter);
    MPI_Comm_free(&half);
    expect("MPI_Comm_free", 0, 0);
    expect("MPI_Comm_free", 0, 0);
}

static void neighbours(void) {
    int dims[1] = {3}, periods[1] = {1};
    MPI_Comm ring;

    MPI_Cart_create(MPI_COMM_WORLD, 1, dims, periods, 0, &ring);
    expect("MPI_Cart_create", 0, 0);
    MPI_Neighbor_allgather(a, 2, MPI_DOUBLE, b, 2, MPI_DOUBLE, ring);
    expect("MPI_Neighbor_allgather", 2 * D, 4 * D);
    MPI_Neighbor_alltoall(a, 3, MPI_DOUBLE, b, 3, MPI_DOUBLE, ring);
    expect("MPI_Neighbor_alltoall", 6 * D, 6 * D);
    MPI_Comm_free(&ring);
    expect("MPI_Comm_free", 0, 0);
}

static void one_sided(void) {
    static double memory[16], value = 1, result;
    MPI_Win win;

    MPI_Win_create(memory, sizeof memory, sizeof *memory, MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    expect("MPI_Win_create", 0, 0);
    MPI_Win_fence(0, win);
    MPI_Put(a, 4, MPI_DOUBLE, right, 0, 4, MPI_DOUBLE, win);
    MPI_Put(a, 4, MPI_DOUBLE, MPI_PROC_NULL, 0, 4, MPI_DOUBLE, win);
    MPI_Win_fence(0, win);
    MPI_Get(b, 3, MPI_DOUBLE, right, 0, 3, MPI_DOUBLE, win);
    MPI_Win_fence(0, win);
    MPI_Accumulate(a, 2, MPI_DOUBLE, right, 8, 2, MPI_DOUBLE, MPI_SUM, win);
    MPI_Win_fence(0, win);
    MPI_Fetch_and_op(&value, &result, MPI_DOUBLE, right, 12, MPI_SUM, win);
    MPI_Win_fence(0, win);
    MPI_Fetch_and_op(NULL, &result, MPI_DOUBLE, right, 12, MPI_NO_OP, win);
    MPI_Win_fence(0, win);
    expect("MPI_Put", 4 * D, 0);
    expect("MPI_Put", 0, 0);
    expect("MPI_Get", 0, 3 * D);
    expect("MPI_Accumulate", 2 * D, 0);
    expect("MPI_Fetch_and_op", D, D);
    expect("MPI_Fetch_and_op", 0, D);
    for (int i = 0; i < 6; i++)
        expect("MPI_Win_fence", 0, 0);
    MPI_Win_free(&win);
    expect("MPI_Win_free", 0, 0);
}

static void files(const char *out) {
    char name[4096];
    MPI_Request request;
    MPI_File file;

    snprintf(name, sizeof name, "%s.data", out);
    MPI_File_open(MPI_COMM_WORLD, name, MPI_MODE_CREATE | MPI_MODE_RDWR, MPI_INFO_NULL, &file);
    expect("MPI_File_open", 0, 0);
    MPI_File_write_at(file, rank * 10 * D, a, 10, MPI_DOUBLE, MPI_STATUS_IGNORE);
    expect("MPI_File_write_at", 10 * D, 0);
    MPI_File_sync(file);
    MPI_Barrier(MPI_COMM_WORLD);
    expect("MPI_File_sync", 0, 0);
    expect("MPI_Barrier", 0, 0);
    // Beyond the end: 5 of 50.
    MPI_File_read_at(file, 25 * D, b, 50, MPI_DOUBLE, MPI_STATUS_IGNORE);
    expect("MPI_File_read_at", 0, 5 * D);
    MPI_File_read_at_all(file, rank * 10 * D, b, 10, MPI_DOUBLE, MPI_STATUS_IGNORE);
    expect("MPI_File_read_at_all", 0, 10 * D);
    MPI_File_iread_at(file, 28 * D, b, 2, MPI_DOUBLE, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    expect("MPI_File_iread_at", 0, 2 * D);
    expect("MPI_Wait", 0, 0);
    MPI_File_close(&file);
    expect("MPI_File_close", 0, 0);
}

// A reduction and a delete function of the program that call MPI: those calls are MPI's time, not
// the program's calls.
static void add_pairs(void *in, void *inout, int *len, MPI_Datatype *type) {
    int bytes;

    MPI_Type_size(*type, &bytes);
    for (int i = 0; i < *len; i++)
        ((double *)inout)[i] += ((double *)in)[i];
}

static int forget(MPI_Comm comm, int key, void *value, void *extra) {
    int is;

    (void)key, (void)value, (void)extra;
    MPI_Comm_test_inter(comm, &is);
    return MPI_SUCCESS;
}

static void callbacks(void) {
    MPI_Comm copy;
    MPI_Op op;
    int key;

    MPI_Op_create(add_pairs, 1, &op);
    MPI_Allreduce(a, b, 2, MPI_DOUBLE, op, MPI_COMM_WORLD);
    MPI_Op_free(&op);
    expect("MPI_Op_create", 0, 0);
    expect("MPI_Allreduce", 2 * D, 2 * D);
    expect("MPI_Op_free", 0, 0);
    MPI_Comm_dup(MPI_COMM_WORLD, &copy);
    MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, forget, &key, NULL);
    MPI_Comm_set_attr(copy, key, &key);
    MPI_Comm_free(&copy);
    MPI_Comm_free_keyval(&key);
    expect("MPI_Comm_dup", 0, 0);
    expect("MPI_Comm_create_keyval", 0, 0);
    expect("MPI_Comm_set_attr", 0, 0);
    expect("MPI_Comm_free", 0, 0);
    expect("MPI_Comm_free_keyval", 0, 0);
}

#if MPI_VERSION >= 4
static void large_and_partitioned(void) {
    MPI_Request r[2];

    if (rank == 0) {
        MPI_Send_c(a, 5, MPI_DOUBLE, 1, 20, MPI_COMM_WORLD);
        expect("MPI_Send_c", 5 * D, 0);
    } else if (rank == 1) {
        MPI_Recv_c(b, 50, MPI_DOUBLE, 0, 20, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        expect("MPI_Recv_c", 0, 5 * D);
    }
    MPI_Allreduce_c(a, b, 6, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    expect("MPI_Allreduce_c", 6 * D, 6 * D);
    MPI_Psend_init(a, 3, 4, MPI_DOUBLE, right, 21, MPI_COMM_WORLD, MPI_INFO_NULL, &r[0]);
    MPI_Precv_init(b, 3, 4, MPI_DOUBLE, left, 21, MPI_COMM_WORLD, MPI_INFO_NULL, &r[1]);
    expect("MPI_Psend_init", 0, 0);
    expect("MPI_Precv_init", 0, 0);
    MPI_Startall(2, r);
    expect("MPI_Startall", 12 * D, 12 * D);
    for (int i = 0; i < 3; i++) {
        MPI_Pready(i, r[0]);
        expect("MPI_Pready", 0, 0);
    }
    MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
    expect("MPI_Waitall", 0, 0);
    for (int i = 0; i < 2; i++) {
        MPI_Request_free(&r[i]);
        expect("MPI_Request_free", 0, 0);
    }
}
#endif

static void tell(const char *out) {
    char name[4096];

    snprintf(name, sizeof name, "%s.%d", out, rank);
    FILE *file = fopen(name, "w");
    must(file != NULL, name);
    for (int i = 0; expected[i].function; i++)
        fprintf(file, "%d %s %ld %ld %ld\n", rank, expected[i].function, expected[i].calls,
                expected[i].out, expected[i].in);
    fclose(file);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    expect("MPI_Init", 0, 0);
    expect("MPI_Comm_rank", 0, 0);
    expect("MPI_Comm_size", 0, 0);
    must(argc == 2 && size == 3, "usage: profile OUT, on 3 ranks");
    left = (rank + size - 1) % size;
    right = (rank + 1) % size;
    point_to_point();
    requests();
    persistent();
    collectives();
    between_groups();
    neighbours();
    one_sided();
    files(argv[1]);
    callbacks();
#if MPI_VERSION >= 4
    large_and_partitioned();
#endif
    expect("MPI_Finalize", 0, 0);
    tell(argv[1]);
    MPI_Finalize();
    return 0;
}
