// SPDX-License-Identifier: Apache-2.0
// A program that minds its children: MPI_Finalize must bring it neither one nor a signal of one.
#include <errno.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static volatile sig_atomic_t signals;

static void count(int number) {
    (void)number;
    signals++;
}

int main(int argc, char **argv) {
    int rank;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    signal(SIGCHLD, count);
    MPI_Finalize();
    if (rank == 0) {
        pid_t pid = waitpid(-1, NULL, __WALL | WNOHANG);
        printf("%d signals, %s\n", (int)signals,
               pid < 0 && errno == ECHILD ? "no child" : "a child");
    }
    return 0;
}
