// SPDX-License-Identifier: Apache-2.0
// Operating-system primitives as raw system calls: they reach the kernel even where the program or
// another tool replaces open, write or close, they are no cancellation points, and they never
// touch errno. Return: >= 0, or -errno.
#ifndef EPMT_COMMON_PRIM_H
#define EPMT_COMMON_PRIM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <time.h>

// Never a descriptor of 0 to 2: a program that closed one of these must not write into our file.
int epmt_prim_open(const char *path, int flags, int mode);
int epmt_prim_openat(int dir, const char *path, int flags, int mode);
int epmt_prim_close(int fd);
ssize_t epmt_prim_read(int fd, void *data, size_t len);
ssize_t epmt_prim_pread(int fd, void *data, size_t len, uint64_t at);
ssize_t epmt_prim_write(int fd, const void *data, size_t len);
// The descriptor once more, with the least free number from least on, closed on exec.
int epmt_prim_dup_above(int fd, int least);
int epmt_prim_ioctl(int fd, unsigned long request, void *argument);
// A counter of the calling thread on any CPU.
int epmt_prim_perf_event_open(const void *attr, unsigned long flags);
// The limit on numbers of descriptors.
int epmt_prim_fd_limit(void);
// Sends on a socket without SIGPIPE and without waiting.
ssize_t epmt_prim_send(int fd, const void *data, size_t len);
int epmt_prim_fstat(int fd, struct stat *st);
int epmt_prim_stat(const char *path, struct stat *st);
int epmt_prim_access(const char *path);
int epmt_prim_flock(int fd, int operation);
int epmt_prim_mkdir(const char *path, int mode);
int epmt_prim_chmod(const char *path, int mode);
int epmt_prim_rename(const char *from, const char *to);
int epmt_prim_unlink(const char *path);
int epmt_prim_rmdir(const char *path);
ssize_t epmt_prim_readlink(const char *path, char *data, size_t cap);
int epmt_prim_fsync(int fd);
// Entries of a directory, as struct dirent64.
ssize_t epmt_prim_getdents(int fd, void *data, size_t len);
// Length of the path with its NUL, or -errno.
ssize_t epmt_prim_getcwd(char *path, size_t cap);

int epmt_prim_uname(struct utsname *name);
pid_t epmt_prim_getpid(void);
pid_t epmt_prim_gettid(void);
pid_t epmt_prim_getppid(void);
pid_t epmt_prim_getsid(void);
int epmt_prim_getrusage(int who, struct rusage *usage);

// Anonymous zeroed private pages, or NULL.
void *epmt_prim_map(size_t len);
// A file's pages for reading, or NULL with *error = -errno.
void *epmt_prim_map_file(int fd, size_t len, int *error);
// The pages are zeroed in a child of fork.
int epmt_prim_wipe_on_fork(void *at, size_t len);
// Whether the kernel has an area for restartable sequences of this thread, as glibc gives it one
// from 2.35 on. Asks, and changes nothing.
bool epmt_prim_has_rseq(void);
void epmt_prim_unmap(void *at, size_t len);
// Gives pages of a file's mapping back; they are read again where they are touched again.
void epmt_prim_drop(const void *at, size_t len);

// Blocks all signals for this thread, also those that the C library keeps for itself
// (cancellation). Returns what was blocked before, for epmt_prim_signals_restore.
uint64_t epmt_prim_signals_block(void);
void epmt_prim_signals_restore(uint64_t before);

// The effective user that the program was started by. Remembered: the C library's list is on a page
// that a child of fork would have to map for it.
uid_t epmt_prim_exec_euid(void);

// A disposition as the kernel has it, not as the C library.
struct epmt_kernel_sigaction {
    union {
        void (*handler)(int);
        void (*action)(int, siginfo_t *, void *);
    };
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

// Sets it, where action is not NULL; before: as it was, or NULL.
int epmt_prim_sigaction(int number, const struct epmt_kernel_sigaction *action,
                        struct epmt_kernel_sigaction *before);
int epmt_prim_sigaltstack(const stack_t *stack, stack_t *before);
// Whether memory of the program can be read: the 8 bytes around the address.
bool epmt_prim_is_readable(const void *address);

// Takes a pending, blocked signal away; nothing where there is none.
void epmt_prim_signal_take(int number);

// Gives the CPU away.
void epmt_prim_yield(void);

// Sleeps; no cancellation point.
void epmt_prim_sleep(const struct timespec *span);

// Nanoseconds of the clock (vDSO, no system call in general).
uint64_t epmt_prim_clock_ns(clockid_t clock);
// The same by a system call: dearer than the vDSO, but for its first call, which touches two pages.
uint64_t epmt_prim_clock_ns_by_call(clockid_t clock);

#endif
