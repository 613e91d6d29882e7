// SPDX-License-Identifier: Apache-2.0
// A private directory for what is unpacked on the way into the database. It is locked while its
// maker lives: one that nobody locks was left behind by a program that was killed.
#ifndef EPMT_STORAGE_TEMPDIR_H
#define EPMT_STORAGE_TEMPDIR_H

#include <limits.h>

#include "common/err.h"

struct epmt_tempdir {
    int fd; // -1: there is none
    char path[PATH_MAX];
};

#define EPMT_TEMPDIR_NONE ((struct epmt_tempdir){.fd = -1})

// Makes one, mode 0700, in `top` (NULL or empty: /tmp), and removes what killed programs of this
// user left there. Returns 0 or -1 with err (IO).
int epmt_tempdir_make(struct epmt_tempdir *dir, const char *top, struct epmt_error *err);

// Removes one entry of it with all that is in that / everything and itself. Links are removed,
// never followed.
void epmt_tempdir_drop(struct epmt_tempdir *dir, const char *name);
void epmt_tempdir_remove(struct epmt_tempdir *dir);

#endif
