// SPDX-License-Identifier: Apache-2.0
// Job files, job directories and programs, among the files that people name.
#ifndef EPMT_CLI_PATHS_H
#define EPMT_CLI_PATHS_H

#include <limits.h>
#include <stdbool.h>

#include "common/err.h"

struct epmt_paths {
    char **items;
    int count, cap;
};

// Appends a copy. Returns 0 or -1 with err (MEMORY).
int epmt_paths_add(struct epmt_paths *paths, const char *path, struct epmt_error *err);
void epmt_paths_free(struct epmt_paths *paths);

enum epmt_path_kind {
    EPMT_PATH_NONE, // does not exist or may not be looked at; errno says why
    EPMT_PATH_FILE,
    EPMT_PATH_JOBDIR, // holds its job file, journals, streams or metadata
    EPMT_PATH_DIR,    // another directory
    EPMT_PATH_OTHER,  // a device, a socket ...
};

enum epmt_path_kind epmt_path_kind(const char *path);

// Whether execvp would find a program of that name: by PATH, where there is no slash in it.
bool epmt_path_is_program(char *const *envp, const char *name);

// Job files and journals are not looked for deeper than <prefix>/<user>/<jobid>.
#define EPMT_PATH_DEPTH 2

// Appends all job directories and other job files below dir, in the order of their names; symbolic
// links are not followed, and what may not be read is passed over. Returns 0 or -1 with err.
int epmt_paths_find_jobs(struct epmt_paths *paths, const char *dir, struct epmt_error *err);

// The job id of a job directory: its last component. Writes to jobid[NAME_MAX + 1].
void epmt_path_jobid(const char *dir, char jobid[NAME_MAX + 1]);

// The job file of a job directory. Writes to path[PATH_MAX]; false where it would be too long.
bool epmt_path_jobfile(const char *dir, char path[PATH_MAX]);

#endif
