// SPDX-License-Identifier: Apache-2.0
// Threads that the program has made and that have not run yet: nobody has registered them. Where
// the process ends first, /proc tells which they are.
#ifndef EPMT_PRELOAD_UNBEGUN_H
#define EPMT_PRELOAD_UNBEGUN_H

#include <stdbool.h>
#include <sys/types.h>

#define EPMT_UNBEGUN_MAX 1024

// Forgets all, in a child of fork.
void epmt_unbegun_forget(void);

// One more thread is to begin (1); it has begun, or was not made after all (-1).
void epmt_unbegun_add(int change);

// How many there are now, at most EPMT_UNBEGUN_MAX.
unsigned epmt_unbegun_count(void);

// Writes the ids of those to tids; known tells the others. Returns how many were found. The caller
// holds epmt_self.lock.
unsigned epmt_unbegun_find(pid_t tids[EPMT_UNBEGUN_MAX], bool (*known)(pid_t tid));

#endif
