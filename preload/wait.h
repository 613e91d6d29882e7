// SPDX-License-Identifier: Apache-2.0
#ifndef EPMT_PRELOAD_WAIT_H
#define EPMT_PRELOAD_WAIT_H

// Looks the real wait and waitpid up, for a handler of SIGCHLD that may be the first to need one:
// to look up takes the loader's lock. Called before a child is made.
void epmt_wait_find(void);

#endif
