// SPDX-License-Identifier: Apache-2.0
// Fatal signals: where the disposition is the default one, and that kills, our handler writes the
// final record and lets the process die as it would have. The program does not see it: it is told
// SIG_DFL, and what it sets itself is set bit for bit. The handler runs on the stack of whom it
// meets, never on an alternate one of the program's, which may be small; a stack that has
// overflowed therefore kills without a final record, unless there is one of ours (signal_stack.c).
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/guard.h"
#include "common/hot.h"
#include "common/prim.h"
#include "common/real.h"
#include "preload/crash.h"
#include "preload/export.h"
#include "preload/process.h"
#include "preload/signal_stack.h"
#include "preload/signals.h"

#include "common/poison.h"

// Signals that kill by default and can be caught; real-time signals are the program's business.
static const int fatal[] = {SIGSEGV,   SIGBUS,  SIGFPE,    SIGILL,  SIGABRT, SIGSYS,
                            SIGTRAP,   SIGTERM, SIGINT,    SIGHUP,  SIGQUIT, SIGXCPU,
                            SIGXFSZ,   SIGUSR1, SIGUSR2,   SIGALRM, SIGPIPE, SIGPROF,
                            SIGVTALRM, SIGIO,   SIGSTKFLT, SIGPWR};
#define FATAL_COUNT (sizeof fatal / sizeof *fatal)

// What the program set where the kernel has our handler.
// Written for few programs; so is the page, and none of it is read where the bit is not set.
static struct sigaction believed[FATAL_COUNT];
static EPMT_HOT(1) _Atomic uint32_t has_belief;

// Not in the first process of a pid namespace: the kernel spares it a signal whose disposition is
// the default one, but would run our handler.
static EPMT_HOT(1) bool watching;

// The index of a signal in the list, or -1.
static int index_of(int number) {
    for (unsigned i = 0; i < FATAL_COUNT; i++) {
        if (fatal[i] == number)
            return (int)i;
    }
    return -1;
}

// The C library's own, past whoever stands behind us: what we set is nobody's business.
int __sigaction(int number, const struct sigaction *act, struct sigaction *old);
#define kernel_sigaction __sigaction

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

static char crash_list[4096];

static void on_fatal(int number, siginfo_t *info, void *context) {
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    int saved = epmt_enter();

    if (epmt_process_standing() == EPMT_MINE) {
        if (is_crash(number)) {
            epmt_self.crash_len = epmt_crash_stack(context, crash_list, sizeof crash_list);
            epmt_self.crash = crash_list;
        }
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

static EPMT_HOT(1) bool on_stack;

static int flags_for(int number) {
    bool overflow = number == SIGSEGV || number == SIGBUS;

    return SA_SIGINFO | (overflow && on_stack ? SA_ONSTACK : 0);
}

// True for what exec leaves: no flags, no mask (of which the kernel knows the first word).
static bool is_plain(const struct sigaction *action) {
    uint64_t mask;

    memcpy(&mask, &action->sa_mask, sizeof mask);
    return !action->sa_flags && !mask;
}

// Sets what the C library has read, bit for bit: its own function would add a flag to it.
static void give_back(int number, const struct sigaction *action) {
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        uint64_t mask;
    } raw = {action->sa_handler, (unsigned)action->sa_flags, action->sa_restorer, 0};

    memcpy(&raw.mask, &action->sa_mask, sizeof raw.mask);
    epmt_prim_sigaction(number, &raw);
}

// Puts our handler where the disposition is the default one.
static void adopt(int i) {
    struct sigaction ours = {.sa_sigaction = on_fatal, .sa_flags = flags_for(fatal[i])};
    struct sigaction before;

    memset(&ours.sa_mask, 0xff, sizeof ours.sa_mask);
    if (kernel_sigaction(fatal[i], &ours, &before))
        return;
    if (before.sa_handler == SIG_DFL) {
        if (!is_plain(&before) || has_belief & 1u << i) {
            believed[i] = before;
            has_belief |= 1u << i;
        }
    } else if (before.sa_sigaction != on_fatal) {
        // Ignored (nohup), or a library's that began before us.
        give_back(fatal[i], &before);
    }
}

void epmt_signals_begin(void) {
    watching = epmt_self.pid != 1;
    for (unsigned i = 0; watching && i < FATAL_COUNT; i++)
        adopt((int)i);
}

void epmt_signals_use_stack(bool use) {
    if (on_stack == use)
        return;
    on_stack = use;
    for (unsigned i = 0; watching && i < FATAL_COUNT; i++) {
        struct sigaction now;
        if (flags_for(fatal[i]) == SA_SIGINFO && use)
            continue;
        if (!kernel_sigaction(fatal[i], NULL, &now) && now.sa_sigaction == on_fatal)
            adopt((int)i);
    }
}

bool epmt_signals_program_uses_stack(void) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction now;
        if (!kernel_sigaction(number, NULL, &now) && now.sa_flags & SA_ONSTACK &&
            now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN && now.sa_sigaction != on_fatal)
            return true;
    }
    return false;
}

static struct sigaction belief(int i) {
    const struct sigaction plain = {.sa_handler = SIG_DFL};

    return has_belief & 1u << i ? believed[i] : plain;
}

static void set_back(unsigned i) {
    struct sigaction before = belief((int)i);

    give_back(fatal[i], &before);
}

void epmt_signals_end(void) {
    struct sigaction now;

    watching = false;
    for (unsigned i = 0; i < FATAL_COUNT; i++) {
        if (!kernel_sigaction(fatal[i], NULL, &now) && now.sa_sigaction == on_fatal)
            set_back(i);
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
    bool stack = set && act->sa_flags & SA_ONSTACK && act->sa_handler != SIG_DFL &&
                 act->sa_handler != SIG_IGN;

    EPMT_REAL(sigaction);
    if (!real) {
        errno = ENOSYS;
        return -1;
    }
    if (stack)
        epmt_signal_stack_program_has_one();
    if (i < 0)
        return real(number, act, old);
    int status = real(number, act, &before);
    if (!status && old)
        *old = before.sa_sigaction == on_fatal ? belief(i) : before;
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
