// SPDX-License-Identifier: Apache-2.0
// A program that minds its children: MPI_Finalize must bring it none, no signal of one, no SIGPIPE,
// and next to nothing in RUSAGE_CHILDREN. With an argument the program has a child of its own
// meanwhile, which is its and nobody else's to wait for.
#include <errno.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t signals;

static void count(int number) {
    (void)number;
    signals++;
}

// CPU time in ms, page faults and I/O of children that were waited for: a writer takes 10 and more
// of each. (The peak memory is this program's own: the one in between shares it.)
static long used(void) {
    struct rusage usage;

    getrusage(RUSAGE_CHILDREN, &usage);
    return (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 5000 + usage.ru_minflt / 5 +
           usage.ru_inblock + usage.ru_oublock;
}

int main(int argc, char **argv) {
    static const int others[] = {SIGPIPE, SIGUSR1, SIGALRM, SIGIO};
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
    long before = used();
    signal(SIGCHLD, count);
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        signal(others[i], count);
    MPI_Finalize();
    if (rank)
        return 0;
    int seen = signals;
    pid_t pid = waitpid(-1, NULL, __WALL | WNOHANG);
    const char *children = pid < 0 && errno == ECHILD ? "no child" : pid ? "a child" : "its own";
    long more = used() - before;
    if (own > 0) {
        close(ends[1]);
        pid = waitpid(-1, &status, 0);
        if (pid != own || !WIFEXITED(status) || WEXITSTATUS(status) != 7 || signals != seen + 1)
            children = "not its own child";
    }
    printf("%d signals, %s, %ld more used by children\n", seen, children, more);
    return 0;
}
