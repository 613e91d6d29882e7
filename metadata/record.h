// SPDX-License-Identifier: Apache-2.0
// A record: the values of one row, by the column's index in the dictionary of the row's kind, with
// validity bits.
#ifndef EPMT_METADATA_RECORD_H
#define EPMT_METADATA_RECORD_H

#include "metadata/metrics.h"

#define EPMT_VALID_WORDS ((EPMT_COLUMN_COUNT + 63) / 64)

// Bytes in somebody else's memory, any value, not terminated. A LIST is its items, each followed
// by a NUL.
struct epmt_bytes {
    const char *data;
    uint64_t len;
};

union epmt_value {
    int64_t i;              // INT, STATE
    uint64_t u;             // UINT
    double r;               // REAL
    struct epmt_bytes text; // TEXT, LIST
};

struct epmt_record {
    uint64_t valid[EPMT_VALID_WORDS]; // bit i % 64 of word i / 64: column i has a value
    union epmt_value value[EPMT_COLUMN_COUNT];
};

// Makes every value missing.
void epmt_record_clear(struct epmt_record *record);

static inline bool epmt_record_has(const struct epmt_record *record, int column) {
    return record->valid[column / 64] >> (column % 64) & 1;
}

// The first column from `column` on that has a value; EPMT_COLUMN_COUNT or more: none.
static inline int epmt_record_next(const struct epmt_record *record, int column) {
    for (; column < EPMT_COLUMN_COUNT; column = (column / 64 + 1) * 64) {
        uint64_t left = record->valid[column / 64] >> (column % 64);
        if (left)
            return column + __builtin_ctzll(left);
    }
    return column;
}

void epmt_record_set_i(struct epmt_record *record, int column, int64_t value);
void epmt_record_set_u(struct epmt_record *record, int column, uint64_t value);
void epmt_record_set_r(struct epmt_record *record, int column, double value);
void epmt_record_set_text(struct epmt_record *record, int column, const char *data, uint64_t len);
void epmt_record_unset(struct epmt_record *record, int column);

// Of process and thread records. Adds a thread's values to its process's row, as each column's fold
// says.
void epmt_record_fold(struct epmt_record *process, const struct epmt_record *thread);

// Of process and thread records. Overlays `onto` with the values of `from`: where both have one,
// that of the higher revision stands (at equal revisions `onto`'s). Texts are not copied.
void epmt_record_merge(struct epmt_record *onto, const struct epmt_record *from);

#endif
