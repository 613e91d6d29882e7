// SPDX-License-Identifier: Apache-2.0
// Fatal signals: where the disposition is the default one, and that kills, our handler writes the
// final record and lets the process die as it would have. The program does not see it: it is told
// SIG_DFL, and what it sets itself is set bit for bit. The handler runs on the stack of whom it
// meets; a stack that has overflowed therefore kills without a final record, unless there is an
// alternate one of ours, or one of the program's that is large enough (signal_stack.c).
// Two handlers stand in for the program's own, which it sees as ever: where the kernel takes the
// program's away as it runs (SA_RESETHAND), and where it could not run for want of stack.
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <ucontext.h>
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

// Signals that kill by default and can be caught; behind them the real-time ones, but the two that
// the C library keeps for itself.
static const int fatal[] = {SIGSEGV,   SIGBUS,  SIGFPE,    SIGILL,  SIGABRT, SIGSYS,
                            SIGTRAP,   SIGTERM, SIGINT,    SIGHUP,  SIGQUIT, SIGXCPU,
                            SIGXFSZ,   SIGUSR1, SIGUSR2,   SIGALRM, SIGPIPE, SIGPROF,
                            SIGVTALRM, SIGIO,   SIGSTKFLT, SIGPWR};
#define ORDINARY_COUNT (sizeof fatal / sizeof *fatal)
#define FIRST_REALTIME 34
#define FATAL_COUNT (ORDINARY_COUNT + NSIG - FIRST_REALTIME)

// What the program set where the kernel has our handler.
// Written for few programs; so is the page, and none of it is read where the bit is not set.
static struct sigaction believed[FATAL_COUNT];
static EPMT_HOT(1) _Atomic uint64_t has_belief;

typedef void (*three_f)(int number, siginfo_t *info, void *context);

// The handler that a signal with SA_RESETHAND was to run when it came: what is believed by the time
// that ours runs may be another one.
static three_f once[FATAL_COUNT];

// How many of the signals are watched: the real-time ones in MPI ranks only, for what they cost.
// None in the first process of a pid namespace: the kernel spares it a signal whose disposition is
// the default one, but would run our handler.
static EPMT_HOT(1) unsigned watched;

static int number_of(unsigned i) {
    return i < ORDINARY_COUNT ? fatal[i] : FIRST_REALTIME + (int)(i - ORDINARY_COUNT);
}

// The index of a watched signal, or -1.
static int index_of(int number) {
    for (unsigned i = 0; i < watched; i++) {
        if (number_of(i) == number)
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

static void send_again(int number, siginfo_t *info) {
    pid_t pid = epmt_prim_getpid(), tid = epmt_prim_gettid();

    if (syscall(SYS_rt_tgsigqueueinfo, pid, tid, number, info))
        syscall(SYS_tgkill, pid, tid, number);
}

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
    if (!is_fault(number, info))
        send_again(number, info);
    epmt_leave(saved);
}

static EPMT_HOT(1) enum epmt_signals_stack on_stack;

static bool may_overflow(int number) {
    return number == SIGSEGV || number == SIGBUS;
}

static int flags_for(int number) {
    return SA_SIGINFO | (may_overflow(number) && on_stack != EPMT_STACK_NONE ? SA_ONSTACK : 0);
}

// True for what exec leaves: no flags, no mask (of which the kernel knows the first word).
static bool is_plain(const struct sigaction *action) {
    uint64_t mask;

    memcpy(&mask, &action->sa_mask, sizeof mask);
    return !action->sa_flags && !mask;
}

static bool is_handler(const struct sigaction *action) {
    return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

// Sets what the C library has read, bit for bit: its own function would add a flag to it.
static void give_back(int number, const struct sigaction *action) {
    struct epmt_kernel_sigaction raw = {.handler = action->sa_handler,
                                        .flags = (unsigned)action->sa_flags,
                                        .restorer = action->sa_restorer};

    memcpy(&raw.mask, &action->sa_mask, sizeof raw.mask);
    epmt_prim_sigaction(number, &raw, NULL);
}

static void believe(unsigned i, const struct sigaction *action) {
    believed[i] = *action;
    has_belief |= UINT64_C(1) << i;
}

// Puts our handler where the disposition is the default one. Where it may be another, and signals
// may come, it is asked before (look_after).
static void adopt(unsigned i) {
    int number = number_of(i);
    struct sigaction ours = {.sa_sigaction = on_fatal, .sa_flags = flags_for(number)};
    struct sigaction before;

    memset(&ours.sa_mask, 0xff, sizeof ours.sa_mask);
    if (kernel_sigaction(number, &ours, &before))
        return;
    if (before.sa_handler == SIG_DFL) {
        if (!is_plain(&before) || has_belief & UINT64_C(1) << i)
            believe(i, &before);
    } else if (before.sa_sigaction != on_fatal) {
        // Ignored (nohup), or a library's that began before us.
        give_back(number, &before);
    }
}

// The kernel has put the default back. Returns the program's handler, to be gone on to.
static __attribute__((noinline)) three_f take_once(int number) {
    int saved = epmt_enter();
    int i = index_of(number);
    three_f handler = i >= 0 ? once[i] : NULL;

    if (i >= 0 && epmt_process_standing() == EPMT_MINE)
        adopt((unsigned)i);
    epmt_leave(saved);
    return handler;
}

// In place of a handler with SA_RESETHAND.
static void on_once(int number, siginfo_t *info, void *context) {
    three_f handler = take_once(number);

    if (handler)
        handler(number, info, context);
}

// Whether the kernel could not put a frame for a handler onto the stack of whom it interrupted.
static bool has_no_stack(const void *context) {
    const ucontext_t *at = context;
    uintptr_t red_zone = 128, least = getauxval(AT_MINSIGSTKSZ), top;

#ifdef __x86_64__
    top = (uintptr_t)at->uc_mcontext.gregs[REG_RSP];
#elif defined __aarch64__
    top = at->uc_mcontext.sp;
#else
    (void)at;
    return false;
#endif
    least = red_zone + (least ? least : 5120);
    for (uintptr_t below = red_zone; below < least; below += 1024) {
        if (!epmt_prim_is_readable((const void *)(top - below)))
            return true;
    }
    return !epmt_prim_is_readable((const void *)(top - least));
}

static void stand_in(unsigned i, const struct sigaction *program, bool first);

// In place of a handler of faults that runs on the stack that it meets. Where there is none the
// process ends; else the program's is put back, and the fault happens again, or is sent again.
static void on_overflow(int number, siginfo_t *info, void *context) {
    int saved = epmt_enter(), i = index_of(number);

    if (is_fault(number, info) && has_no_stack(context)) {
        on_fatal(number, info, context);
    } else if (i >= 0) {
        struct sigaction program = believed[i], now;
        // Another thread's fault may have given it back before, and the program have set another.
        if (!kernel_sigaction(number, NULL, &now) && now.sa_sigaction == on_overflow) {
            give_back(number, &program);
            if (epmt_process_standing() == EPMT_MINE)
                stand_in((unsigned)i, &program, false);
        }
        if (!is_fault(number, info))
            send_again(number, info);
    }
    epmt_leave(saved);
}

static bool is_ours(const struct sigaction *action) {
    return action->sa_sigaction == on_fatal || action->sa_sigaction == on_once ||
           action->sa_sigaction == on_overflow;
}

// Puts a handler of ours before the program's, which the kernel has, where that is to be; first: no
// fault has come to it yet.
static void stand_in(unsigned i, const struct sigaction *program, bool first) {
    struct sigaction ours = *program;
    int number = number_of(i);

    if (first && may_overflow(number) && on_stack == EPMT_STACK_OURS &&
        !(program->sa_flags & SA_ONSTACK)) {
        ours.sa_sigaction = on_overflow;
        // What is sent again waits until ours has returned, and its stack is free.
        ours.sa_flags = (ours.sa_flags & ~(SA_RESETHAND | SA_NODEFER)) | SA_SIGINFO | SA_ONSTACK;
        uint64_t mask;
        memcpy(&mask, &ours.sa_mask, sizeof mask);
        mask |= UINT64_C(1) << (number - 1);
        memcpy(&ours.sa_mask, &mask, sizeof mask);
    } else if (program->sa_flags & (int)SA_RESETHAND) {
        ours.sa_sigaction = on_once;
        once[i] = program->sa_sigaction;
    } else {
        return;
    }
    believe(i, program);
    give_back(number, &ours);
}

// As adopt, of dispositions that nobody has set since exec: in the kernel's form, as this happens
// to 20 signals of every process.
static void adopt_untouched(unsigned i, const struct epmt_kernel_sigaction *ours) {
    struct epmt_kernel_sigaction before;

    if (epmt_prim_sigaction(number_of(i), ours, &before))
        return;
    if (before.handler != SIG_DFL || before.flags || before.mask) {
        epmt_prim_sigaction(number_of(i), &before, NULL);
        adopt(i);
    }
}

void epmt_signals_begin(void) {
    struct epmt_kernel_sigaction ours = {.flags = 0};

    watched = epmt_self.pid != 1 ? ORDINARY_COUNT : 0;
    for (unsigned i = 0; i < watched; i++) {
        if (ours.action == on_fatal) {
            adopt_untouched(i, &ours);
            continue;
        }
        adopt(i);
        epmt_prim_sigaction(number_of(i), NULL, &ours); // with the C library's way to return
    }
}

static struct sigaction belief(unsigned i) {
    const struct sigaction plain = {.sa_handler = SIG_DFL};

    return has_belief & UINT64_C(1) << i ? believed[i] : plain;
}

static void set_back(unsigned i) {
    struct sigaction before = belief(i);

    give_back(number_of(i), &before);
}

// What the program has set gets a handler of ours where there is to be one.
static void look_after(unsigned i) {
    struct sigaction now;

    if (kernel_sigaction(number_of(i), NULL, &now))
        return;
    if (now.sa_handler == SIG_DFL)
        adopt(i);
    else if (is_handler(&now) && !is_ours(&now))
        stand_in(i, &now, true);
}

void epmt_signals_watch_all(void) {
    unsigned before = watched;

    if (!watched)
        return;
    watched = FATAL_COUNT;
    for (unsigned i = before; i < watched; i++)
        look_after(i);
}

void epmt_signals_use_stack(enum epmt_signals_stack stack) {
    if (on_stack == stack)
        return;
    on_stack = stack;
    for (unsigned i = 0; i < watched; i++) {
        struct sigaction now;
        if (!may_overflow(number_of(i)) || kernel_sigaction(number_of(i), NULL, &now))
            continue;
        if (now.sa_sigaction == on_fatal) {
            adopt(i);
            continue;
        }
        if (is_ours(&now))
            set_back(i);
        look_after(i);
    }
}

bool epmt_signals_program_uses_stack(void) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction now;
        if (!kernel_sigaction(number, NULL, &now) && now.sa_flags & SA_ONSTACK &&
            is_handler(&now) && now.sa_sigaction != on_fatal && now.sa_sigaction != on_overflow)
            return true;
    }
    return false;
}

void epmt_signals_end(void) {
    struct sigaction now;

    for (unsigned i = 0; i < watched; i++) {
        if (!kernel_sigaction(number_of(i), NULL, &now) && is_ours(&now))
            set_back(i);
    }
    watched = 0;
}

// After the program has set a disposition. Not in a vfork child: what the parent believes is not
// its to change.
static void changed(int number) {
    int i = index_of(number);
    int saved = epmt_enter();

    if (i >= 0 && epmt_self.life == EPMT_LIFE_READY && epmt_process_standing() == EPMT_MINE)
        look_after((unsigned)i);
    epmt_leave(saved);
}

EPMT_EXPORT int sigaction(int number, const struct sigaction *act, struct sigaction *old) {
    int i = index_of(number);
    struct sigaction before;
    bool set = act != NULL; // act and old may be the same
    bool stack = set && act->sa_flags & SA_ONSTACK && is_handler(act);

    EPMT_REAL(sigaction);
    if (!real) {
        errno = ENOSYS;
        return -1;
    }
    if (stack)
        epmt_signal_stack_program_has_one();
    if (i < 0)
        return real(number, act, old);
    // Between the program's handler and ours before it none may run.
    bool closed =
        set && is_handler(act) && (act->sa_flags & (int)SA_RESETHAND || may_overflow(number));
    uint64_t signals = closed ? epmt_prim_signals_block() : 0;
    int status = real(number, act, &before);
    if (!status && old)
        *old = is_ours(&before) ? belief((unsigned)i) : before;
    if (!status && set)
        changed(number);
    if (closed)
        epmt_prim_signals_restore(signals);
    return status;
}

typedef void (*handler_f)(int);

static handler_f set_handler(handler_f (*real)(int, handler_f), int number, handler_f handler) {
    struct sigaction before = {.sa_flags = 0};
    int i = index_of(number);

    if (!real) {
        errno = ENOSYS;
        return SIG_ERR;
    }
    before.sa_handler = real(number, handler);
    if (before.sa_handler == SIG_ERR)
        return SIG_ERR;
    if (i >= 0 && is_ours(&before))
        before = belief((unsigned)i);
    changed(number);
    return before.sa_handler;
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
