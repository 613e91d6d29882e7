// SPDX-License-Identifier: Apache-2.0
// Symbolic links of a path, followed without the C library's realpath. Guest-safe.
#ifndef EPMT_COMMON_LINKS_H
#define EPMT_COMMON_LINKS_H

#include <stdbool.h>
#include <stddef.h>

// Stores in path, which has cap bytes, the absolute name without any link in it, ended by NUL.
// False where it does not fit, cannot be looked at, or leads through /proc, whose links are not
// what they say.
bool epmt_follow_links(const char *name, char *path, size_t cap);

#endif
