// SPDX-License-Identifier: Apache-2.0
// Records for unit tests: made from a seed, compared value by value.
#ifndef EPMT_TESTS_UNIT_ROWS_H
#define EPMT_TESTS_UNIT_ROWS_H

#include <string.h>

#include "metadata/record.h"

static inline uint64_t rows_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

#define ROWS_TEXT_LEN 1000
// What the texts of rows_make point into.
static inline const char *rows_text(void) {
    static char text[ROWS_TEXT_LEN];
    uint64_t seed = 99;

    for (int i = 0; !text[0] && i < ROWS_TEXT_LEN; i++)
        text[ROWS_TEXT_LEN - 1 - i] = (char)(rows_random(&seed) | (i == ROWS_TEXT_LEN - 1));
    return text;
}

// A record with about half of the columns of its kind, numbers of every length, texts of up to
// max_text bytes.
static inline void rows_make_of(const struct epmt_dictionary *dictionary,
                                struct epmt_record *record, uint64_t seed, uint64_t max_text) {
    seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    epmt_record_clear(record);
    for (int i = 0; i < dictionary->count; i++) {
        uint64_t number = rows_random(&seed) >> (rows_random(&seed) % 64);
        if (rows_random(&seed) & 1)
            continue;
        switch (dictionary->columns[i].type) {
        case EPMT_TYPE_TEXT:
        case EPMT_TYPE_LIST:
            epmt_record_set_text(record, i, rows_text() + number % 100, number % (max_text + 1));
            break;
        case EPMT_TYPE_INT:
        case EPMT_TYPE_STATE:
            epmt_record_set_i(record, i, (int64_t)number * (number & 1 ? -1 : 1));
            break;
        case EPMT_TYPE_UINT:
            epmt_record_set_u(record, i, number);
            break;
        case EPMT_TYPE_REAL:
            epmt_record_set_r(record, i, (double)number / 3);
            break;
        }
    }
}

// A process or thread record.
static inline void rows_make(struct epmt_record *record, uint64_t seed, uint64_t max_text) {
    rows_make_of(epmt_dictionary_of(EPMT_ROW_PROCESS), record, seed, max_text);
}

static inline bool rows_same_bytes(struct epmt_bytes a, struct epmt_bytes b) {
    return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

// Bits are compared: a real that is no number is itself.
static inline bool rows_same_of(const struct epmt_dictionary *dictionary,
                                const struct epmt_record *a, const struct epmt_record *b) {
    for (int i = 0; i < dictionary->count; i++) {
        enum epmt_type type = dictionary->columns[i].type;
        if (epmt_record_has(a, i) != epmt_record_has(b, i))
            return false;
        if (!epmt_record_has(a, i))
            continue;
        if (type == EPMT_TYPE_TEXT || type == EPMT_TYPE_LIST) {
            if (!rows_same_bytes(a->value[i].text, b->value[i].text))
                return false;
        } else if (a->value[i].u != b->value[i].u) {
            return false;
        }
    }
    return true;
}

static inline bool rows_same(const struct epmt_record *a, const struct epmt_record *b) {
    return rows_same_of(epmt_dictionary_of(EPMT_ROW_PROCESS), a, b);
}

#endif
