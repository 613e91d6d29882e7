// SPDX-License-Identifier: Apache-2.0
// The compact form of a row in the fold, and the merging of two. A row is a number of layers, one
// per revision that has a value in it: revision, mask of columns; then the values in the order of
// the columns. Numbers are varints (signed ones zigzag), texts the numbers of texts.
#include <stdlib.h>
#include <string.h>

#include "storage/fold_priv.h"

#define VARINT_MAX 10

static uint8_t *put_varint(uint8_t *at, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

static uint64_t get_varint(const uint8_t **at) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return value;
}

static bool is_signed(int column) {
    return epmt_columns[column].type == EPMT_TYPE_INT ||
           epmt_columns[column].type == EPMT_TYPE_STATE;
}

static bool is_text(int column) {
    return epmt_columns[column].type == EPMT_TYPE_TEXT ||
           epmt_columns[column].type == EPMT_TYPE_LIST;
}

static uint8_t *put_value(uint8_t *at, int column, uint64_t value) {
    if (is_signed(column))
        value = value << 1 ^ (uint64_t)((int64_t)value >> 63);
    return put_varint(at, value);
}

static uint64_t get_value(const uint8_t **at, int column) {
    uint64_t value = get_varint(at);

    return is_signed(column) ? value >> 1 ^ (uint64_t)(-(int64_t)(value & 1)) : value;
}

void epmt_layered_decode(struct epmt_layered *row, const uint8_t *data) {
    memset(row->valid, 0, sizeof row->valid);
    if (!data)
        return;
    for (uint64_t layers = get_varint(&data); layers; layers--) {
        uint64_t revision = get_varint(&data);
        for (int word = 0; word < EPMT_VALID_WORDS; word++) {
            uint64_t mask;
            memcpy(&mask, data, sizeof mask);
            data += sizeof mask;
            row->valid[word] |= mask;
            for (; mask; mask &= mask - 1)
                row->revision[word * 64 + __builtin_ctzll(mask)] = revision;
        }
    }
    for (int word = 0; word < EPMT_VALID_WORDS; word++) {
        for (uint64_t mask = row->valid[word]; mask; mask &= mask - 1) {
            int column = word * 64 + __builtin_ctzll(mask);
            row->value[column] = get_value(&data, column);
        }
    }
}

void epmt_layered_decode_record(struct epmt_record *record, const uint8_t *data,
                                const struct epmt_texts *texts) {
    epmt_record_clear(record);
    if (!data)
        return;
    for (uint64_t layers = get_varint(&data); layers; layers--) {
        get_varint(&data);
        for (int word = 0; word < EPMT_VALID_WORDS; word++) {
            uint64_t mask;
            memcpy(&mask, data, sizeof mask);
            data += sizeof mask;
            record->valid[word] |= mask;
        }
    }
    for (int word = 0; word < EPMT_VALID_WORDS; word++) {
        for (uint64_t mask = record->valid[word]; mask; mask &= mask - 1) {
            int column = word * 64 + __builtin_ctzll(mask);
            uint64_t value = get_value(&data, column);
            if (is_text(column))
                record->value[column].text = texts->items[value];
            else
                record->value[column].u = value;
        }
    }
}

// Finds the different revisions of a row. Returns their number; mask[i] gets the columns of the
// i-th.
static int split_layers(const struct epmt_layered *row, uint64_t *revisions,
                        uint64_t (*masks)[EPMT_VALID_WORDS]) {
    int count = 0;

    for (int column = 0; column < EPMT_COLUMN_COUNT; column++) {
        int i = 0;
        if (!epmt_layered_has(row, column))
            continue;
        while (i < count && revisions[i] != row->revision[column])
            i++;
        if (i == count) {
            revisions[count] = row->revision[column];
            memset(masks[count++], 0, sizeof masks[0]);
        }
        masks[i][column / 64] |= UINT64_C(1) << (column % 64);
    }
    return count;
}

int epmt_layered_encode(const struct epmt_layered *row, uint8_t **data) {
    uint64_t revisions[EPMT_COLUMN_COUNT];
    uint64_t masks[EPMT_COLUMN_COUNT][EPMT_VALID_WORDS];
    uint8_t
        bytes[VARINT_MAX + (size_t)EPMT_COLUMN_COUNT * (2 * (size_t)VARINT_MAX + sizeof masks[0])];
    int layers = split_layers(row, revisions, masks);
    uint8_t *at = put_varint(bytes, (uint64_t)layers);

    for (int i = 0; i < layers; i++) {
        at = put_varint(at, revisions[i]);
        memcpy(at, masks[i], sizeof masks[i]);
        at += sizeof masks[i];
    }
    for (int column = 0; column < EPMT_COLUMN_COUNT; column++) {
        if (epmt_layered_has(row, column))
            at = put_value(at, column, row->value[column]);
    }
    uint8_t *block = malloc((size_t)(at - bytes));
    if (!block)
        return -1;
    memcpy(block, bytes, (size_t)(at - bytes));
    free(*data);
    *data = block;
    return 0;
}

// What is known better comes later: how a process ended beats that it is gone, which beats that
// it once ran.
static int state_weight(uint64_t state) {
    switch ((enum epmt_state)state) {
    case EPMT_STATE_running:
        return 0;
    case EPMT_STATE_killed:
        return 1;
    case EPMT_STATE_finalized:
        return 2;
    case EPMT_STATE_exec:
        return 3;
    case EPMT_STATE_exited:
        return 4;
    case EPMT_STATE_signaled:
        return 5;
    }
    return -1;
}

static bool is_greater(int column, uint64_t a, uint64_t b, const struct epmt_texts *texts) {
    if (a == b)
        return false;
    if (is_text(column))
        return epmt_bytes_compare(texts->items[a], texts->items[b]) > 0;
    if (epmt_columns[column].type == EPMT_TYPE_STATE)
        return state_weight(a) > state_weight(b);
    return is_signed(column) ? (int64_t)a > (int64_t)b : a > b;
}

bool epmt_layered_merge(struct epmt_layered *onto, const struct epmt_layered *from,
                        const struct epmt_texts *texts) {
    bool changed = false;

    for (int column = 0; column < EPMT_COLUMN_COUNT; column++) {
        if (!epmt_layered_has(from, column))
            continue;
        uint64_t value = from->value[column], revision = from->revision[column];
        if (epmt_layered_has(onto, column)) {
            if (revision < onto->revision[column])
                continue;
            if (revision == onto->revision[column] &&
                !is_greater(column, value, onto->value[column], texts))
                continue;
        }
        epmt_layered_set(onto, column, value, revision);
        changed = true;
    }
    return changed;
}
