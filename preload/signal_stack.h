// SPDX-License-Identifier: Apache-2.0
// A stack for our handler of faults, one per thread, where stacks of crashes are asked for: that of
// the thread may be what has overflowed. The program does not see it, and where it uses alternate
// stacks itself there is none of ours.
#ifndef EPMT_PRELOAD_SIGNAL_STACK_H
#define EPMT_PRELOAD_SIGNAL_STACK_H

#include "preload/threads.h"

// From now on threads get one, this one too.
void epmt_signal_stacks_begin(void);

// The calling thread begins: it gets one, where threads do. It ends: its one may be used again.
void epmt_signal_stack_take(struct epmt_thread *thread);
void epmt_signal_stack_give(struct epmt_thread *thread);

// The program has, or is about to have, a handler that runs on an alternate stack.
void epmt_signal_stack_program_has_one(void);

#endif
