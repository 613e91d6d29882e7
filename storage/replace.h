// SPDX-License-Identifier: Apache-2.0
// Putting a new file in the place of an old one such that nobody ever sees half of it: written
// beside, fsync'ed, renamed.
#ifndef EPMT_STORAGE_REPLACE_H
#define EPMT_STORAGE_REPLACE_H

#include <limits.h>
#include <stddef.h>

#include "common/err.h"

struct epmt_replace {
    int fd;                   // of the new file, open for reading and writing
    char temporary[PATH_MAX]; // its name until the end: .<name>.<pid>.<number>.tmp
    char path[PATH_MAX];
};

// Names of files that a crash left behind end so and begin with a dot.
#define EPMT_REPLACE_SUFFIX ".tmp"

// Makes the new file, mode 0600, beside path. Returns 0 or -1 with err (IO).
int epmt_replace_begin(struct epmt_replace *file, const char *path, struct epmt_error *err);

// Makes it durable and puts it in place. Returns 0, or -1 with err (IO) and path as it was.
int epmt_replace_commit(struct epmt_replace *file, struct epmt_error *err);

// Removes the new file.
void epmt_replace_abort(struct epmt_replace *file);

// All of it at once. Returns 0, or -1 with err (IO) and path as it was.
int epmt_replace_file(const char *path, const void *data, size_t len, struct epmt_error *err);

#endif
