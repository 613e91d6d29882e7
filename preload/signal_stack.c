// SPDX-License-Identifier: Apache-2.0
#include "preload/signal_stack.h"

#include <errno.h>
#include <signal.h>

#include "common/guard.h"
#include "common/hot.h"
#include "common/prim.h"
#include "common/real.h"
#include "preload/export.h"
#include "preload/process.h"
#include "preload/signals.h"

#include "common/poison.h"

// The kernel's frame (11 KiB with the largest registers), the unwinder, and a record. Pages that no
// crash touches take no memory.
#define STACK_LEN 65536

static EPMT_HOT(1) bool wanted;

// The program's own: whether it has set one, and one that is too small for us.
static EPMT_HOT(1) bool has_large, has_small;

static bool is_ours(const stack_t *stack) {
    const struct epmt_thread *thread = epmt_tls.thread;

    return thread && thread->signal_stack && stack->ss_sp == thread->signal_stack;
}

void epmt_signal_stack_take(struct epmt_thread *thread) {
    stack_t before;

    if (!wanted || epmt_prim_sigaltstack(NULL, &before) || !(before.ss_flags & SS_DISABLE))
        return;
    if (!thread->signal_stack)
        thread->signal_stack = epmt_prim_map(STACK_LEN);
    if (!thread->signal_stack)
        return;
    const stack_t ours = {.ss_sp = thread->signal_stack, .ss_size = STACK_LEN};
    epmt_prim_sigaltstack(&ours, NULL);
}

void epmt_signal_stack_give(struct epmt_thread *thread) {
    const stack_t none = {.ss_flags = SS_DISABLE};
    stack_t now;

    if (thread->signal_stack && !epmt_prim_sigaltstack(NULL, &now) &&
        now.ss_sp == thread->signal_stack)
        epmt_prim_sigaltstack(&none, NULL);
}

void epmt_signal_stacks_begin(void) {
    struct epmt_thread *thread = epmt_tls.thread;
    stack_t before;

    if (wanted || !thread || epmt_prim_sigaltstack(NULL, &before) ||
        !(before.ss_flags & SS_DISABLE) || epmt_signals_program_uses_stack())
        return;
    wanted = true;
    epmt_signal_stack_take(thread);
    epmt_signals_use_stack(EPMT_STACK_OURS);
}

void epmt_signal_stack_program_has_one(void) {
    int saved = epmt_enter();

    if (wanted && epmt_process_standing() == EPMT_MINE) {
        wanted = false;
        epmt_signals_use_stack(EPMT_STACK_NONE);
        if (epmt_tls.thread)
            epmt_signal_stack_give(epmt_tls.thread);
    }
    epmt_leave(saved);
}

// The process that ends on a stack of the program's has no more use for what stands there.
static void program_has_set(const stack_t *stack) {
    int saved = epmt_enter();

    if (!(stack->ss_flags & SS_DISABLE) && epmt_process_standing() == EPMT_MINE) {
        has_large |= stack->ss_size >= STACK_LEN;
        has_small |= stack->ss_size < STACK_LEN;
        epmt_signals_use_stack(has_large && !has_small ? EPMT_STACK_PROGRAMS : EPMT_STACK_NONE);
    }
    epmt_leave(saved);
}

EPMT_EXPORT int sigaltstack(const stack_t *stack, stack_t *old) {
    EPMT_REAL(sigaltstack);

    if (!real) {
        errno = ENOSYS;
        return -1;
    }
    if (stack)
        epmt_signal_stack_program_has_one();
    stack_t set = {.ss_flags = SS_DISABLE};
    if (stack && epmt_prim_is_readable(stack)) // a bad address is for the kernel to refuse
        set = *stack;                          // before: old may be the same
    int status = real(stack, old);
    if (!status)
        program_has_set(&set);
    if (!status && old && is_ours(old))
        *old = (stack_t){.ss_flags = SS_DISABLE};
    return status;
}
