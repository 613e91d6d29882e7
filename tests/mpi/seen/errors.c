// SPDX-License-Identifier: Apache-2.0
// Calls with wrong arguments: the class of what they return, and how often which error handler is
// called. Two ranks.
#include "seen.h"

static int calls, file_calls, window_calls, last;

static void handler(MPI_Comm *comm, int *code, ...) {
    (void)comm;
    calls++;
    last = seen_class(*code);
}

static void file_handler(MPI_File *file, int *code, ...) {
    (void)file;
    file_calls++;
    last = seen_class(*code);
}

static void window_handler(MPI_Win *window, int *code, ...) {
    (void)window;
    window_calls++;
    last = seen_class(*code);
}

static void show(const char *what, int result) {
    SEEN("%s: class %d, last %d, calls %d %d %d", what, seen_class(result), last, calls, file_calls,
         window_calls);
}

#define SHOW(function, ...) show(#function, MPI_##function(__VA_ARGS__))

static void of_communicators(void) {
    MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    MPI_Status status;
    MPI_Datatype raw;
    int word = 1, index = -1, flag = -1;

    MPI_Type_contiguous(2, MPI_INT, &raw); // not committed
    SHOW(Send, &word, 1, MPI_INT, 99, 0, MPI_COMM_WORLD);
    SHOW(Send, &word, -1, MPI_INT, 0, 0, MPI_COMM_WORLD);
    SHOW(Send, &word, 1, MPI_DATATYPE_NULL, 0, 0, MPI_COMM_WORLD);
    SHOW(Send, &word, 1, raw, MPI_PROC_NULL, 0, MPI_COMM_WORLD);
    SHOW(Send, &word, 1, MPI_INT, 0, -5, MPI_COMM_WORLD);
    SHOW(Send, &word, 1, MPI_INT, 0, 0, MPI_COMM_NULL);
    SHOW(Recv, &word, -1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    SHOW(Recv, &word, 1, MPI_INT, -9, 0, MPI_COMM_WORLD, &status);
    SHOW(Irecv, &word, 1, MPI_INT, 99, 0, MPI_COMM_WORLD, requests);
    SHOW(Isend, &word, -3, MPI_INT, 0, 0, MPI_COMM_WORLD, requests);
    SHOW(Bcast, &word, 1, MPI_INT, 77, MPI_COMM_WORLD);
    SHOW(Bcast, &word, -1, MPI_INT, 0, MPI_COMM_WORLD);
    SHOW(Allreduce, &word, &word, 1, MPI_INT, MPI_OP_NULL, MPI_COMM_WORLD);
    SHOW(Reduce, &word, &index, 1, MPI_INT, MPI_SUM, 55, MPI_COMM_WORLD);
    SHOW(Gather, &word, 1, MPI_INT, &word, 1, MPI_INT, -2, MPI_COMM_WORLD);
    SHOW(Alltoall, &word, 1, MPI_DATATYPE_NULL, &word, 1, MPI_INT, MPI_COMM_WORLD);
    SHOW(Waitall, -1, requests, MPI_STATUSES_IGNORE);
    SHOW(Waitany, 2, requests, &index, MPI_STATUS_IGNORE);
    SEEN("no request: index undefined %d", index == MPI_UNDEFINED);
    SHOW(Testany, 2, requests, &index, &flag, &status);
    SEEN("no request: flag %d", flag);
    SHOW(Request_free, requests);
    SHOW(Start, requests);
    SHOW(Comm_free, &(MPI_Comm){MPI_COMM_NULL});
    SHOW(Type_free, &(MPI_Datatype){MPI_DATATYPE_NULL});
    SHOW(Comm_split, MPI_COMM_WORLD, -7, 0, &(MPI_Comm){MPI_COMM_NULL});
    SHOW(Type_size, MPI_DATATYPE_NULL, &index);
    SHOW(Group_incl, MPI_GROUP_NULL, 0, NULL, &(MPI_Group){MPI_GROUP_NULL});
    SHOW(Comm_call_errhandler, MPI_COMM_WORLD, MPI_ERR_OTHER);
    SHOW(Probe, 99, 0, MPI_COMM_WORLD, &status);
    MPI_Type_free(&raw);
}

static void of_files(void) {
    MPI_Errhandler errhandler;
    MPI_Status status;
    MPI_File file;
    int word = 1;

    SHOW(File_open, MPI_COMM_SELF, "/no/such/directory/file", MPI_MODE_RDONLY, MPI_INFO_NULL,
         &file);
    MPI_File_create_errhandler(file_handler, &errhandler);
    MPI_File_set_errhandler(MPI_FILE_NULL, errhandler);
    SHOW(File_open, MPI_COMM_SELF, "/no/such/directory/file", MPI_MODE_RDONLY, MPI_INFO_NULL,
         &file);
    SHOW(File_delete, "/no/such/directory/file", MPI_INFO_NULL);
    SHOW(File_open, MPI_COMM_SELF, "/dev/null", MPI_MODE_WRONLY, MPI_INFO_NULL, &file);
    SHOW(File_read_at, file, 0, &word, 1, MPI_INT, &status);
    SHOW(File_read_at, file, 0, &word, 1, MPI_INT, MPI_STATUS_IGNORE);
    SHOW(File_write_at, file, -1, &word, 1, MPI_INT, MPI_STATUS_IGNORE);
    SHOW(File_write, file, &word, -1, MPI_INT, MPI_STATUS_IGNORE);
    SHOW(File_close, &file);
    // It is not freed: MPICH 4.0.2 counts its references wrongly.
    MPI_File_set_errhandler(MPI_FILE_NULL, MPI_ERRORS_RETURN);
}

static void of_windows(void) {
    static int memory[4];
    MPI_Errhandler errhandler;
    MPI_Win window;
    int word = 3;

    MPI_Win_create(memory, sizeof memory, sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    MPI_Win_create_errhandler(window_handler, &errhandler);
    MPI_Win_set_errhandler(window, errhandler);
    SHOW(Win_fence, 0, window);
    SHOW(Put, &word, 1, MPI_INT, 99, 0, 1, MPI_INT, window);
    SHOW(Put, &word, -1, MPI_INT, 0, 0, 1, MPI_INT, window);
    SHOW(Put, NULL, 0, MPI_INT, MPI_PROC_NULL, 0, 0, MPI_INT, window);
    SHOW(Get, &word, 1, MPI_DATATYPE_NULL, 0, 0, 1, MPI_INT, window);
    SHOW(Accumulate, &word, 1, MPI_INT, 1, seen_rank, 1, MPI_INT, MPI_SUM, window);
    SHOW(Get_accumulate, NULL, 0, MPI_INT, &word, 1, MPI_INT, 1, 2, 1, MPI_INT, MPI_NO_OP, window);
    SHOW(Win_fence, 0, window);
    SEEN("memory %d %d %d %d, word %d", memory[0], memory[1], memory[2], memory[3], word);
    MPI_Win_free(&window);
    MPI_Errhandler_free(&errhandler);
}

int main(int argc, char **argv) {
    MPI_Errhandler errhandler;

    MPI_Init(&argc, &argv);
    if (argc < 2)
        return 2;
    seen_open(argv[1]);
    MPI_Comm_create_errhandler(handler, &errhandler);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, errhandler);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, errhandler);
    of_communicators();
    of_files();
    of_windows();
    MPI_Finalize();
    SEEN("finalized: calls %d %d %d", calls, file_calls, window_calls);
    return 0;
}
