// SPDX-License-Identifier: Apache-2.0
// Keeps an attribute on MPI_COMM_WORLD whose functions are right as long as nobody duplicates the
// communicator: MPI_Finalize must go as it does without the preload. Argument: share or refuse.
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(MPI_Comm comm, int key, void *extra, void *value, void *copy, int *flag) {
    (void)comm, (void)key, (void)extra, (void)value, (void)copy;
    *flag = 0;
    return MPI_ERR_OTHER;
}

static int release(MPI_Comm comm, int key, void *value, void *extra) {
    (void)comm, (void)key, (void)extra;
    free(value);
    return MPI_SUCCESS;
}

int main(int argc, char **argv) {
    int key, rank;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_create_keyval(argc > 1 && !strcmp(argv[1], "share") ? MPI_COMM_DUP_FN : refuse,
                           release, &key, NULL);
    MPI_Comm_set_attr(MPI_COMM_WORLD, key, malloc(64));
    MPI_Finalize();
    if (rank == 0)
        puts("finalized");
    return 0;
}
