// SPDX-License-Identifier: Apache-2.0
// Start and end of the process: constructor, exit, and the exits that bypass exit, bare system
// calls by syscall(2) among them.
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/bare_call.h"
#include "common/guard.h"
#include "common/prim.h"
#include "common/real.h"
#include "preload/export.h"
#include "preload/process.h"
#include "preload/threads.h"
#include "preload/unbegun.h"

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

#if EPMT_HAS_BARE_CALL
static __attribute__((noinline, cold)) long end_by_call(long number, long status) {
    bool alone = epmt_threads_alone() && !epmt_unbegun_count();

    if (number == SYS_exit_group || (alone && epmt_prim_gettid() == epmt_prim_getpid()))
        end((int)status);
    return epmt_bare_call(number, status, 0, 0, 0, 0, 0);
}

static __attribute__((noinline, cold)) long refused(long result) {
    errno = (int)-result;
    return -1;
}

EPMT_EXPORT long epmt_syscall(long number, long a, long b, long c, long d, long e,
                              long f) __asm__("syscall");

// As the C library's, and like it without a frame: a child of a bare vfork returns from it before
// its parent does. Whoever stands behind us is not looked up, which would take locks: this may be a
// signal handler, or a program's own malloc at its first breath.
EPMT_EXPORT long epmt_syscall(long number, long a, long b, long c, long d, long e, long f) {
    if (__builtin_expect(number == SYS_exit_group || number == SYS_exit, 0))
        return end_by_call(number, a);
    long result = epmt_bare_call(number, a, b, c, d, e, f);
    if (__builtin_expect((unsigned long)result >= -4095UL, 0))
        return refused(result);
    return result;
}
#endif

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
