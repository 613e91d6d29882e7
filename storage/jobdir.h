// SPDX-License-Identifier: Apache-2.0
// A job directory: metadata, journals and left-over streams become the one job file.
#ifndef EPMT_STORAGE_JOBDIR_H
#define EPMT_STORAGE_JOBDIR_H

#include "metadata/jobplace.h"
#include "storage/fold.h"

struct epmt_jobdir_state {
    bool has_metadata; // `epmt start` was here and `epmt stop` not
    bool has_jobfile;
    uint64_t journals, streams; // files
    bool running;               // a journal names a process of this host and boot that is alive
};

// Looks what lies in the directory. Returns 0 or -1 with err (NOT_FOUND, IO).
int epmt_jobdir_look(const char *dir, const char *jobid, struct epmt_jobdir_state *state,
                     struct epmt_error *err);

struct epmt_jobdir_result {
    uint64_t processes, threads; // in the job file now
    struct epmt_fold_damage damage;
    bool
        left_as_stream; // the job file is busy or large: what was given waits as a stream beside it
};

// Folds everything in the directory, and stream[stream_len] (may be empty), into <jobid>.h5 and
// then removes what was folded. `ended`: the job is over (processes without a final record were
// killed, but those that are alive on this host; metadata is removed too); else records of
// processes that may still run stay in their journals and the job file is left open. Holds a lock
// in the directory. Returns 0, or -1 with err; the directory is as it was then, or holds the job
// file and its sources: folding again is harmless. Damaged stretches are counted in *result, and a
// journal or stream that has some is kept as <name>.damaged.
int epmt_jobdir_fold(const char *dir, const char *jobid, bool ended, const void *stream,
                     size_t stream_len, struct epmt_jobdir_result *result, struct epmt_error *err);

// The same for a fold that has some rows already; it has those of the directory too afterwards.
int epmt_jobdir_fold_into(const char *dir, const char *jobid, bool ended, struct epmt_jobfold *fold,
                          struct epmt_jobdir_result *result, struct epmt_error *err);

// Reads everything in the directory of an ended job into a fold, finished, and changes nothing
// there. `user` is the job's where nobody noted it (NULL: the owner of the directory). Returns 0 or
// -1 with err.
int epmt_jobdir_read(const char *dir, const char *jobid, const char *user,
                     struct epmt_jobfold *fold, struct epmt_jobdir_result *result,
                     struct epmt_error *err);

// How often the scheduler had started the job again when its job file was made; 0 where nothing
// says.
int64_t epmt_jobdir_restart(const char *dir, const char *jobid);

// Keeps everybody else from folding the directory while its metadata are changed. Returns a
// descriptor, which ends that when it is closed; or -1 with err.
int epmt_jobdir_hold(const char *dir, struct epmt_error *err);

// Leaves what the fold has as a stream in the directory, for the next folding. Returns 0 or -1
// with err.
int epmt_jobdir_save_stream(const char *dir, const struct epmt_jobfold *fold,
                            struct epmt_error *err);

#endif
