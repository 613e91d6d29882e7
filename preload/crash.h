// SPDX-License-Identifier: Apache-2.0
// The stack at a fatal signal, as a list of texts "module+0xoffset", innermost frame first.
// libunwind stands in a helper library, which is loaded once, where it is asked for.
#ifndef EPMT_PRELOAD_CRASH_H
#define EPMT_PRELOAD_CRASH_H

#include <stddef.h>
#include <stdint.h>

// The helper's one function: the program counters of the stack that the signal interrupted.
// Returns how many; async-signal-safe.
typedef int (*epmt_unwind_f)(void *ucontext, uintptr_t *frames, int max);
#define EPMT_UNWIND_SYMBOL "epmt_unwind"

enum epmt_crash_who { EPMT_CRASH_NOBODY, EPMT_CRASH_RANKS, EPMT_CRASH_ALL }; // setting crash_stack

// Finds the helper: preloaded beside us, or else loads it from the installation at prefix. On
// failure there are no stacks. prefix is NULL in our constructor: it runs before that of the C
// library, and the loader, which knows neither arguments nor environment then, would run that one
// for us. Not from a signal handler.
void epmt_crash_begin(const char *prefix);

// Writes the frames as items, each ended by NUL, to list[cap]. Returns the length, 0 where nothing
// is known. For a signal handler.
size_t epmt_crash_stack(void *ucontext, char *list, size_t cap);

#endif
