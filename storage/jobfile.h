// SPDX-License-Identifier: Apache-2.0
// The job file: one HDF5 file per job. docs/jobfile.md is its contract with the world.
#ifndef EPMT_STORAGE_JOBFILE_H
#define EPMT_STORAGE_JOBFILE_H

#include "storage/fold.h"

#define EPMT_JOBFILE_FORMAT "epmt-job"
#define EPMT_JOBFILE_VERSION 2

// Writes a finished fold to path: built beside it, fsync'ed, renamed; on failure path is what it
// was. Returns 0 or -1 with err.
int epmt_jobfile_write(const struct epmt_jobfold *fold, const char *path, struct epmt_error *err);

struct epmt_jobfile;

struct epmt_jobfile_info {
    const char *jobid, *uuid, *user, *creator; // live as long as the jobfile
    int64_t format_version;                    // at most EPMT_JOBFILE_VERSION
    uint64_t process_count, thread_count, attribute_count, step_count;
    uint64_t mpi_rows;                      // of all MPI tables
    uint64_t digest;                        // of all rows and attributes, whatever their order
    int64_t ranks_reported, ranks_expected; // over all steps; 0, 0 for a job without MPI
    bool complete;
    bool ended; // `epmt stop` or the last step closed it
};

// Opens a job file for reading and checks it (format, version, schema, sizes of the tables against
// the file). Returns NULL with err: NOT_FOUND, BAD_INPUT, VERSION, IO; each text names the file.
struct epmt_jobfile *epmt_jobfile_open(const char *path, struct epmt_error *err);
void epmt_jobfile_close(struct epmt_jobfile *file);

const struct epmt_jobfile_info *epmt_jobfile_info(const struct epmt_jobfile *file);

// Reads the next row (in blocks, memory is bounded whatever the file's size). Texts live until the
// next call. Returns 1, 0 at the end, -1 with err.
int epmt_jobfile_next_process(struct epmt_jobfile *file, struct epmt_record *record,
                              struct epmt_error *err);
// Before the first process: they are going to be read twice. Then, so that the next one is the
// first one again; returns 0 or -1 with err.
void epmt_jobfile_hold_processes(struct epmt_jobfile *file);
int epmt_jobfile_rewind_processes(struct epmt_jobfile *file, struct epmt_error *err);
int epmt_jobfile_next_thread(struct epmt_jobfile *file, struct epmt_record *record,
                             struct epmt_error *err);
// kind: of an MPI table; one that the file has not has no rows.
int epmt_jobfile_next_mpi(struct epmt_jobfile *file, enum epmt_row_kind kind,
                          struct epmt_record *record, struct epmt_error *err);
uint64_t epmt_jobfile_mpi_count(const struct epmt_jobfile *file, enum epmt_row_kind kind);
int epmt_jobfile_next_attribute(struct epmt_jobfile *file, struct epmt_row *row,
                                struct epmt_error *err);

// Adds all of the file to a fold. Returns 0 or -1 with err.
int epmt_fold_add_jobfile(struct epmt_jobfold *fold, struct epmt_jobfile *file,
                          struct epmt_error *err);

#endif
