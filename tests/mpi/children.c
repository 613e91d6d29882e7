// SPDX-License-Identifier: Apache-2.0
// A program that minds its children: MPI_Finalize must bring it none, no signal of one, no SIGPIPE,
// and nothing in RUSAGE_CHILDREN. With an argument the program has a child of its own
// meanwhile, which is its and nobody else's to wait for.
#include <errno.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t signals;

static void count(int number) {
    (void)number;
    signals++;
}

int main(int argc, char **argv) {
    static const int others[] = {SIGPIPE, SIGUSR1, SIGALRM, SIGIO};
    struct rusage before, after;
    int rank, status = 0, ends[2];
    pid_t own = -1;
    char byte = 0;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (argc > 1 && rank == 0 && !pipe(ends)) {
        own = fork();
        if (!own) {
            close(ends[1]);
            _exit(read(ends[0], &byte, 1) == 0 ? 7 : 1);
        }
    }
    getrusage(RUSAGE_CHILDREN, &before);
    signal(SIGCHLD, count);
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        signal(others[i], count);
    MPI_Finalize();
    if (rank)
        return 0;
    int seen = signals;
    pid_t pid = waitpid(-1, NULL, WNOHANG);
    const char *children = pid < 0 && errno == ECHILD ? "no child" : pid ? "a child" : "its own";
    getrusage(RUSAGE_CHILDREN, &after);
    if (own > 0) {
        close(ends[1]);
        pid = waitpid(-1, &status, 0);
        if (pid != own || !WIFEXITED(status) || WEXITSTATUS(status) != 7 || signals != seen + 1)
            children = "not its own child";
    }
    printf("%d signals, %s, %s used by children\n", seen, children,
           memcmp(&before, &after, sizeof after) ? "something" : "nothing");
    return 0;
}
