// SPDX-License-Identifier: Apache-2.0
// Processes that begin or end at moments when MPI is busy, or gone: a child that outlives
// MPI_Finalize and its parent, a child that a signal handler forks inside an MPI call, a rank that
// a handler ends there.
#include <mpi.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int rank;

static void start_child_that_stays(const char *until) {
    if (fork())
        return;
    for (int fd = 0; fd < 64; fd++) // mpirun waits for whoever has these
        close(fd);
    setsid();
    for (int i = 0; i < 30000 && access(until, F_OK); i++)
        usleep(2000);
    exit(9);
}

static volatile pid_t child;

static void fork_and_exit(int number) {
    (void)number;
    child = fork();
    if (!child)
        _exit(42);
}

static void leave(int number) {
    (void)number;
    _exit(5);
}

// The handler runs while this rank waits in MPI_Recv.
static void receive_and_be_interrupted(void (*handler)(int)) {
    const struct itimerval soon = {{0, 0}, {0, 50000}};
    int data = rank, status = 0;

    signal(SIGALRM, handler);
    if (rank == 0) {
        setitimer(ITIMER_REAL, &soon, NULL);
        MPI_Recv(&data, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        waitpid(child, &status, 0);
        printf("received %d, child exited with %d\n", data, WEXITSTATUS(status));
    } else {
        usleep(handler == leave ? 20000000 : 400000);
        MPI_Send(&data, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
    }
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (!strcmp(argv[1], "stay"))
        start_child_that_stays(argv[2]);
    else
        receive_and_be_interrupted(!strcmp(argv[1], "fork") ? fork_and_exit : leave);
    MPI_Finalize();
    return 0;
}
