// SPDX-License-Identifier: Apache-2.0
// The C library functions that libepmt.so replaces; MPI's are in pmpi/functions.h. A lint test
// holds the exports of the library against both lists. X(name)
#ifndef EPMT_PRELOAD_WRAPPED_H
#define EPMT_PRELOAD_WRAPPED_H

#define EPMT_WRAPPED(X) \
    X(fork)             \
    X(_Fork)            \
    X(forkpty)          \
    X(clone)            \
    X(execve)           \
    X(execv)            \
    X(execvp)           \
    X(execvpe)          \
    X(execl)            \
    X(execlp)           \
    X(execle)           \
    X(fexecve)          \
    X(execveat)         \
    X(posix_spawn)      \
    X(posix_spawnp)     \
    X(system)           \
    X(popen)            \
    X(daemon)           \
    X(_exit)            \
    X(_Exit)            \
    X(quick_exit)       \
    X(syscall)          \
    X(pthread_create)   \
    X(thrd_create)      \
    X(sigaction)        \
    X(signal)           \
    X(bsd_signal)       \
    X(ssignal)          \
    X(sysv_signal)      \
    X(__sysv_signal)    \
    X(sigset)           \
    X(sigaltstack)      \
    X(wait)             \
    X(waitpid)          \
    X(wait3)            \
    X(wait4)            \
    X(waitid)

#endif
