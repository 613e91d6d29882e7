// SPDX-License-Identifier: Apache-2.0
// From records to the values of a row, in the order of the dictionary.
#ifndef EPMT_STORAGE_FLATTEN_H
#define EPMT_STORAGE_FLATTEN_H

#include "storage/db_backend.h"
#include "storage/strbuf.h"

// Texts that an index must hold are cut to so many bytes, at the end of a character.
#define EPMT_INDEXED_TEXT_MAX 1024

// Moments are of the years 1970 to 2199: what else an input claims is no observation, and one such
// row would make PostgreSQL refuse the views of all jobs.
#define EPMT_MOMENT_MAX INT64_C(7258118400000000)
static inline bool epmt_is_moment(int64_t us) {
    return us >= 0 && us < EPMT_MOMENT_MAX;
}

// Memory for the texts of one row, used again for the next. Start with {0}.
struct epmt_flatten {
    bool indexed; // for a database: texts that are in an index are cut
    // The columns that stand in rows of this kind, as they were asked for last.
    enum epmt_row_kind kind;
    bool (*stands)(const struct epmt_column *);
    int count;
    uint8_t columns[EPMT_COLUMN_COUNT];
    bool moment[EPMT_COLUMN_COUNT]; // of these columns
    struct epmt_strbuf text[EPMT_COLUMN_COUNT];
};

void epmt_flatten_free(struct epmt_flatten *flatten);

// Bytes as a text that a database takes (see epmt_strbuf_add_clean); `memory` is used where they
// must be changed for it. Out of memory: NULL.
struct epmt_db_value epmt_flatten_text(struct epmt_strbuf *memory, struct epmt_bytes bytes);

// Writes the values of the columns of a record of that kind that `stands` accepts to values (room
// for EPMT_COLUMN_COUNT). A text lives until the next row. Returns how many.
int epmt_flatten_row(struct epmt_flatten *flatten, enum epmt_row_kind kind,
                     const struct epmt_record *record, bool (*stands)(const struct epmt_column *),
                     struct epmt_db_value *values);

#endif
