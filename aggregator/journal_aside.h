// SPDX-License-Identifier: Apache-2.0
#ifndef EPMT_AGGREGATOR_JOURNAL_ASIDE_H
#define EPMT_AGGREGATOR_JOURNAL_ASIDE_H

#include <stddef.h>

// As epmt_journal_append, for a process without a descriptor left, or with a limit on the size of
// its files that it may raise: a child that shares its memory, but not its descriptors and limits,
// appends in its place. Signals are blocked. Returns 0 or -errno.
int epmt_journal_append_aside(const char *path, size_t shared, const void *fragment, size_t len);

#endif
