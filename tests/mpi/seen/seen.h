// SPDX-License-Identifier: Apache-2.0
// For programs that write down what a program can see of MPI, each rank into a file of its own, so
// that two runs can be compared. Their argument is the file's name, to which the rank is added.
#ifndef EPMT_TESTS_SEEN_H
#define EPMT_TESTS_SEEN_H

#include <mpi.h>
#include <stdio.h>
#include <string.h>

static int seen_rank;
static FILE *seen_file;

#define SEEN(...)                        \
    do {                                 \
        fprintf(seen_file, __VA_ARGS__); \
        fputc('\n', seen_file);          \
    } while (0)

// To be called after MPI_Init; errors are to be seen, not to end the program.
static inline void seen_open(const char *path) {
    char name[4096];

    MPI_Comm_rank(MPI_COMM_WORLD, &seen_rank);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    snprintf(name, sizeof name, "%s.%d", path, seen_rank);
    seen_file = fopen(name, "w");
    if (!seen_file)
        MPI_Abort(MPI_COMM_WORLD, 1);
}

// The class of a result: codes may carry numbers that differ from run to run.
static inline int seen_class(int result) {
    int class = -1;

    MPI_Error_class(result, &class);
    return class;
}

// Marks a status, so that it shows which of its fields MPI has written.
static inline void seen_mark(MPI_Status *statuses, int n) {
    for (int i = 0; i < n; i++) {
        memset(&statuses[i], 0, sizeof *statuses);
        statuses[i].MPI_SOURCE = -77;
        statuses[i].MPI_TAG = -78;
        statuses[i].MPI_ERROR = -79;
    }
}

static inline void seen_status(const char *what, MPI_Status *status) {
    int count = -1, cancelled = -1, error = status->MPI_ERROR;

    if (status->MPI_SOURCE != -77) {
        MPI_Get_count(status, MPI_BYTE, &count);
        MPI_Test_cancelled(status, &cancelled);
    }
    SEEN("%s: source %d tag %d error %d bytes %d cancelled %d", what, status->MPI_SOURCE,
         status->MPI_TAG, error == -79 ? error : seen_class(error), count, cancelled);
}

#endif
