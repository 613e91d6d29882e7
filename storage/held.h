// SPDX-License-Identifier: Apache-2.0
// Files and directories that are held open, so that what is read is what was looked at: whoever
// owns a directory above may put something else under the name meanwhile.
#ifndef EPMT_STORAGE_HELD_H
#define EPMT_STORAGE_HELD_H

#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>

#include "common/err.h"

#define EPMT_HELD_PATH_MAX 32

struct epmt_held {
    int fd;                        // of the file or directory itself
    int parent;                    // of the directory that has it
    char name[NAME_MAX + 1];       // its name in there
    char path[EPMT_HELD_PATH_MAX]; // by which functions that take a path reach just this one
    const char *shown;             // what people call it; the caller's
    struct stat st;                // as it was when it was opened
};

// Opens path. The first `trusted` characters are what the user named: links in them are followed;
// what is behind them was found, and a link there is an error. Opening waits for nothing: a FIFO or
// a device is for the caller to refuse by st. path must live as long as held. Returns 0; or -1 with
// err (NOT_FOUND, IO) and nothing to be released.
int epmt_hold(struct epmt_held *held, const char *path, size_t trusted, struct epmt_error *err);
void epmt_release(struct epmt_held *held);

// Whether the name still is that of the same file.
int epmt_held_is_in_place(const struct epmt_held *held);

// Puts what people call it in the place of held->path in the text of an error.
void epmt_held_explain(const struct epmt_held *held, struct epmt_error *err);

#endif
