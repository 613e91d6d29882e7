// SPDX-License-Identifier: Apache-2.0
// Inside of the fold, for storage/fold*.c alone. Rows are kept encoded (a struct epmt_record is
// about 1 KB, a row here about 100 bytes); texts are kept once and are numbers in the rows.
#ifndef EPMT_STORAGE_FOLD_PRIV_H
#define EPMT_STORAGE_FOLD_PRIV_H

#include "storage/fold_mpi.h"
#include "storage/fold_waited.h"

#define EPMT_FOLD_NOWHERE UINT32_MAX // no row, no text
#define EPMT_FOLD_NO_KEY INT64_MIN   // a tid or start that is missing

// Texts, each once. Their bytes never move.
struct epmt_texts {
    struct epmt_bytes *items;
    uint32_t count, cap;
    uint32_t *slots; // item + 1 by hash, 0 empty
    uint32_t slot_count;
    struct epmt_text_chunk *chunks;
};

// Finds or copies a text. Returns its number, or EPMT_FOLD_NOWHERE (out of memory).
uint32_t epmt_texts_intern(struct epmt_texts *texts, const char *data, uint64_t len);
// The same for a list: one that lacks the last NUL gets it.
uint32_t epmt_texts_intern_list(struct epmt_texts *texts, struct epmt_bytes list);
void epmt_texts_free(struct epmt_texts *texts);

// A row. `image` is the key of a process; of a thread, image, tid and start are.
struct epmt_fold_row {
    uint64_t image;
    int64_t tid;    // process: its rank, once finished
    int64_t start;  // process: the same as in the row, once finished
    uint8_t *data;  // encoded
    uint32_t link;  // once finished: process: number of its step; thread: its process
    uint32_t place; // once finished: its place in the order
};

struct epmt_fold_table {
    bool by_image; // the processes: tid and start are no part of the key
    struct epmt_fold_row *rows;
    uint32_t count, cap;
    uint32_t *slots; // row + 1 by hash of the key, 0 empty
    uint32_t slot_count;
    uint32_t *order; // rows in the order of epmt_fold_finish, NULL before
};

struct epmt_fold_attribute {
    uint32_t scope, key, value; // texts
};

struct epmt_jobfold {
    struct epmt_texts texts;
    struct epmt_fold_table processes, threads;
    struct epmt_fold_mpi mpi[EPMT_TABLE_COUNT];
    struct epmt_fold_attribute *attributes; // sorted by scope, then key
    uint32_t attribute_count, attribute_cap;
    struct epmt_fold_waits waits;
    epmt_fold_alive_f alive; // may be NULL
    void *alive_context;
};

// A row with the revision that each value came with. Values are as in union epmt_value, texts as
// their numbers.
struct epmt_layered {
    uint64_t valid[EPMT_VALID_WORDS];
    uint64_t value[EPMT_COLUMN_COUNT];
    uint64_t revision[EPMT_COLUMN_COUNT];
};

static inline bool epmt_layered_has(const struct epmt_layered *row, int column) {
    return row->valid[column / 64] >> (column % 64) & 1;
}

static inline void epmt_layered_set(struct epmt_layered *row, int column, uint64_t value,
                                    uint64_t revision) {
    row->valid[column / 64] |= UINT64_C(1) << (column % 64);
    row->value[column] = value;
    row->revision[column] = revision;
}

static inline void epmt_layered_unset(struct epmt_layered *row, int column) {
    row->valid[column / 64] &= ~(UINT64_C(1) << (column % 64));
}

void epmt_layered_decode(struct epmt_layered *row, const uint8_t *data);
// Decodes values alone, texts as bytes; without the key columns, which the row itself has.
void epmt_layered_decode_record(struct epmt_record *record, const uint8_t *data,
                                const struct epmt_texts *texts);
// Encodes into a new block *data in place of the old one. Returns 0 or -1 (out of memory, *data as
// it was).
int epmt_layered_encode(const struct epmt_layered *row, uint8_t **data);
// Takes over from `from` each value of a higher revision; at equal ones the greater value stands,
// whatever came first. Returns whether anything changed.
bool epmt_layered_merge(struct epmt_layered *onto, const struct epmt_layered *from,
                        const struct epmt_texts *texts);

// Finds the row of a key, or adds an empty one (data NULL). Returns its number, or
// EPMT_FOLD_NOWHERE (none, or out of memory).
uint32_t epmt_fold_table_find(const struct epmt_fold_table *table, uint64_t image, int64_t tid,
                              int64_t start);
uint32_t epmt_fold_table_add(struct epmt_fold_table *table, uint64_t image, int64_t tid,
                             int64_t start);

void epmt_fold_table_free(struct epmt_fold_table *table);

// The row with its key columns, decoded from row number `row` (not place).
void epmt_fold_decode(const struct epmt_jobfold *fold, enum epmt_row_kind kind, uint32_t row,
                      struct epmt_record *record);

// Compares bytes as memcmp, the shorter one first where it begins the other.
int epmt_bytes_compare(struct epmt_bytes a, struct epmt_bytes b);

// Reads bytes as a decimal number. Returns false where they are none.
bool epmt_bytes_to_number(struct epmt_bytes bytes, int64_t *number);

// What the images of a pid used so far, each by itself: the kernel's counters go on over exec.
struct epmt_carried {
    bool known;                        // none of them is without a final record
    uint64_t sum[EPMT_COLUMN_COUNT];   // what goes on in the next image: the main thread's
    uint64_t whole[EPMT_COLUMN_COUNT]; // of all their threads
};

// Takes what earlier images of its pid used off the values of process `number`, where that is still
// due, and adds what is left to *carried. after_exec: it is the next image of the process that was
// asked about last; else *carried starts anew. Returns 0 or -1 (out of memory).
int epmt_fold_take_off_carried(struct epmt_jobfold *fold, uint32_t number, bool after_exec,
                               struct epmt_carried *carried);

// The process of that image, made where it left no row of its own. Returns its number, or
// EPMT_FOLD_NOWHERE (out of memory).
uint32_t epmt_fold_add_missing_process(struct epmt_jobfold *fold, uint64_t image);

// Sets the order of both tables (part of epmt_fold_finish). Returns 0 or -1 (out of memory).
int epmt_fold_sort(struct epmt_jobfold *fold);

// Counts the hosts of each step whose ranks are all there, in that order, and notes them where
// nobody told (part of epmt_fold_finish). Returns 0 or -1 (out of memory).
int epmt_fold_count_nodes(struct epmt_jobfold *fold);

#endif
