// SPDX-License-Identifier: Apache-2.0
// The parts of writing and reading a job file. For storage/jobfile_*.c alone.
#ifndef EPMT_STORAGE_JOBFILE_PARTS_H
#define EPMT_STORAGE_JOBFILE_PARTS_H

#include "storage/fold.h"
#include "storage/jobfile.h"
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

// As epmt_jobfile_open, but without asking epmt_jobfile_crashes.
struct epmt_jobfile *epmt_jobfile_open_unchecked(const char *path, struct epmt_error *err);

// Whether libhdf5 crashes over the file; a child process tries.
bool epmt_jobfile_crashes(const char *path);

#endif
