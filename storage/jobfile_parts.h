// SPDX-License-Identifier: Apache-2.0
// The parts of writing and reading a job file. For storage/jobfile_*.c alone.
#ifndef EPMT_STORAGE_JOBFILE_PARTS_H
#define EPMT_STORAGE_JOBFILE_PARTS_H

#include "storage/fold.h"
#include "storage/jobfile.h"
#include "storage/jobfile_scan.h"
#include "storage/jobfile_table.h"

// Writes the root's attributes and the small tables. Returns 0 or -1 with err.
int epmt_jobfile_write_summary(const struct epmt_jobfold *fold, struct epmt_table_writer *writer,
                               struct epmt_error *err);

// Writes /processes, /threads and those tables of /mpi that have rows. Returns 0 or -1 with err.
int epmt_jobfile_write_rows(const struct epmt_jobfold *fold, struct epmt_table_writer *writer,
                            struct epmt_error *err);

// Writes /columns, which describes all tables. Returns 0 or -1 with err.
int epmt_jobfile_write_columns(const struct epmt_jobfold *fold, struct epmt_table_writer *writer,
                               struct epmt_error *err);

// Writes /crashes and /crash_frames. Returns 0 or -1 with err.
int epmt_jobfile_write_crashes(const struct epmt_jobfold *fold, struct epmt_table_writer *writer,
                               struct epmt_error *err);

// Rows of all tables of /mpi together.
uint64_t epmt_jobfile_mpi_rows(const struct epmt_jobfold *fold);

// Finds a table or group that this epmt does not know. Returns whether there is one, and its path.
bool epmt_jobfile_find_unknown(hid_t file, char *unknown, size_t cap);

// As epmt_jobfile_open, but without asking epmt_jobfile_try.
struct epmt_jobfile *epmt_jobfile_open_unchecked(const char *path, struct epmt_error *err);

// Of an open file: what HDF5 has of it, whether it is as it was written, what it holds that this
// epmt does not know ("" for nothing).
hid_t epmt_jobfile_hdf5(const struct epmt_jobfile *file);
uint64_t epmt_jobfile_size(const struct epmt_jobfile *file);
const char *epmt_jobfile_path(const struct epmt_jobfile *file);
bool epmt_jobfile_has_checksum(const struct epmt_jobfile *file);
const char *epmt_jobfile_unknown(const struct epmt_jobfile *file);
const struct epmt_long_store *epmt_jobfile_store(const struct epmt_jobfile *file);

// Rows of a table that is there; false where it is not.
bool epmt_jobfile_table_rows(const struct epmt_jobfile *file, const char *path, uint64_t *rows);
// The number of a column among those of a table, -1 where the table has none of that name, -2 where
// the table is not there.
int epmt_jobfile_column_place(const struct epmt_jobfile *file, const char *path,
                              const char *column);

// From here on cells that are marked as missing are looked at too: what the next row of the kind
// has is asked of epmt_jobfile_odd, which names a column whose cell holds a value all the same, or
// NULL.
void epmt_jobfile_look_closely(struct epmt_jobfile *file);
const char *epmt_jobfile_odd(const struct epmt_jobfile *file, enum epmt_row_kind kind);

// Lets a child process read all of a file, within limits of time and memory. Returns 0, or -1 with
// err: what the child met, or that it crashed.
int epmt_jobfile_try(const char *path, uint64_t size, struct epmt_error *err);

#endif
