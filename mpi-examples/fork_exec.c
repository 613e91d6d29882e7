// SPDX-License-Identifier: Apache-2.0
// Children of ranks: each rank forks one that executes /bin/true and one that just ends with
// _exit(7), waits for both, and runs a shell by system().

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

// Returns the exit code, or -1 for a child that did not end by itself.
static int code_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Forks a child that executes the program, or ends with `code` where that is NULL or fails.
static int run_child(const char *program, int code) {
    pid_t child = fork();
    if (child == 0) {
        if (program != NULL)
            execl(program, program, (char *)NULL);
        _exit(code);
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child ? code_of(status) : -1;
}

int main(int argc, char **argv) {
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);

    int ok = run_child("/bin/true", 127) == 0;
    ok = run_child(NULL, 7) == 7 && ok;
    ok = code_of(system("exit 3")) == 3 && ok;

    int all_ok;
    MPI_Allreduce(&ok, &all_ok, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (rank == 0)
        printf("%d ranks, 3 children each: %s\n", size, all_ok ? "as expected" : "wrong status");
    MPI_Finalize();
    return all_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
