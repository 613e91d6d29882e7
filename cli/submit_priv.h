// SPDX-License-Identifier: Apache-2.0
// A worker of `epmt submit`, between cli/submit_worker.c, submit_batch.c and submit_read.c.
#ifndef EPMT_CLI_SUBMIT_PRIV_H
#define EPMT_CLI_SUBMIT_PRIV_H

#include "cli/submit.h"
#include "storage/db.h"
#include "storage/tempdir.h"

// Jobs and rows that are put into the database together, at most.
#define EPMT_SUBMIT_BATCH_JOBS 48
#define EPMT_SUBMIT_BATCH_ROWS 20000
#define EPMT_SUBMIT_BATCH_BYTES (UINT64_C(256) << 20) // unpacked

// What waits for its turn: a job file that is open and checked, or something to be said when
// everything before it is said.
struct epmt_waiting {
    struct epmt_job_report report;
    struct epmt_jobfile *file; // NULL: only the report
    struct epmt_held held;     // of the job file; END: of the source
    char shown[512];           // what held is called, where that is a name of its own
    bool is_held;
    uint64_t snapshot; // END of a directory
};

struct epmt_submit_worker {
    const struct epmt_submit_options *options;
    const struct epmt_sources *sources;
    int fd, lock;
    struct epmt_db *db; // NULL in a dry run
    bool one_writer;    // the database knows one at a time
    struct epmt_tempdir tempdir;
    unsigned unpacked;                     // directories made in it
    unsigned done[EPMT_SUBMIT_BATCH_JOBS]; // those whose jobs all wait
    unsigned done_count;
    uint64_t done_bytes;
    uint32_t source;      // under way
    bool damaged, failed; // something in it is / was not put into the database
    struct epmt_waiting waiting[EPMT_SUBMIT_BATCH_JOBS];
    unsigned count;
    uint64_t rows;
    bool deaf; // nobody takes reports any more
};

// submit_read.c: from sources to job files that wait. Everything that happens is put into
// `waiting`.
void epmt_submit_source(struct epmt_submit_worker *worker, uint32_t source);

// submit_batch.c
// The next place to wait in; what waits is put into the database first where there is none.
struct epmt_waiting *epmt_submit_wait(struct epmt_submit_worker *worker,
                                      enum epmt_job_outcome outcome);
// Puts all that waits into the database, removes what is to be removed, reports.
void epmt_submit_flush(struct epmt_submit_worker *worker);
// Says what is wrong with the source under way, or with a job in it.
void epmt_submit_fail(struct epmt_submit_worker *worker, const char *jobid,
                      const struct epmt_error *err);

// submit_open.c: one job, in a file (held is released), in a directory or as a stream.
void epmt_submit_jobfile(struct epmt_submit_worker *worker, struct epmt_held *held, uint64_t gaps);
struct epmt_submit_directory {
    const struct epmt_held *held;
    const char *jobid;
    const char *user; // whose job it is where nobody noted it; NULL: the owner's
    bool packed;      // of an archive
    bool named;
    uint64_t snapshot; // of what was read
};
void epmt_submit_directory(struct epmt_submit_worker *worker, struct epmt_submit_directory *dir);
void epmt_submit_stream(struct epmt_submit_worker *worker, const struct epmt_held *held);
// A new directory in the worker's temporary directory. Returns its number and writes its path; 0
// with err.
unsigned epmt_submit_tempdir(struct epmt_submit_worker *worker, char path[PATH_MAX],
                             struct epmt_error *err);
// Whether the connection to the database is gone.
bool epmt_submit_is_lost(const struct epmt_submit_worker *worker);
// What is in it has been read, or waits.
void epmt_submit_tempdir_done(struct epmt_submit_worker *worker, unsigned number, uint64_t bytes);

#endif
