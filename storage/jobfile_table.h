// SPDX-License-Identifier: Apache-2.0
// Writing one table of a job file, row by row, whatever its members. For storage/jobfile_*.c alone.
#ifndef EPMT_STORAGE_JOBFILE_TABLE_H
#define EPMT_STORAGE_JOBFILE_TABLE_H

#include "storage/jobfile_layout.h"
#include "storage/strbuf.h"

// Where in /texts a value stands in full.
struct epmt_long_text {
    const char *table, *column;
    uint64_t row, offset, length;
};

// Where a text went, so that one that many rows share is stored once.
struct epmt_stored_text {
    const char *data; // NULL: an empty slot
    bool list;
    uint64_t offset, length;
};

// What is common to the tables of a file. Start with {.file = ...}.
struct epmt_table_writer {
    hid_t file;
    struct epmt_strbuf texts;       // content of /texts
    struct epmt_long_text *entries; // rows of /long_texts
    uint64_t entry_count, entry_cap;
    struct epmt_stored_text *stored;
    uint64_t stored_count, stored_slots;
    struct epmt_strbuf json; // the list being converted
};

void epmt_table_writer_free(struct epmt_table_writer *writer);

// Fills in all value_count cells of a row.
typedef void (*epmt_row_source_f)(void *context, uint64_t row, struct epmt_cell *cells);

// Writes the table with `rows` rows; each is asked for twice, in order: the first time round finds
// the widths of the texts. Returns 0 or -1 with err (IO, MEMORY).
int epmt_table_write(struct epmt_table_writer *writer, struct epmt_layout *layout, uint64_t rows,
                     epmt_row_source_f source, void *context, struct epmt_error *err);

// Writes /long_texts and /texts, after the tables.
int epmt_table_write_texts(struct epmt_table_writer *writer, struct epmt_error *err);

#endif
