// SPDX-License-Identifier: Apache-2.0
#ifndef EPMT_PRELOAD_SIGNALS_H
#define EPMT_PRELOAD_SIGNALS_H

#include <stdbool.h>

// Watches the fatal signals whose disposition is the default one. Called by the constructor, with
// signals blocked: an ignored one must not meet our handler in the moment before it is ignored
// again. fork inherits it.
void epmt_signals_begin(void);

// In an MPI rank, with signals blocked: watches the real-time signals too.
void epmt_signals_watch_all(void);

// On what alternate stack our handlers of faults run, in a thread that has one: on none; on the
// program's, where the process ends by it; on ours, where a fault may be the program's to handle.
enum epmt_signals_stack { EPMT_STACK_NONE, EPMT_STACK_PROGRAMS, EPMT_STACK_OURS };
void epmt_signals_use_stack(enum epmt_signals_stack stack);

// True where the program handles a signal on an alternate stack.
bool epmt_signals_program_uses_stack(void);

// Watches none any more, in a child of fork that is the first process of a pid namespace.
void epmt_signals_end(void);

#endif
