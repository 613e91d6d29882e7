// SPDX-License-Identifier: Apache-2.0
// Children that share nothing with their parent: each is made a process of its own as soon as it
// runs. vfork is left alone, and so is clone with shared memory.
#include <errno.h>
#include <pty.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include "common/guard.h"
#include "common/prim.h"
#include "common/real.h"
#include "preload/export.h"
#include "preload/process.h"
#include "preload/threads.h"
#include "preload/wait.h"

#include "common/poison.h"

static int missing(void) {
    errno = ENOSYS;
    return -1;
}

// image: of the parent, before it forked.
static pid_t forked(pid_t pid, uint64_t image) {
    int saved = epmt_enter();

    if (pid == 0)
        epmt_process_forked(image);
    epmt_leave(saved);
    return pid;
}

EPMT_EXPORT pid_t fork(void) {
    EPMT_REAL(fork);
    uint64_t image = epmt_self.image;

    epmt_real_exit(); // found once here, and not in each child
    epmt_wait_find();
    return real ? forked(real(), image) : missing();
}

EPMT_EXPORT pid_t _Fork(void) {
    EPMT_REAL(_Fork);
    uint64_t image = epmt_self.image;

    return real ? forked(real(), image) : missing();
}

EPMT_EXPORT int forkpty(int *terminal, char *name, const struct termios *attributes,
                        const struct winsize *size) {
    EPMT_REAL(forkpty);
    uint64_t image = epmt_self.image;

    return real ? forked(real(terminal, name, attributes, size), image) : missing();
}

// What the child of clone is to run. It has the parent's stack as it was.
struct cloned {
    int (*routine)(void *);
    void *argument;
    uint64_t image;
};

// The C library ends a child that returns by a bare system call.
static int run_cloned(void *argument) {
    const struct cloned *cloned = argument;

    forked(0, cloned->image);
    int status = cloned->routine(cloned->argument);
    int saved = epmt_enter();
    if (epmt_process_standing() == EPMT_MINE && epmt_threads_alone())
        epmt_process_end(EPMT_STATE_exited, status & 0xff);
    epmt_leave(saved);
    return status;
}

EPMT_EXPORT int clone(int (*routine)(void *), void *stack, int flags, void *argument, ...) {
    EPMT_REAL(clone);
    const int takes[3] = {CLONE_PARENT_SETTID | CLONE_PIDFD, CLONE_SETTLS,
                          CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID};
    struct cloned cloned = {routine, argument, epmt_self.image};
    void *more[3] = {NULL, NULL, NULL};
    int count = 0;
    va_list list;

    for (int i = 0; i < 3; i++)
        count = flags & takes[i] ? i + 1 : count;
    va_start(list, argument);
    for (int i = 0; i < count; i++)
        more[i] = va_arg(list, void *);
    va_end(list);
    if (!real)
        return missing();
    if (routine && !(flags & CLONE_VM))
        return real(run_cloned, stack, flags, &cloned, more[0], more[1], more[2]);
    return real(routine, stack, flags, argument, more[0], more[1], more[2]);
}

// The C library forks inside, and the parent ends where no wrapper sees it.
EPMT_EXPORT int daemon(int stay, int keep) {
    EPMT_REAL(daemon);
    uint64_t image = epmt_self.image;
    int saved = epmt_enter();
    bool mine = epmt_process_standing() == EPMT_MINE;

    if (mine)
        epmt_process_leaving(EPMT_STATE_exited, 0);
    epmt_leave(saved);
    if (!real) {
        errno = ENOSYS;
        return -1;
    }
    int status = real(stay, keep);
    saved = epmt_enter();
    // Back in the child, or still here: a failure.
    if (mine && epmt_prim_getpid() != epmt_self.pid)
        epmt_process_forked(image);
    if (mine && status && epmt_process_standing() == EPMT_MINE)
        epmt_process_stayed();
    epmt_leave(saved);
    return status;
}
