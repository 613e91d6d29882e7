// SPDX-License-Identifier: Apache-2.0
#ifndef EPMT_PRELOAD_SIGNALS_H
#define EPMT_PRELOAD_SIGNALS_H

// Watches the fatal signals whose disposition is the default one. Called by the constructor, with
// signals blocked: an ignored one must not meet our handler in the moment before it is ignored
// again. fork inherits it.
void epmt_signals_begin(void);

// Watches none any more, in a child of fork that is the first process of a pid namespace.
void epmt_signals_end(void);

#endif
