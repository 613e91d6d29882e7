// SPDX-License-Identifier: Apache-2.0
// Values by a hash: a set, or a table of small structs. Hashes are taken for the keys.
#ifndef EPMT_STORAGE_SLOTS_H
#define EPMT_STORAGE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

// Start with {.size = sizeof a value}, which may be 0.
struct epmt_slots {
    size_t size, count, cap;
    uint64_t *hashes; // 0: empty
    char *values;
};

// The value of hash (not 0), zeroed where it was not there. NULL: out of memory. It stays where it
// is until the next call.
void *epmt_slots_at(struct epmt_slots *slots, uint64_t hash);

// The value in slot i (below cap), NULL where that is empty.
void *epmt_slots_get(const struct epmt_slots *slots, size_t i);

void epmt_slots_free(struct epmt_slots *slots);

#endif
