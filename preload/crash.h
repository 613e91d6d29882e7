// SPDX-License-Identifier: Apache-2.0
// The stack at a fatal signal, as a list of texts "module+0xoffset", innermost frame first.
// libunwind stands in a helper library, which is loaded once, where it is asked for.
#ifndef EPMT_PRELOAD_CRASH_H
#define EPMT_PRELOAD_CRASH_H

#include <stddef.h>
#include <stdint.h>

// A function of the helper: the program counters of the stack that the signal interrupted.
// Returns how many; async-signal-safe.
typedef int (*epmt_unwind_f)(void *ucontext, uintptr_t *frames, int max);
#define EPMT_UNWIND_SYMBOL "epmt_unwind"

// The other one: the return addresses on the calling thread's stack, each less one, which is in the
// call. Returns how many. Not for a signal handler.
typedef int (*epmt_backtrace_f)(uintptr_t *frames, int max);
#define EPMT_BACKTRACE_SYMBOL "epmt_backtrace"

// A function of the helper, which is loaded from the installation at prefix where it is not yet
// there, or NULL. Not from a signal handler.
void *epmt_crash_helper(const char *symbol, const char *prefix);

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
