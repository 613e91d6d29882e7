// SPDX-License-Identifier: Apache-2.0
// A program in which one rank meets a fault: fault MODE RANK [DIRECTORY]. Each rank says that it
// has begun, and that it finalized where it did.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <mpi.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int rank, size;

static void nap(int ms) {
    struct timespec span = {ms / 1000, (long)(ms % 1000) * 1000000};

    while (nanosleep(&span, &span) && errno == EINTR)
        continue;
}

static void say(const char *what) {
    char line[64];
    int n = snprintf(line, sizeof line, "rank %d %s\n", rank, what);

    if (write(1, line, (size_t)n) != n)
        _exit(9);
}

// Sends a signal to this process after a time, and another one after a further time. Raw system
// calls: the process that does it is not to be recorded.
static void send_later(int ms, int first, int then_ms, int second) {
    pid_t self = getpid();

    if (syscall(SYS_fork))
        return;
    nap(ms);
    kill(self, first);
    if (second) {
        nap(then_ms);
        kill(self, second);
    }
    syscall(SYS_exit_group, 0);
}

// No more address space than there is, as a rank that has used all of it.
static void take_memory(void) {
    struct rlimit limit;
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file && fscanf(file, "%ld", &pages) == 1) {
        getrlimit(RLIMIT_AS, &limit);
        limit.rlim_cur = (rlim_t)pages * 4096;
        setrlimit(RLIMIT_AS, &limit);
    }
    if (file)
        fclose(file);
}

// Whatever would make a process fails.
static void forbid_processes(void) {
    static struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_vfork, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fork, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        _exit(9);
}

// The user has as many processes as it may have. (root may have more, whatever the limit.)
static void allow_no_process(void) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NPROC, &limit))
        _exit(9);
    limit.rlim_cur = 1;
    if (setrlimit(RLIMIT_NPROC, &limit) || fork() >= 0)
        _exit(9);
}

static int die(MPI_Comm comm, int key, void *value, void *extra) {
    (void)comm, (void)key, (void)value, (void)extra;
    raise(SIGKILL);
    return MPI_SUCCESS;
}

// Dies in MPI_Finalize, which takes the attributes of MPI_COMM_SELF away first.
static void die_in_finalize(void) {
    int key;

    MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, die, &key, NULL);
    MPI_Comm_set_attr(MPI_COMM_SELF, key, NULL);
}

static void run(const char *program, const char *option, const char *dir) {
    pid_t pid = fork();

    if (!pid) {
        unsetenv("LD_PRELOAD");
        execlp(program, program, option, dir, (char *)NULL);
        _exit(9);
    }
    waitpid(pid, NULL, 0);
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "none";
    MPI_Request request;

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    bool here = argc > 2 && (atoi(argv[2]) == rank || atoi(argv[2]) < 0);
    say("begins");
    MPI_Barrier(MPI_COMM_WORLD);
    // Ranks that have left the barrier may not have said so yet.
    nap(100);
    if (!strcmp(mode, "late") && here)
        nap(700);
    if (!strcmp(mode, "vanish") && here)
        run("rm", "-rf", argv[3]);
    if (!strcmp(mode, "readonly") && here)
        run("mount", "-oremount,ro", argv[3]);
    if (!strcmp(mode, "vanish") || !strcmp(mode, "readonly"))
        nap(300);
    if (!strcmp(mode, "wait"))
        nap(20000);
    if (!strcmp(mode, "waitdie")) { // waits in MPI_Finalize for the others, and dies there
        if (here)
            send_later(300, SIGKILL, 0, 0);
        else
            nap(1500);
    }
    if (here) {
        if (!strcmp(mode, "memory"))
            take_memory();
        else if (!strcmp(mode, "spawn"))
            forbid_processes();
        else if (!strcmp(mode, "nproc"))
            allow_no_process();
        else if (!strcmp(mode, "stop"))
            send_later(0, SIGSTOP, 600, SIGCONT);
        else if (!strcmp(mode, "longstop"))
            send_later(0, SIGSTOP, 4500, SIGCONT);
        else if (!strcmp(mode, "kill"))
            raise(SIGKILL);
        else if (!strcmp(mode, "abort"))
            MPI_Abort(MPI_COMM_WORLD, 7);
        else if (!strcmp(mode, "exit"))
            exit(3);
        else if (!strcmp(mode, "infinalize"))
            die_in_finalize();
        else if (!strcmp(mode, "unmatched")) // a collective of which nobody else is a part
            MPI_Ibarrier(MPI_COMM_WORLD, &request);
    }
    if (!strcmp(mode, "stop") || !strcmp(mode, "longstop"))
        nap(50);
    MPI_Finalize();
    say("finalized");
    return 0;
}
