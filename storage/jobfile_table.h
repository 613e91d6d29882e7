// SPDX-License-Identifier: Apache-2.0
// Writing one table of a job file, row by row, whatever its members. For storage/jobfile_*.c alone.
#ifndef EPMT_STORAGE_JOBFILE_TABLE_H
#define EPMT_STORAGE_JOBFILE_TABLE_H

#include "storage/jobfile_chunk.h"
#include "storage/jobfile_layout.h"
#include "storage/strbuf.h"

// Where in /texts a value stands in full.
struct epmt_long_text {
    const char *table, *column;
    uint64_t row, offset, length;
};

// A text of /texts, which is written last: its source must stay until then.
struct epmt_stored_text {
    struct epmt_bytes source;
    bool list;
    uint64_t offset, length; // as it stands there
};

// What is common to the tables of a file. Start with {.file = ...}.
struct epmt_table_writer {
    hid_t file;
    struct epmt_long_text *entries; // rows of /long_texts
    uint64_t entry_count, entry_cap;
    struct epmt_stored_text *stored; // in the order of /texts
    uint64_t stored_count, stored_cap;
    uint64_t
        *slots; // stored text + 1 by its source, 0 empty: one that many rows share is there once
    uint64_t slot_count;
    uint64_t texts_len;
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

// Parts of the above: notes that a cell could not hold its text (0 or -1: out of memory), and gives
// a text as it stands in the file, where lists are JSON.
int epmt_table_add_long(struct epmt_table_writer *writer, const char *table,
                        const struct epmt_member *member, uint64_t row,
                        const struct epmt_cell *cell, uint64_t length);
struct epmt_bytes epmt_table_shown(struct epmt_table_writer *writer, bool list,
                                   struct epmt_bytes text);

// Where a table's rows go.
struct epmt_table_target {
    hid_t dataset, type, space;
    uint64_t block; // rows to give at once
    bool chunked;   // by `chunks`
    struct epmt_chunks chunks;
};
// Makes the dataset, whose type is set. Returns 0 or -1.
int epmt_table_make_target(struct epmt_table_writer *writer, const char *path, const char *title,
                           uint64_t rows, size_t row_size, struct epmt_table_target *target);
// Writes count rows from row `first` on, a multiple of `block`. Returns 0 or -1.
int epmt_table_write_block(struct epmt_table_target *target, uint64_t first, uint64_t count,
                           const void *data);
void epmt_table_close_target(struct epmt_table_target *target);

#endif
