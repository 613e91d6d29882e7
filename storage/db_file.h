// SPDX-License-Identifier: Apache-2.0
// A new file that is there wholly or not at all.
#ifndef EPMT_STORAGE_DB_FILE_H
#define EPMT_STORAGE_DB_FILE_H

#include <stddef.h>
#include <sys/types.h>

// Makes the file path with that content. Returns 0 or -errno (-EEXIST where there is one already,
// which stays as it is); nothing is left behind then.
int epmt_create_whole(const char *path, const void *data, size_t len, mode_t mode);

#endif
