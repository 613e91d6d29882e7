// SPDX-License-Identifier: Apache-2.0
// Rows of a fold by their key.
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "storage/fold_priv.h"

static uint32_t hash_key(const struct epmt_fold_table *table, uint64_t image, int64_t tid,
                         int64_t start) {
    uint64_t hash = image * UINT64_C(0x9e3779b97f4a7c15);

    if (!table->by_image) {
        hash ^= (uint64_t)tid * UINT64_C(0xc2b2ae3d27d4eb4f);
        hash ^= (uint64_t)start * UINT64_C(0x165667b19e3779f9);
    }
    return (uint32_t)epmt_hash_finish(hash);
}

uint32_t epmt_fold_table_find(const struct epmt_fold_table *table, uint64_t image, int64_t tid,
                              int64_t start) {
    if (!table->slot_count)
        return EPMT_FOLD_NOWHERE;
    uint32_t mask = table->slot_count - 1;
    uint32_t at = hash_key(table, image, tid, start) & mask;
    for (; table->slots[at]; at = (at + 1) & mask) {
        const struct epmt_fold_row *row = &table->rows[table->slots[at] - 1];
        if (row->image == image && (table->by_image || (row->tid == tid && row->start == start)))
            return table->slots[at] - 1;
    }
    return EPMT_FOLD_NOWHERE;
}

static void enter(struct epmt_fold_table *table, uint32_t number) {
    const struct epmt_fold_row *row = &table->rows[number];
    uint32_t mask = table->slot_count - 1;
    uint32_t at = hash_key(table, row->image, row->tid, row->start) & mask;

    while (table->slots[at])
        at = (at + 1) & mask;
    table->slots[at] = number + 1;
}

static int grow_slots(struct epmt_fold_table *table) {
    uint32_t count = table->slot_count ? table->slot_count * 2 : 64;
    uint32_t *slots = calloc(count, sizeof *slots);

    if (!slots)
        return -1;
    free(table->slots);
    table->slots = slots;
    table->slot_count = count;
    for (uint32_t i = 0; i < table->count; i++)
        enter(table, i);
    return 0;
}

uint32_t epmt_fold_table_add(struct epmt_fold_table *table, uint64_t image, int64_t tid,
                             int64_t start) {
    uint32_t number = epmt_fold_table_find(table, image, tid, start);

    if (number != EPMT_FOLD_NOWHERE)
        return number;
    if (table->count >= UINT32_MAX / 4)
        return EPMT_FOLD_NOWHERE;
    if (table->count >= table->slot_count / 4 * 3 && grow_slots(table))
        return EPMT_FOLD_NOWHERE;
    if (table->count == table->cap) {
        // By half as much again: a million rows should not need room for two.
        uint32_t cap = table->cap ? table->cap + table->cap / 2 : 64;
        struct epmt_fold_row *rows = realloc(table->rows, cap * sizeof *rows);
        if (!rows)
            return EPMT_FOLD_NOWHERE;
        table->rows = rows;
        table->cap = cap;
    }
    number = table->count++;
    table->rows[number] = (struct epmt_fold_row){.image = image, .tid = tid, .start = start};
    enter(table, number);
    return number;
}

void epmt_fold_table_free(struct epmt_fold_table *table) {
    for (uint32_t i = 0; i < table->count; i++)
        free(table->rows[i].data);
    free(table->rows);
    free(table->slots);
    free(table->order);
    memset(table, 0, sizeof *table);
}
