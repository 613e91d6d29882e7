// SPDX-License-Identifier: Apache-2.0
// Functions of the program that MPI calls: reductions, attributes, generalized requests, error
// handlers, which call MPI themselves or leave by a jump. How often each is called, and with what,
// must be as it is. Two ranks.
#include <setjmp.h>
#include <stdlib.h>

#include "seen.h"

static jmp_buf back;
static int reduced, copied, deleted, queried, freed, cancelled;

static void add(void *in, void *inout, int *len, MPI_Datatype *type) {
    int size = -1, rank = -1;

    MPI_Type_size(*type, &size);
    MPI_Comm_rank(MPI_COMM_SELF, &rank);
    reduced += size == (int)sizeof(int) && rank == 0;
    for (int i = 0; i < *len; i++)
        ((int *)inout)[i] += ((int *)in)[i];
}

static void reductions(void) {
    MPI_Op op;
    int in[2] = {seen_rank, 1}, out[2] = {0, 0};

    MPI_Op_create(add, 1, &op);
    SEEN("Allreduce: %d", MPI_Allreduce(in, out, 2, MPI_INT, op, MPI_COMM_WORLD));
    SEEN("Allreduce: %d %d", out[0], out[1]);
    SEEN("Reduce_local: %d", MPI_Reduce_local(in, out, 2, MPI_INT, op));
    SEEN("Reduce_local: %d %d, some calls %d", out[0], out[1], reduced > 0);
    MPI_Op_free(&op);
}

static int copy(MPI_Comm comm, int key, void *extra, void *value, void *to, int *flag) {
    int rank = -1;

    (void)key;
    MPI_Comm_rank(comm, &rank);
    SEEN("copy %d: rank %d extra %d value %d", ++copied, rank, *(int *)extra, *(int *)value);
    *(void **)to = value;
    *flag = 1;
    return MPI_SUCCESS;
}

static int release_value(MPI_Comm comm, int key, void *value, void *extra) {
    int rank = -1, finalized = -1;

    (void)key;
    MPI_Comm_rank(comm, &rank);
    MPI_Finalized(&finalized);
    SEEN("delete %d: rank %d extra %d value %d finalized %d", ++deleted, rank, *(int *)extra,
         *(int *)value, finalized);
    fflush(seen_file);
    return MPI_SUCCESS;
}

static int refuse(MPI_Comm comm, int key, void *extra, void *value, void *to, int *flag) {
    (void)comm, (void)key, (void)extra, (void)value, (void)to;
    *flag = 0;
    return MPI_ERR_OTHER;
}

static void attributes(void) {
    static int extra = 5, values[3] = {1, 2, 3};
    int key, refused, found = -1, *value = NULL;
    MPI_Comm dup;

    MPI_Comm_create_keyval(copy, release_value, &key, &extra);
    MPI_Comm_create_keyval(refuse, MPI_COMM_NULL_DELETE_FN, &refused, NULL);
    MPI_Comm_dup(MPI_COMM_SELF, &dup);
    MPI_Comm_set_attr(dup, key, &values[0]);
    MPI_Comm_set_attr(dup, key, &values[1]); // deletes the one before
    MPI_Comm_free(&dup);
    MPI_Comm_set_attr(MPI_COMM_SELF, key, &values[2]); // deleted by MPI_Finalize
    MPI_Comm_set_attr(MPI_COMM_WORLD, key, &values[0]);
    MPI_Comm_dup(MPI_COMM_SELF, &dup);
    MPI_Comm_get_attr(dup, key, &value, &found);
    SEEN("attribute: %d %d", found, found ? *value : -1);
    MPI_Comm_set_attr(dup, refused, &values[0]);
    MPI_Comm unmade = MPI_COMM_NULL;
    MPI_Comm_set_errhandler(dup, MPI_ERRORS_RETURN);
    SEEN("refused: succeeds %d", MPI_Comm_dup(dup, &unmade) == MPI_SUCCESS);
    MPI_Comm_delete_attr(dup, key);
    MPI_Comm_free(&dup);
    MPI_Comm_free_keyval(&key);
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &value, &found);
    SEEN("MPI_TAG_UB: %d %d", found, *value);
}

static int query(void *extra, MPI_Status *status) {
    queried++;
    MPI_Status_set_elements(status, MPI_INT, *(int *)extra);
    MPI_Status_set_cancelled(status, 0);
    status->MPI_SOURCE = 21;
    status->MPI_TAG = 22;
    return MPI_SUCCESS;
}

static int release(void *extra) {
    (void)extra;
    freed++;
    return MPI_SUCCESS;
}

static int cancel(void *extra, int complete) {
    (void)extra;
    cancelled += 1 + complete;
    return MPI_SUCCESS;
}

static void generalized(void) {
    static int elements = 4;
    MPI_Request request[2];
    MPI_Status status[2];
    int word = 0;

    for (int i = 0; i < 3; i++) {
        MPI_Grequest_start(query, release, cancel, &elements, &request[0]);
        if (i == 1)
            MPI_Cancel(&request[0]);
        MPI_Grequest_complete(request[0]);
        seen_mark(status, 2);
        if (i < 2) {
            SEEN("generalized: %d", MPI_Wait(&request[0], i ? MPI_STATUS_IGNORE : status));
        } else { // beside a receive
            MPI_Irecv(&word, 1, MPI_INT, seen_rank, 3, MPI_COMM_WORLD, &request[1]);
            MPI_Send(&i, 1, MPI_INT, seen_rank, 3, MPI_COMM_WORLD);
            SEEN("generalized: %d", MPI_Waitall(2, request, MPI_STATUSES_IGNORE));
        }
        if (status[0].MPI_SOURCE == 21)
            seen_status("generalized", &status[0]);
        SEEN("generalized: queried %d freed %d cancelled %d", queried, freed, cancelled);
    }
}

static void jump(MPI_Comm *comm, int *code, ...) {
    int class = -1, rank = -1;

    MPI_Error_class(*code, &class);
    MPI_Comm_rank(*comm, &rank);
    SEEN("handler: class %d rank %d", class, rank);
    longjmp(back, 1);
}

static void errors(void) {
    MPI_Errhandler handler, kept;
    int word = 7, got = 0;

    MPI_Comm_create_errhandler(jump, &handler);
    MPI_Comm_get_errhandler(MPI_COMM_WORLD, &kept);
    SEEN("handler kept: %d", kept == MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler);
    for (volatile int i = 0; i < 3; i++) {
        if (!setjmp(back))
            MPI_Send(&word, 1, MPI_INT, 1000, 0, MPI_COMM_WORLD);
        else
            SEEN("jumped");
        MPI_Sendrecv(&word, 1, MPI_INT, seen_rank ^ 1, 0, &got, 1, MPI_INT, seen_rank ^ 1, 0,
                     MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        SEEN("after a jump: %d", got);
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, kept);
    MPI_Errhandler_free(&handler);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    if (argc < 2)
        return 2;
    seen_open(argv[1]);
    reductions();
    attributes();
    generalized();
    errors();
    SEEN("copied %d deleted %d", copied, deleted);
    MPI_Finalize();
    SEEN("finalized: copied %d deleted %d", copied, deleted);
    fclose(seen_file);
    return 0;
}
