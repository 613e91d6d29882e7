// SPDX-License-Identifier: Apache-2.0
// A temporary directory for a unit test, removed with all that is in it.
#ifndef EPMT_TESTS_UNIT_TEMPDIR_H
#define EPMT_TESTS_UNIT_TEMPDIR_H

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct tempdir {
    char path[256];
    char name[PATH_MAX]; // what tempdir_name made last
};

static inline int tempdir_make(struct tempdir *dir) {
    const char *top = getenv("TMPDIR");

    snprintf(dir->path, sizeof dir->path, "%s/epmt-unit.XXXXXX", top ? top : "/tmp");
    return mkdtemp(dir->path) ? 0 : -1;
}

static inline const char *tempdir_name(struct tempdir *dir, const char *name) {
    snprintf(dir->name, sizeof dir->name, "%s/%s", dir->path, name);
    return dir->name;
}

static inline int tempdir_remove_one(const char *path, const struct stat *st, int type,
                                     struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int tempdir_remove(struct tempdir *dir) {
    return nftw(dir->path, tempdir_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
