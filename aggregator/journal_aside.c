// SPDX-License-Identifier: Apache-2.0
// The child is made without an exit signal: no handler of the program runs, and no wait of the
// program's finds it. It is gone when the call returns, and leaves nothing but its CPU time in
// RUSAGE_CHILDREN.
#include "aggregator/journal_aside.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aggregator/journal.h"
#include "common/guard.h"
#include "common/prim.h"

#include "common/poison.h"

// Two paths, and what the calls between them need.
#define STACK_LEN 32768

struct order {
    const char *path;
    size_t shared;
    const void *fragment;
    size_t len;
    int status;
};

static void raise_limit(int resource) {
    struct rlimit limit;

    if (syscall(SYS_prlimit64, 0, resource, NULL, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    syscall(SYS_prlimit64, 0, resource, &limit, NULL);
}

// Descriptors and limits are the child's own: nothing of the program's is closed by closing. First
// without.
static int append(void *argument) {
    struct order *order = argument;

    raise_limit(RLIMIT_FSIZE);
    raise_limit(RLIMIT_NOFILE);
    order->status = -EMFILE;
    for (int fd = 2; order->status == -EMFILE && fd < 1024; fd++) {
        if (fd == 2 || !epmt_prim_close(fd))
            order->status =
                epmt_journal_append(order->path, order->shared, order->fragment, order->len);
    }
    syscall(SYS_exit, 0);
    return 0;
}

int epmt_journal_append_aside(const char *path, size_t shared, const void *fragment, size_t len) {
    static _Alignas(64) char stack[STACK_LEN];
    static struct epmt_lock busy; // the stack is
    struct order order = {path, shared, fragment, len, -EAGAIN};
    int saved = errno;

    if (!epmt_lock_take(&busy))
        return order.status;
    pid_t child = clone(append, stack + sizeof stack, CLONE_VM | CLONE_VFORK, &order);
    if (child > 0)
        syscall(SYS_wait4, child, NULL, __WCLONE, NULL);
    else
        order.status = -errno;
    errno = saved;
    epmt_lock_release(&busy);
    return order.status;
}
