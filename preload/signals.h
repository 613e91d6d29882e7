// SPDX-License-Identifier: Apache-2.0
#ifndef EPMT_PRELOAD_SIGNALS_H
#define EPMT_PRELOAD_SIGNALS_H

#include <stdbool.h>

// Watches the fatal signals whose disposition is the default one. Called by the constructor, with
// signals blocked: an ignored one must not meet our handler in the moment before it is ignored
// again. fork inherits it.
void epmt_signals_begin(void);

// Whether our handler of faults runs on the alternate stack of the thread, if it has one.
void epmt_signals_use_stack(bool use);

// True where the program handles a signal on an alternate stack.
bool epmt_signals_program_uses_stack(void);

// Watches none any more, in a child of fork that is the first process of a pid namespace.
void epmt_signals_end(void);

#endif
