// SPDX-License-Identifier: Apache-2.0
// Parts of folding a job directory, for storage/jobdir*.c and their tests alone.
#ifndef EPMT_STORAGE_JOBDIR_PRIV_H
#define EPMT_STORAGE_JOBDIR_PRIV_H

#include <limits.h>

#include "aggregator/journal.h"
#include "storage/alive.h"
#include "storage/jobdir.h"

// How long to wait for somebody else who folds the same directory; variables for the tests' sake.
extern unsigned epmt_jobdir_lock_ms, epmt_jobdir_lock_ended_ms;

// Locks the directory itself: no file is left behind. Returns its descriptor, -1 with err, or -2
// where somebody else holds the lock past the limit.
int epmt_jobdir_lock(const char *dir, unsigned timeout_ms, struct epmt_error *err);

// Names of files, sorted.
struct epmt_names {
    char **at;
    size_t count, cap;
};

// What lies in a job directory.
struct epmt_jobdir_files {
    struct epmt_names journals, streams;
    struct epmt_names leftovers; // half-written files of programs that died
};

// Lists the directory. Returns 0 or -1 with err (IO, MEMORY); to be freed either way.
int epmt_jobdir_list(const char *dir, struct epmt_jobdir_files *files, struct epmt_error *err);
void epmt_jobdir_files_free(struct epmt_jobdir_files *files);

// Makes the path of a name in dir. Returns 0 or -1 with err.
int epmt_jobdir_path(char path[PATH_MAX], const char *dir, const char *name,
                     struct epmt_error *err);

// Whether something has that name, in the eyes of open(): access() would leave out the capabilities
// by which a service reads the directories of all users. What may not be looked at is there.
bool epmt_jobdir_exists(const char *path);

// The fragments that went into a fold, by a hash of each.
struct epmt_seen {
    uint64_t *slots; // 0 empty
    uint64_t count, slot_count;
};

// Adds a journal to a fold and notes its fragments. A journal that vanished is fine; one that
// stays locked is passed over where `ended` is false. Returns 0 or -1 with err.
int epmt_jobdir_add_journal(const char *path, bool ended, struct epmt_jobfold *fold,
                            struct epmt_seen *seen, struct epmt_fold_damage *damage,
                            struct epmt_error *err);

// Removes from a journal what the fold, now in the job file, has seen and what is over. Returns 0
// or -1 with err.
int epmt_jobdir_trim_journal(const char *path, bool ended, const struct epmt_jobfold *fold,
                             const struct epmt_seen *seen, struct epmt_error *err);

// Adds a stream. *damaged tells whether there are damaged stretches in it. Returns 0 or -1 with
// err.
int epmt_jobdir_add_stream(const char *path, struct epmt_jobfold *fold, bool *damaged,
                           struct epmt_fold_damage *damage, struct epmt_error *err);

// Adds the exit code and the reason of a job that is over from its first process (attribute root),
// where nobody told them. The fold is finished. Returns 0 or -1 with err.
int epmt_jobdir_set_outcome(struct epmt_jobfold *fold, struct epmt_error *err);

// Forgets how the job ended and where it began where the scheduler has started it again since.
void epmt_jobdir_begin_again(struct epmt_jobfold *fold, int64_t restart);

// Makes a copy of a damaged file's bytes as <path>.damaged (.damaged.2, ...). Returns 0 or -1 with
// err.
int epmt_jobdir_keep_damaged(const char *path, const void *data, size_t len,
                             struct epmt_error *err);

#endif
