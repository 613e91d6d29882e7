// SPDX-License-Identifier: Apache-2.0
// Tells a child of fork that no wrapper saw (a bare system call) from one that shares its parent's
// memory (vfork, clone with CLONE_VM). Two ways:
// - The kernel keeps a thread's area for restartable sequences in a child of fork, and forgets it
//   where memory is shared. Costs nothing before such a child appears.
// - A page that the kernel wipes in a child of fork: a call, a page and two mappings more.
#ifndef EPMT_PRELOAD_FORKS_H
#define EPMT_PRELOAD_FORKS_H

#include <stdbool.h>

// Chooses the way. release: of the kernel.
void epmt_forks_choose(const char *release);

// In a process that has just begun, epmt_self.pid set.
void epmt_forks_begin(void);

// Whether the page says that this is a child of fork; once.
bool epmt_forks_by_page(void);

// The same of a process that has another number than epmt_self.pid, by its restartable sequences.
bool epmt_forks_by_rseq(void);

#endif
