// SPDX-License-Identifier: Apache-2.0
// The MPI tables inside of the fold, for storage/fold*.c alone.
#ifndef EPMT_STORAGE_FOLD_MPI_H
#define EPMT_STORAGE_FOLD_MPI_H

#include "metadata/tables.h"
#include "storage/fold.h"

// Rows of one table: validity bits and a word per column, texts as their numbers.
struct epmt_fold_mpi {
    const struct epmt_dictionary *dictionary;
    uint64_t *rows; // of 1 + dictionary->count words
    uint32_t count, cap;
    uint32_t *slots; // row + 1 by hash of the keys, 0 empty
    uint32_t slot_count;
    uint32_t *order; // rows in the order of epmt_fold_finish, NULL before
};

void epmt_fold_mpi_init(struct epmt_jobfold *fold);
struct epmt_fold_mpi *epmt_fold_mpi_table(const struct epmt_jobfold *fold, enum epmt_row_kind kind);
void epmt_fold_mpi_clear(struct epmt_fold_mpi *table);
void epmt_fold_mpi_forget_order(struct epmt_jobfold *fold);

// As epmt_fold_add_record.
int epmt_fold_mpi_add(struct epmt_jobfold *fold, enum epmt_row_kind kind,
                      const struct epmt_record *record, struct epmt_error *err);

// Adds a record to a table that need not be the fold's; its texts are the fold's. Returns 0 or -1
// (out of memory).
int epmt_fold_mpi_put(struct epmt_jobfold *fold, struct epmt_fold_mpi *table,
                      const struct epmt_record *record);

// Row number `row` (not place).
void epmt_fold_mpi_decode(const struct epmt_jobfold *fold, enum epmt_row_kind kind, uint32_t row,
                          struct epmt_record *record);

// Parts of epmt_fold_finish. Return 0 or -1 (out of memory).
int epmt_fold_mpi_add_processes(struct epmt_jobfold *fold);
int epmt_fold_mpi_sort(struct epmt_jobfold *fold, enum epmt_row_kind kind);
int epmt_fold_compute_imbalance(struct epmt_jobfold *fold);

#endif
