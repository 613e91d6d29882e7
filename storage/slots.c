// SPDX-License-Identifier: Apache-2.0
#include "storage/slots.h"

#include <stdlib.h>
#include <string.h>

static size_t place_of(const uint64_t *hashes, size_t cap, uint64_t hash) {
    size_t i = hash & (cap - 1);

    while (hashes[i] && hashes[i] != hash)
        i = (i + 1) & (cap - 1);
    return i;
}

static int grow(struct epmt_slots *slots) {
    size_t cap = slots->cap ? slots->cap * 2 : 16;
    uint64_t *hashes = calloc(cap, sizeof *hashes);
    char *values = calloc(cap, slots->size + 1);

    if (!hashes || !values) {
        free(hashes);
        free(values);
        return -1;
    }
    for (size_t i = 0; i < slots->cap; i++) {
        if (!slots->hashes[i])
            continue;
        size_t place = place_of(hashes, cap, slots->hashes[i]);
        hashes[place] = slots->hashes[i];
        memcpy(values + place * slots->size, slots->values + i * slots->size, slots->size);
    }
    free(slots->hashes);
    free(slots->values);
    slots->hashes = hashes;
    slots->values = values;
    slots->cap = cap;
    return 0;
}

void *epmt_slots_at(struct epmt_slots *slots, uint64_t hash) {
    if (slots->count >= slots->cap / 2 && grow(slots))
        return NULL;
    size_t place = place_of(slots->hashes, slots->cap, hash);
    if (!slots->hashes[place]) {
        slots->hashes[place] = hash;
        slots->count++;
    }
    return slots->values + place * slots->size;
}

void *epmt_slots_get(const struct epmt_slots *slots, size_t i) {
    return slots->hashes[i] ? slots->values + i * slots->size : NULL;
}

void epmt_slots_free(struct epmt_slots *slots) {
    free(slots->hashes);
    free(slots->values);
    slots->hashes = NULL;
    slots->values = NULL;
    slots->count = slots->cap = 0;
}
