// SPDX-License-Identifier: Apache-2.0
// Start and end of the process: constructor, exit, and the exits that bypass exit.
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/guard.h"
#include "common/real.h"
#include "preload/export.h"
#include "preload/process.h"

static void end_by_exit(int status, void *unused);

// Before the poison: the one registration that tells the exit status whoever calls exit, also
// err(3) and error(3), where no wrapper sees it. Made first, it runs last, after all destructors.
// It takes one of the C library's static slots: nothing is allocated.
//
// Threads that call exit at once take turns at the list, and who finds it empty ends the process
// while another is still at its record: so there is one for each of several, and whoever comes
// second waits.
#define EXITS_AT_ONCE 8

static void watch_exit(void) {
    for (int i = 0; i < EXITS_AT_ONCE; i++)
        on_exit(end_by_exit, NULL);
}

#include "common/poison.h"

static __attribute__((constructor)) void begin(int argc, char **argv, char **envp) {
    int saved = epmt_enter();

    epmt_process_begin(argc, argv, envp);
    if (epmt_self.life == EPMT_LIFE_READY)
        watch_exit();
    epmt_leave(saved);
}

static void end(int status) {
    int saved = epmt_enter();

    if (epmt_process_standing() == EPMT_MINE)
        epmt_process_end(EPMT_STATE_exited, status & 0xff); // what a parent sees of it
    epmt_leave(saved);
}

static void end_by_exit(int status, void *unused) {
    (void)unused;
    // All but the first have nothing to say, and in general nobody to wait for.
    if (epmt_self.life != EPMT_LIFE_DONE || atomic_load(&epmt_self.lock.holder))
        end(status);
}

void (*epmt_real_exit(void))(int) {
    EPMT_REAL(_exit);

    return real;
}

static _Noreturn void leave(void (*real)(int), int status) {
    if (real)
        real(status);
    for (;;)
        syscall(SYS_exit_group, status);
}

EPMT_EXPORT void _exit(int status) {
    end(status);
    leave(epmt_real_exit(), status);
}

EPMT_EXPORT void _Exit(int status) {
    EPMT_REAL(_Exit);

    end(status);
    leave(real, status);
}

// The handlers of at_quick_exit run after our record: what they do is not in it.
EPMT_EXPORT void quick_exit(int status) {
    EPMT_REAL(quick_exit);

    end(status);
    leave(real, status);
}
