// SPDX-License-Identifier: Apache-2.0
// The one place that makes system calls for the guest.
#include "common/prim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/bare_call.h"
#include "common/hot.h"

#include "common/poison.h"

static inline long call(long number, long a, long b, long c, long d, long e, long f) {
#if EPMT_HAS_BARE_CALL
    return epmt_bare_call(number, a, b, c, d, e, f);
#else
    int saved = errno;
    long result = syscall(number, a, b, c, d, e, f);
    if (result == -1) { // syscall(2) sets errno; it is put back
        result = -errno;
        errno = saved;
    }
    return result;
#endif
}

#define CALL0(n) call(n, 0, 0, 0, 0, 0, 0)
#define CALL1(n, a) call(n, (long)(a), 0, 0, 0, 0, 0)
#define CALL2(n, a, b) call(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(n, a, b, c) call(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL4(n, a, b, c, d) call(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

int epmt_prim_openat(int dir, const char *path, int flags, int mode) {
    int fd = (int)CALL4(SYS_openat, dir, path, flags, mode);

    if (fd < 0 || fd > 2)
        return fd;
    int above = (int)CALL3(SYS_fcntl, fd, flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 3);
    epmt_prim_close(fd);
    return above;
}

int epmt_prim_open(const char *path, int flags, int mode) {
    return epmt_prim_openat(AT_FDCWD, path, flags, mode);
}

int epmt_prim_close(int fd) {
    return (int)CALL1(SYS_close, fd);
}

ssize_t epmt_prim_read(int fd, void *data, size_t len) {
    return CALL3(SYS_read, fd, data, len);
}

ssize_t epmt_prim_pread(int fd, void *data, size_t len, uint64_t at) {
    return CALL4(SYS_pread64, fd, data, len, at);
}

ssize_t epmt_prim_write(int fd, const void *data, size_t len) {
    return CALL3(SYS_write, fd, data, len);
}

int epmt_prim_dup_above(int fd, int least) {
    return (int)CALL3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, least);
}

int epmt_prim_ioctl(int fd, unsigned long request, void *argument) {
    return (int)CALL3(SYS_ioctl, fd, request, argument);
}

int epmt_prim_perf_event_open(const void *attr, unsigned long flags) {
    return (int)call(SYS_perf_event_open, (long)attr, 0, -1, -1, (long)flags, 0);
}

int epmt_prim_fd_limit(void) {
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};

    if (CALL4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) || limit.rlim_cur > INT32_MAX)
        return INT32_MAX;
    return (int)limit.rlim_cur;
}

ssize_t epmt_prim_send(int fd, const void *data, size_t len) {
    return call(SYS_sendto, fd, (long)data, (long)len, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
}

int epmt_prim_fstat(int fd, struct stat *st) {
#ifdef SYS_fstat // has no path to look at
    return (int)CALL2(SYS_fstat, fd, st);
#else
    return (int)CALL4(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH);
#endif
}

int epmt_prim_stat(const char *path, struct stat *st) {
    return (int)CALL4(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

int epmt_prim_access(const char *path) {
    return (int)CALL3(SYS_faccessat, AT_FDCWD, path, F_OK);
}

int epmt_prim_flock(int fd, int operation) {
    return (int)CALL2(SYS_flock, fd, operation);
}

int epmt_prim_mkdir(const char *path, int mode) {
    return (int)CALL3(SYS_mkdirat, AT_FDCWD, path, mode);
}

int epmt_prim_chmod(const char *path, int mode) {
    return (int)CALL3(SYS_fchmodat, AT_FDCWD, path, mode);
}

int epmt_prim_rename(const char *from, const char *to) {
    return (int)call(SYS_renameat2, AT_FDCWD, (long)from, AT_FDCWD, (long)to, 0, 0);
}

int epmt_prim_unlink(const char *path) {
    return (int)CALL3(SYS_unlinkat, AT_FDCWD, path, 0);
}

int epmt_prim_rmdir(const char *path) {
    return (int)CALL3(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

ssize_t epmt_prim_readlink(const char *path, char *data, size_t cap) {
    return CALL4(SYS_readlinkat, AT_FDCWD, path, data, cap);
}

ssize_t epmt_prim_getcwd(char *path, size_t cap) {
    return CALL2(SYS_getcwd, path, cap);
}

int epmt_prim_fsync(int fd) {
    return (int)CALL1(SYS_fsync, fd);
}

ssize_t epmt_prim_getdents(int fd, void *data, size_t len) {
    return call(SYS_getdents64, fd, (long)data, (long)len, 0, 0, 0);
}

int epmt_prim_uname(struct utsname *name) {
    return (int)CALL1(SYS_uname, name);
}

pid_t epmt_prim_getpid(void) {
    return (pid_t)CALL0(SYS_getpid);
}

pid_t epmt_prim_gettid(void) {
    return (pid_t)CALL0(SYS_gettid);
}

pid_t epmt_prim_getppid(void) {
    return (pid_t)CALL0(SYS_getppid);
}

uid_t epmt_prim_exec_euid(void) {
    static EPMT_HOT(1) struct {
        uid_t uid;
        bool known;
    } euid; // the same whoever finds it

    if (!euid.known) {
        euid.uid = (uid_t)getauxval(AT_EUID);
        euid.known = true;
    }
    return euid.uid;
}

pid_t epmt_prim_getsid(void) {
    return (pid_t)CALL1(SYS_getsid, 0);
}

int epmt_prim_getrusage(int who, struct rusage *usage) {
    return (int)CALL2(SYS_getrusage, who, usage);
}

void *epmt_prim_map(size_t len) {
    long at =
        call(SYS_mmap, 0, (long)len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at < 0 && at > -4096 ? NULL : (void *)at;
}

void *epmt_prim_map_file(int fd, size_t len, int *error) {
    long at = call(SYS_mmap, 0, (long)len, PROT_READ, MAP_PRIVATE, fd, 0);

    *error = at < 0 && at > -4096 ? (int)at : 0;
    return *error ? NULL : (void *)at;
}

int epmt_prim_wipe_on_fork(void *at, size_t len) {
    return (int)CALL3(SYS_madvise, at, len, MADV_WIPEONFORK);
}

// An address that no area can have: the kernel finds that it is not the one that it knows (EINVAL)
// or, where it knows none, that it is no address of a program's (EFAULT).
bool epmt_prim_has_rseq(void) {
#if defined SYS_rseq && (defined __x86_64__ || defined __aarch64__)
    return CALL4(SYS_rseq, -4096, 32, 0, 0) == -EINVAL;
#else
    return false;
#endif
}

void epmt_prim_unmap(void *at, size_t len) {
    CALL2(SYS_munmap, at, len);
}

void epmt_prim_drop(const void *at, size_t len) {
    CALL3(SYS_madvise, at, len, MADV_DONTNEED);
}

// The kernel's signal sets have one bit per signal.
#define KERNEL_SET_LEN 8

uint64_t epmt_prim_signals_block(void) {
    uint64_t all = UINT64_MAX, before = 0;

    CALL4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, KERNEL_SET_LEN);
    return before;
}

void epmt_prim_signals_restore(uint64_t before) {
    CALL4(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, KERNEL_SET_LEN);
}

int epmt_prim_sigaction(int number, const struct epmt_kernel_sigaction *action,
                        struct epmt_kernel_sigaction *before) {
    return (int)CALL4(SYS_rt_sigaction, number, action, before, KERNEL_SET_LEN);
}

int epmt_prim_sigaltstack(const stack_t *stack, stack_t *before) {
    return (int)CALL2(SYS_sigaltstack, stack, before);
}

bool epmt_prim_is_readable(const void *address) {
    const int neither_block_nor_unblock = -1;
    uintptr_t at = (uintptr_t)address & ~(uintptr_t)(KERNEL_SET_LEN - 1);

    // The kernel reads the set before it looks at what to do with it.
    return CALL4(SYS_rt_sigprocmask, neither_block_nor_unblock, at, NULL, KERNEL_SET_LEN) !=
           -EFAULT;
}

void epmt_prim_signal_take(int number) {
    const struct timespec at_once = {0, 0};
    uint64_t set = UINT64_C(1) << (number - 1);

    CALL4(SYS_rt_sigtimedwait, &set, NULL, &at_once, KERNEL_SET_LEN);
}

void epmt_prim_yield(void) {
    CALL0(SYS_sched_yield);
}

void epmt_prim_sleep(const struct timespec *span) {
    CALL4(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, span, NULL);
}

static uint64_t nanoseconds(const struct timespec *t) {
    return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

uint64_t epmt_prim_clock_ns(clockid_t clock) {
    struct timespec now = {0, 0};

    clock_gettime(clock, &now);
    return nanoseconds(&now);
}

uint64_t epmt_prim_clock_ns_by_call(clockid_t clock) {
    struct timespec now = {0, 0};

    CALL2(SYS_clock_gettime, clock, &now);
    return nanoseconds(&now);
}
