// SPDX-License-Identifier: Apache-2.0
// The child shares our memory until it execs (as with vfork), so that nothing is copied however
// large the program is. A child that execs sends SIGCHLD and answers to any wait, whatever exit
// signal it was made with; so it is made by one in between, which does neither since it ends
// without exec, and is nobody's child of ours afterwards. The one in between is not waited for:
// that would add what it used, and its peak memory, which is the program's own, to RUSAGE_CHILDREN.
// It stays as an entry of the process table until the program ends, which no wait of the program
// answers with (but one for the children of a bare clone, __WALL or __WCLONE). All signals are
// blocked meanwhile: a handler of the program must not run in the child.
#include "aggregator/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/prim.h"

#include "common/poison.h"

// Each of the two makes system calls only.
#define STACK_LEN ((size_t)16384)

// Most that is waited for the end of a writer that has answered.
#define END_NS UINT64_C(1000000000)

struct launch {
    const char *program;
    int socket;
    char *stack; // end of the writer's
    sigset_t all;
    volatile pid_t pid;
    volatile int failure; // errno of the clone or the exec
};

// The limits that the program set itself are not meant for the writer.
static void lift_limits(void) {
    static const int resources[] = {RLIMIT_AS, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_CPU,
                                    RLIMIT_NOFILE};
    struct rlimit limit;

    for (unsigned i = 0; i < sizeof resources / sizeof *resources; i++) {
        if (syscall(SYS_prlimit64, 0, resources[i], NULL, &limit))
            continue;
        limit.rlim_cur = limit.rlim_max;
        syscall(SYS_prlimit64, 0, resources[i], &limit, NULL);
    }
}

// Runs in the writer to be, in our memory: system calls only.
static int become_writer(void *argument) {
    static char path[] = "PATH=/usr/bin:/bin", locale[] = "LC_ALL=C";
    static char *const envp[] = {path, locale, NULL};
    struct launch *launch = argument;
    char *const argv[] = {(char *)(uintptr_t)launch->program, NULL};
    // The kernel's struct sigaction: handler, flags, restorer, mask.
    const unsigned long by_default[4] = {(unsigned long)SIG_DFL, 0, 0, 0};
    sigset_t none;

    for (int signal = 1; signal < 65; signal++)
        syscall(SYS_rt_sigaction, signal, by_default, NULL, 8);
    int null = epmt_prim_open("/dev/null", O_RDWR, 0);
    for (int fd = 1; fd <= 2; fd++)
        syscall(SYS_dup3, null, fd, 0);
    syscall(SYS_dup3, launch->socket, 0, 0);
    // Descriptors of the program would stay open as long as the writer works.
    if (syscall(SYS_close_range, 3, ~0U, 0)) {
        for (int fd = 3; fd < 1024; fd++)
            epmt_prim_close(fd);
    }
    lift_limits();
    memset(&none, 0, sizeof none);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
    syscall(SYS_execve, launch->program, argv, envp);
    launch->failure = errno;
    syscall(SYS_exit, 127);
    return 127;
}

// Runs in the child in between, in our memory too; it ends when the writer has its own.
static int make_writer(void *argument) {
    struct launch *launch = argument;

    launch->pid = clone(become_writer, launch->stack, CLONE_VM | CLONE_VFORK, launch);
    if (launch->pid < 0)
        launch->failure = errno;
    syscall(SYS_exit, 0);
    return 0;
}

// Never leaves one of the program's standard descriptors in our hands.
static int above_standard(int fd) {
    if (fd < 0 || fd > 2)
        return fd;
    int high = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
    epmt_prim_close(fd);
    return high < 0 ? -errno : high;
}

static int launch_child(struct epmt_writer *writer, const char *program, int socket) {
    struct launch launch = {.program = program, .socket = socket};
    static _Alignas(64) char stacks[2 * STACK_LEN]; // there even where no memory is left
    sigset_t before;

    launch.stack = stacks + 2 * STACK_LEN;
    memset(&launch.all, 0xff, sizeof launch.all);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &launch.all, &before, 8);
    pid_t between = clone(make_writer, stacks + STACK_LEN, CLONE_VM | CLONE_VFORK, &launch);
    int status = between < 0 ? -errno : -launch.failure;
    writer->pid = launch.pid;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
    return status;
}

int epmt_writer_start(struct epmt_writer *writer, const char *program, uint64_t until_ns) {
    int ends[2] = {-1, -1};
    int saved = errno;
    int status;

    *writer = (struct epmt_writer){.fd = -1, .until_ns = until_ns};
    if (syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
        status = -errno;
        errno = saved;
        return status;
    }
    ends[0] = above_standard(ends[0]);
    ends[1] = above_standard(ends[1]);
    status = ends[0] < 0 ? ends[0] : ends[1] < 0 ? ends[1] : launch_child(writer, program, ends[1]);
    if (ends[1] >= 0)
        epmt_prim_close(ends[1]);
    if (status && ends[0] >= 0)
        epmt_prim_close(ends[0]);
    if (!status)
        writer->fd = ends[0];
    errno = saved;
    return status;
}

// Waits until the socket is ready for events. Returns 0, or -ETIMEDOUT.
static int wait_ready(struct epmt_writer *writer, short events) {
    for (;;) {
        uint64_t now = epmt_prim_clock_ns(CLOCK_MONOTONIC);
        struct pollfd fd = {.fd = writer->fd, .events = events};
        if (now >= writer->until_ns)
            return -ETIMEDOUT;
        uint64_t left = writer->until_ns - now;
        struct timespec limit = {(time_t)(left / 1000000000u), (long)(left % 1000000000u)};
        int saved = errno;
        long ready = syscall(SYS_ppoll, &fd, 1, &limit, NULL, 8);
        errno = saved;
        if (ready > 0)
            return 0;
    }
}

int epmt_writer_put(struct epmt_writer *writer, const void *data, size_t len) {
    const char *at = data;

    while (len) {
        int status = wait_ready(writer, POLLOUT);
        if (status)
            return status;
        ssize_t n = epmt_prim_send(writer->fd, at, len);
        if (n == -EINTR || n == -EAGAIN)
            continue;
        if (n < 0)
            return (int)n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

// Waits until the writer has closed its end, as it does when it ends. Returns whether it has.
static bool has_ended(struct epmt_writer *writer, uint64_t limit_ns) {
    char rest[64];

    writer->until_ns = epmt_prim_clock_ns(CLOCK_MONOTONIC) + limit_ns;
    while (!wait_ready(writer, POLLIN)) {
        ssize_t n = epmt_prim_read(writer->fd, rest, sizeof rest);
        if (n <= 0 && n != -EINTR)
            return true;
    }
    return false;
}

static void end_writer(struct epmt_writer *writer, uint64_t limit_ns) {
    // As long as it has not closed its end its number is no other process's.
    if (!has_ended(writer, limit_ns))
        syscall(SYS_kill, writer->pid, SIGKILL);
    epmt_prim_close(writer->fd);
    writer->fd = -1;
}

void epmt_writer_abandon(struct epmt_writer *writer) {
    int saved = errno;

    if (writer->fd >= 0)
        end_writer(writer, 1000000);
    errno = saved;
}

ssize_t epmt_writer_answer(struct epmt_writer *writer, void *data, size_t cap) {
    size_t len = 0;
    int saved = errno;
    ssize_t status = 1;

    syscall(SYS_shutdown, writer->fd, SHUT_WR);
    while (status > 0 && len < cap) {
        status = wait_ready(writer, POLLIN);
        if (!status)
            status = epmt_prim_read(writer->fd, (char *)data + len, cap - len);
        len += status > 0 ? (size_t)status : 0;
        if (status == -EINTR)
            status = 1;
    }
    end_writer(writer, status < 0 ? 1000000 : END_NS);
    errno = saved;
    return status < 0 ? status : (ssize_t)len;
}

int epmt_writer_finish(struct epmt_writer *writer) {
    unsigned char verdict;
    int saved = errno;
    int status;

    syscall(SYS_shutdown, writer->fd, SHUT_WR);
    status = wait_ready(writer, POLLIN);
    if (!status) {
        ssize_t n = epmt_prim_read(writer->fd, &verdict, 1);
        status = n == 1 ? verdict : n < 0 ? (int)n : -EPIPE;
    }
    end_writer(writer, status < 0 ? 1000000 : END_NS);
    errno = saved;
    return status;
}
