// SPDX-License-Identifier: Apache-2.0
// Texts of a fold, each kept once.
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "storage/fold_priv.h"

#define CHUNK_LEN ((size_t)256 * 1024)

struct epmt_text_chunk {
    struct epmt_text_chunk *next;
    size_t used, cap;
    char data[];
};

int epmt_bytes_compare(struct epmt_bytes a, struct epmt_bytes b) {
    uint64_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static uint32_t hash_text(const char *data, uint64_t len) {
    return (uint32_t)epmt_hash_finish(epmt_hash_bytes(EPMT_HASH_START, data, len));
}

static int grow_slots(struct epmt_texts *texts) {
    uint32_t count = texts->slot_count ? texts->slot_count * 2 : 256;
    uint32_t *slots = calloc(count, sizeof *slots);

    if (!slots)
        return -1;
    for (uint32_t i = 0; i < texts->count; i++) {
        uint32_t at = hash_text(texts->items[i].data, texts->items[i].len) & (count - 1);
        while (slots[at])
            at = (at + 1) & (count - 1);
        slots[at] = i + 1;
    }
    free(texts->slots);
    texts->slots = slots;
    texts->slot_count = count;
    return 0;
}

static char *copy_bytes(struct epmt_texts *texts, const char *data, uint64_t len) {
    struct epmt_text_chunk *chunk = texts->chunks;

    if (len >= SIZE_MAX / 2)
        return NULL;
    if (!chunk || chunk->cap - chunk->used < len) {
        size_t cap = len > CHUNK_LEN / 8 ? len : CHUNK_LEN;
        struct epmt_text_chunk *fresh = malloc(sizeof *fresh + cap);
        if (!fresh)
            return NULL;
        fresh->used = 0;
        fresh->cap = cap;
        // A large text has a chunk of its own, behind the one being filled.
        if (chunk && cap != CHUNK_LEN) {
            fresh->next = chunk->next;
            chunk->next = fresh;
        } else {
            fresh->next = chunk;
            texts->chunks = fresh;
        }
        chunk = fresh;
    }
    char *copy = chunk->data + chunk->used;
    if (len)
        memcpy(copy, data, len);
    chunk->used += len;
    return copy;
}

uint32_t epmt_texts_intern(struct epmt_texts *texts, const char *data, uint64_t len) {
    if (texts->count >= texts->slot_count / 4 * 3 && grow_slots(texts))
        return EPMT_FOLD_NOWHERE;
    uint32_t mask = texts->slot_count - 1;
    uint32_t at = hash_text(data, len) & mask;
    for (; texts->slots[at]; at = (at + 1) & mask) {
        struct epmt_bytes there = texts->items[texts->slots[at] - 1];
        if (there.len == len && (!len || !memcmp(there.data, data, len)))
            return texts->slots[at] - 1;
    }
    if (texts->count >= UINT32_MAX / 4)
        return EPMT_FOLD_NOWHERE;
    if (texts->count == texts->cap) {
        uint32_t cap = texts->cap ? texts->cap * 2 : 256;
        struct epmt_bytes *items = realloc(texts->items, cap * sizeof *items);
        if (!items)
            return EPMT_FOLD_NOWHERE;
        texts->items = items;
        texts->cap = cap;
    }
    char *copy = copy_bytes(texts, data, len);
    if (!copy)
        return EPMT_FOLD_NOWHERE;
    texts->items[texts->count] = (struct epmt_bytes){copy, len};
    texts->slots[at] = ++texts->count;
    return texts->count - 1;
}

void epmt_texts_free(struct epmt_texts *texts) {
    while (texts->chunks) {
        struct epmt_text_chunk *next = texts->chunks->next;
        free(texts->chunks);
        texts->chunks = next;
    }
    free(texts->items);
    free(texts->slots);
    memset(texts, 0, sizeof *texts);
}
