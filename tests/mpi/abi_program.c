// SPDX-License-Identifier: Apache-2.0
// A program of the standard ABI of MPI 5.0, for the library of abi_fake.c.
#include <stdio.h>
#include <stdlib.h>

typedef void *handle;

#define NULL_COMM ((handle)0x100)
#define NULL_TYPE ((handle)0x200)

int MPI_Init_thread(int *, char ***, int, int *), MPI_Finalize(void);
int MPI_Comm_rank(handle, int *), MPI_Comm_size(handle, int *);
int MPI_Comm_get_errhandler(handle, handle *), MPI_Comm_set_errhandler(handle, handle);
int MPI_Send(const void *, int, handle, int, int, handle);
int MPI_Recv(void *, int, handle, int, int, handle, int *);
int MPI_Isend(const void *, int, handle, int, int, handle, handle *);
int MPI_Irecv(void *, int, handle, int, int, handle, handle *);
int MPI_Wait(handle *, int *), MPI_Test(handle *, int *, int *), MPI_Cancel(handle *);
int MPI_Recv_init(void *, int, handle, int, int, handle, handle *), MPI_Start(handle *);
int MPI_Waitall(int, handle *, int (*)[8]), MPI_Request_free(handle *);
int MPI_Gather(const void *, int, handle, void *, int, handle, int, handle);
int MPI_Allreduce(const void *, void *, int, handle, handle, handle);

extern int fake_without_statuses;

// Two messages shorter than their receives, one longer, all without statuses, and a persistent
// receive that is waited for twice; from the time on that
// the argument says errors are to be returned.
static int unwanted_statuses(int from) {
    const handle world = (handle)0x101, whole = (handle)0x209;
    int out[4] = {0}, in[4], result = 0;
    handle request = NULL, none = (handle)0x180;

    for (int i = 0; i < 3; i++) {
        if (i == from)
            MPI_Comm_set_errhandler(world, (handle)0x142); // MPI_ERRORS_RETURN
        MPI_Send(out, i < 2 ? 1 : 2, whole, 0, 8, world);
        MPI_Irecv(in, i < 2 ? 4 : 1, whole, 0, 8, world, &request);
        result = MPI_Waitall(1, &request, NULL);
    }
    printf("%d without, %d, %s\n", fake_without_statuses, result,
           request == none ? "done" : "left");
    MPI_Request_free(&request);
    MPI_Send(out, 1, whole, 0, 9, world);
    MPI_Recv_init(in, 4, whole, 0, 9, world, &request);
    MPI_Start(&request);
    MPI_Wait(&request, NULL);
    MPI_Waitall(1, &request, NULL); // nothing is under way any more
    MPI_Request_free(&request);
    return MPI_Finalize();
}

int main(int argc, char **argv) {
    const handle world = (handle)0x101, whole = (handle)0x209, real = (handle)0x214;
    const handle sum = (handle)0x21, in_place = (handle)1, none = (handle)0x180;
    int rank = -1, size = -1, provided, flag, out[20] = {1, 2, 3}, in[20] = {0}, status[8],
        statuses[2][8];
    double reals[4] = {1, 2, 3, 4}, results[4] = {0};
    handle request[2], handler;

    MPI_Init_thread(&argc, &argv, 4096, &provided); // MPI_THREAD_MULTIPLE
    if (argc > 1)
        return unwanted_statuses(atoi(argv[1]));
    MPI_Comm_rank(world, &rank);
    MPI_Comm_size(world, &size);
    MPI_Send(out, 10, whole, 0, 1, world);
    MPI_Send(out, 3, whole, 0, 2, world);
    MPI_Send(out, 5, whole, -3, 2, world); // MPI_PROC_NULL
    MPI_Recv(in, 20, whole, 0, 1, world, status);
    MPI_Recv(in, 20, whole, 0, 2, world, NULL); // MPI_STATUS_IGNORE
    for (int i = 0; i < 2; i++) {
        MPI_Irecv(results, 4, real, 0, 3, world, &request[0]);
        MPI_Isend(reals, 3, real, 0, 3, world, &request[1]);
        MPI_Wait(&request[1], status);
        MPI_Wait(&request[0], i ? status : NULL);
    }
    for (int i = 0; i < 2; i++) {
        MPI_Send(out, 1, whole, 0, 5, world);
        MPI_Send(out, 2, whole, 0, 6, world);
        MPI_Irecv(in + 10, 4, whole, 0, 5, world, &request[0]);
        MPI_Irecv(in + 14, 4, whole, 0, 6, world, &request[1]);
        MPI_Waitall(2, request, i ? statuses : NULL); // MPI_STATUSES_IGNORE
    }
    MPI_Gather(out, 2, whole, in + 18, 2, whole, 0, world);
    MPI_Gather(in_place, 0, NULL, in + 18, 2, whole, 0, world);
    MPI_Irecv(results, 4, real, 0, 4, world, &request[0]);
    MPI_Cancel(&request[0]);
    MPI_Wait(&request[0], NULL);
    MPI_Test(&request[0], &flag, status); // of MPI_REQUEST_NULL
    MPI_Allreduce(reals, results, 4, real, sum, world);
    MPI_Allreduce(in_place, results, 4, real, sum, world);
    MPI_Send(out, 1, NULL_TYPE, 0, 7, world); // which an error handler let pass
    MPI_Send(out, 1, whole, 0, 7, NULL_COMM);
    MPI_Allreduce(out, in, 1, whole, sum, NULL_COMM);
    int status_in = status[0] == -1 || status[0] == 0;
    MPI_Finalize();
    MPI_Comm_get_errhandler(world, &handler);
    printf("%d of %d, %d, %g, %d %d %d\n", rank, size, in[2], results[2], request[0] == none, flag,
           handler == (handle)0x141);
    return status_in ? 0 : 3;
}
