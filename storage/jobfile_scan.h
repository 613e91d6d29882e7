// SPDX-License-Identifier: Apache-2.0
// Reading one table of a job file row by row, trusting nothing in it. For storage/jobfile_*.c
// alone.
#ifndef EPMT_STORAGE_JOBFILE_SCAN_H
#define EPMT_STORAGE_JOBFILE_SCAN_H

#include "storage/jobfile_chunk.h"
#include "storage/jobfile_layout.h"
#include "storage/strbuf.h"

struct epmt_long_cursor; // the entries of /long_texts for one table

// The texts that cells could not hold.
struct epmt_long_store {
    hid_t texts;  // the dataset /texts, negative: none
    uint64_t len; // of it
};

struct epmt_scan {
    const char *file;                  // its name, for messages
    struct epmt_layout layout;         // the members that are in the file, as they are there
    int bits[EPMT_MEMBERS_MAX];        // of each member, its validity bit
    size_t valid_at[EPMT_VALID_NAMES]; // where the words of them stand in a row; SIZE_MAX: nowhere
    bool has_valid;                    // the table has validity bits
    bool has_unknown;                  // the table has members that this epmt does not know
    char unknown[64];                  // the first of them
    hid_t dataset, space, type;
    uint64_t rows, at;                           // all, and the next one
    uint64_t block_first, block_rows, block_cap; // those in memory
    size_t row_size;
    char *block;
    bool as_in_file; // rows in memory are as they are in the file
    bool chunked;    // by `chunks`, where that does
    bool closely;    // look at the cells that are marked as missing too
    const char *odd; // then: the first column of the row that is, and holds a value; NULL: none
    struct epmt_chunks chunks;
    struct epmt_strbuf full[EPMT_MEMBERS_MAX]; // long texts of the row
    struct epmt_strbuf list[EPMT_MEMBERS_MAX]; // lists of the row
    struct epmt_long_cursor *longs;
    const struct epmt_long_store *store;
};

// Opens the table for the members that layout names, checking their types and its size against
// the size of the file. A table that is missing, or lacks members, is fine where `optional`.
// Returns 0 or -1 with err; epmt_scan_close is to be called either way. scan was zeroed.
int epmt_scan_open(struct epmt_scan *scan, hid_t file, uint64_t file_size, const char *file_name,
                   const struct epmt_layout *layout, bool optional, struct epmt_error *err);
void epmt_scan_close(struct epmt_scan *scan);

// Finds the table's entries in /long_texts. Returns 0 or -1 with err.
int epmt_scan_open_longs(struct epmt_scan *scan, hid_t file, uint64_t file_size,
                         const struct epmt_long_store *store, struct epmt_error *err);

// Reads the next row into cells, by the numbers of the members in layout. Texts live until the
// next call. Returns 1, 0 at the end, -1 with err.
int epmt_scan_next(struct epmt_scan *scan, struct epmt_cell *cells, struct epmt_error *err);

// Before the first row: the table is to be read more than once. It is kept in memory where it fits
// into len bytes.
void epmt_scan_hold(struct epmt_scan *scan, size_t len);

// The next row is the first one again. Returns 0 or -1 with err.
int epmt_scan_rewind(struct epmt_scan *scan, struct epmt_error *err);

// Parts of the above.
int epmt_scan_take_longs(struct epmt_scan *scan, struct epmt_cell *cells, struct epmt_error *err);
void epmt_scan_close_longs(struct epmt_scan *scan);

// The number of elements of a one-dimensional dataset. Returns 0, or -1 where the file cannot hold
// them.
int epmt_dataset_size(hid_t space, uint64_t file_size, size_t element, uint64_t *count);

// Opens /texts. Returns 0 or -1 with err.
int epmt_long_store_open(struct epmt_long_store *store, hid_t file, uint64_t file_size,
                         const char *file_name, struct epmt_error *err);
void epmt_long_store_close(struct epmt_long_store *store);

// Reads a JSON array of strings as a LIST (items, each followed by a NUL) and adds it to list. The
// lone surrogate \udcHH is the byte HH. Returns 0 or -1 (malformed, or out of memory).
int epmt_list_from_json(struct epmt_strbuf *list, struct epmt_bytes json);

#endif
