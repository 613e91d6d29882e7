// SPDX-License-Identifier: Apache-2.0
// Parts of one job put together: job files, journals and streams, in any order and as often as one
// likes. What folding a job directory does in the end is the same.
#ifndef EPMT_STORAGE_MERGE_H
#define EPMT_STORAGE_MERGE_H

#include "metadata/jobplace.h"
#include "storage/fold.h"
#include "storage/jobmeta.h"

struct epmt_merge {
    struct epmt_jobfold *fold;
    bool any_job; // parts of different jobs are no mistake
    // Of the parts so far, empty where none says it; of different jobs those that sort last.
    char jobid[EPMT_JOBID_MAX];
    // That of a job file, else of the earliest run: the runs of a requeued job have their own.
    char uuid[EPMT_UUID_LEN];
    bool uuid_of_jobfile;
    int64_t uuid_restart;
    char first_uuid[EPMT_UUID_LEN]; // of parts of the first run, which have one and the same
    struct epmt_fold_damage damage; // of journals and streams
    struct epmt_jobmeta *metadata; // parts of that kind: taken over at the end, the latest run last
    size_t metadata_count;
};

// Returns 0 or -1 (out of memory).
int epmt_merge_init(struct epmt_merge *merge);
void epmt_merge_fini(struct epmt_merge *merge);

// Adds a job file, a journal, a stream or the metadata of `epmt start`; the file stays as it is.
// Returns 0, or -1 with err (NOT_FOUND, IO, BAD_INPUT, VERSION; EXISTS for a part of another job).
int epmt_merge_add(struct epmt_merge *merge, const char *path, struct epmt_error *err);

// Completes what was added. jobid: where no part says it, else NULL. ended: the job is over, even
// where no part says so. Of a job that is over the outcome is found as `epmt stop` does. Returns 0
// or -1 with err.
int epmt_merge_finish(struct epmt_merge *merge, const char *jobid, bool ended,
                      struct epmt_error *err);

// Whether path may be written: it is not there, or is a job file of this job. Returns 0, or -1
// with err (EXISTS).
int epmt_merge_check_target(const struct epmt_merge *merge, const char *path,
                            struct epmt_error *err);

// Gives the job its UUID: `uuid`, where that is not empty; else what an attribute says; else one
// is made of what is known. Returns 0 or -1 with err.
int epmt_job_set_uuid(struct epmt_jobfold *fold, const char *jobid, const char *uuid,
                      struct epmt_error *err);

// The process that began first; false where none says when it did.
bool epmt_job_first_process(const struct epmt_jobfold *fold, struct epmt_record *first);

// What is done once all rows are there: functions get their names, and the fold is finished.
// Returns 0 or -1 with err.
int epmt_job_finish(struct epmt_jobfold *fold, bool ended, struct epmt_error *err);

#endif
