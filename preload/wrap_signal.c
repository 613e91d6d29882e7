// SPDX-License-Identifier: Apache-2.0
// Fatal signals: where the disposition is the default one, and that kills, our handler writes the
// final record and lets the process die as it would have. The program does not see it: it is told
// SIG_DFL, and what it sets itself is set bit for bit. The handler runs on the stack of whom it
// meets, never on an alternate one, which is the program's and may be small; a stack that has
// overflowed therefore kills without a final record.
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/guard.h"
#include "common/prim.h"
#include "common/real.h"
#include "preload/crash.h"
#include "preload/export.h"
#include "preload/process.h"
#include "preload/signals.h"

#include "common/poison.h"

// Signals that kill by default and can be caught; real-time signals are the program's business.
static const int fatal[] = {SIGSEGV,   SIGBUS,  SIGFPE,    SIGILL,  SIGABRT, SIGSYS,
                            SIGTRAP,   SIGTERM, SIGINT,    SIGHUP,  SIGQUIT, SIGXCPU,
                            SIGXFSZ,   SIGUSR1, SIGUSR2,   SIGALRM, SIGPIPE, SIGPROF,
                            SIGVTALRM, SIGIO,   SIGSTKFLT, SIGPWR};
#define FATAL_COUNT (sizeof fatal / sizeof *fatal)

// What the program set where the kernel has our handler.
static struct sigaction believed[FATAL_COUNT];

// Not in the first process of a pid namespace: the kernel spares it a signal whose disposition is
// the default one, but would run our handler.
static bool watching;

// The index of a signal in the list, or -1.
static int index_of(int number) {
    for (unsigned i = 0; i < FATAL_COUNT; i++) {
        if (fatal[i] == number)
            return (int)i;
    }
    return -1;
}

static int kernel_sigaction(int number, const struct sigaction *act, struct sigaction *old) {
    EPMT_REAL(sigaction);

    if (!real) {
        errno = ENOSYS;
        return -1;
    }
    return real(number, act, old);
}

// A fault happens again by itself when the handler returns, in the frame where it was. A trap does
// not: the program would go on behind it.
static bool is_fault(int number, const siginfo_t *info) {
    return info->si_code > 0 && (number == SIGSEGV || number == SIGFPE || number == SIGILL ||
                                 (number == SIGBUS && info->si_code != BUS_MCEERR_AO));
}

// A fault of the program; MPI's and Fortran's own handlers report it and send it again.
static bool is_crash(int number) {
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL ||
           number == SIGTRAP || number == SIGABRT || number == SIGSYS;
}

static void on_fatal(int number, siginfo_t *info, void *context) {
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    int saved = epmt_enter();

    if (epmt_process_standing() == EPMT_MINE) {
        if (is_crash(number))
            epmt_self.crash_len =
                epmt_crash_stack(context, epmt_self.crash, sizeof epmt_self.crash);
        epmt_process_end(EPMT_STATE_signaled, number);
    }
    kernel_sigaction(number, &by_default, NULL);
    // A fault happens again by itself, in the frame where it was. What was sent is sent again, with
    // what it carried; it waits until the handler returns.
    pid_t pid = epmt_prim_getpid(), tid = epmt_prim_gettid();
    if (!is_fault(number, info) && syscall(SYS_rt_tgsigqueueinfo, pid, tid, number, info))
        syscall(SYS_tgkill, pid, tid, number);
    epmt_leave(saved);
}

// True for what exec leaves: no flags, no mask (of which the kernel knows the first word).
static bool is_plain(const struct sigaction *action) {
    uint64_t mask;

    memcpy(&mask, &action->sa_mask, sizeof mask);
    return !action->sa_flags && !mask;
}

// Puts our handler where the disposition is the default one.
static void adopt(int i) {
    struct sigaction ours = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO};
    struct sigaction before;

    sigfillset(&ours.sa_mask);
    if (kernel_sigaction(fatal[i], &ours, &before))
        return;
    if (before.sa_handler == SIG_DFL) {
        // As a rule there is nothing to note, and a page that is never written.
        if (!is_plain(&before) || !is_plain(&believed[i]))
            believed[i] = before;
    } else if (before.sa_sigaction != on_fatal) {
        // Ignored (nohup), or a library's that began before us.
        kernel_sigaction(fatal[i], &before, NULL);
    }
}

void epmt_signals_begin(void) {
    watching = epmt_self.pid != 1;
    for (unsigned i = 0; watching && i < FATAL_COUNT; i++)
        adopt((int)i);
}

void epmt_signals_end(void) {
    struct sigaction now;

    watching = false;
    for (unsigned i = 0; i < FATAL_COUNT; i++) {
        if (!kernel_sigaction(fatal[i], NULL, &now) && now.sa_sigaction == on_fatal)
            kernel_sigaction(fatal[i], &believed[i], NULL);
    }
}

// After the program has set a disposition: if that is the default one, ours again. Not in a vfork
// child: what the parent believes is not its to change.
static void changed(int number) {
    int i = index_of(number);
    struct sigaction now;
    int saved = epmt_enter();

    if (i >= 0 && watching && epmt_self.life == EPMT_LIFE_READY &&
        epmt_process_standing() == EPMT_MINE && !kernel_sigaction(number, NULL, &now) &&
        now.sa_handler == SIG_DFL)
        adopt(i);
    epmt_leave(saved);
}

EPMT_EXPORT int sigaction(int number, const struct sigaction *act, struct sigaction *old) {
    int i = index_of(number);
    struct sigaction before;
    bool set = act != NULL; // act and old may be the same

    if (i < 0)
        return kernel_sigaction(number, act, old);
    int status = kernel_sigaction(number, act, &before);
    if (!status && old)
        *old = before.sa_sigaction == on_fatal ? believed[i] : before;
    if (!status && set)
        changed(number);
    return status;
}

typedef void (*handler_f)(int);

static handler_f set_handler(handler_f (*real)(int, handler_f), int number, handler_f handler) {
    handler_f ours, before;
    void (*three)(int, siginfo_t *, void *) = on_fatal;

    if (!real) {
        errno = ENOSYS;
        return SIG_ERR;
    }
    memcpy(&ours, &three, sizeof ours);
    before = real(number, handler);
    if (before == ours)
        before = SIG_DFL;
    if (before != SIG_ERR)
        changed(number);
    return before;
}

#define WRAP(name)                                              \
    EPMT_EXPORT handler_f name(int number, handler_f handler) { \
        EPMT_REAL(name);                                        \
        return set_handler(real, number, handler);              \
    }

handler_f bsd_signal(int number, handler_f handler);

WRAP(signal)
WRAP(bsd_signal)
WRAP(ssignal)
WRAP(sysv_signal)
WRAP(__sysv_signal)
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
WRAP(sigset)
