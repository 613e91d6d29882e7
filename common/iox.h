// SPDX-License-Identifier: Apache-2.0
// File helpers over prim.h that restart on EINTR and never touch errno.
#ifndef EPMT_COMMON_IOX_H
#define EPMT_COMMON_IOX_H

#include <stddef.h>
#include <sys/types.h>

// Reads a small file (as in /proc) into data[cap] and terminates it with NUL. Returns the number
// of bytes, at most cap - 1, or -errno.
ssize_t epmt_read_small(const char *path, char *data, size_t cap);

// Writes all of data. Returns 0 or -errno; some of it may have been written then.
int epmt_write_all(int fd, const void *data, size_t len);

// Makes the directory path and those above it that are missing, each with mode 0700, but `shared`
// characters of the path (a common parent such as /tmp/epmt) with mode 01777. Refuses what
// epmt_check_dirs does, below the shared part where there is one. Returns 0 or -errno.
int epmt_make_dirs(const char *path, size_t shared);

// 0 where path is a directory of this user's, and the one above it (unless it is within the first
// `trusted` characters) this user's or root's: whoever has that can put another one in its place.
// Else -errno: -EPERM for somebody else's, -ELOOP for a symbolic link, -ENOENT for what is missing.
int epmt_check_dirs(const char *path, size_t trusted);

// Maps a whole file for reading; *len gets its length. Returns NULL with *len 0 for an empty
// file, and NULL with *error = -errno for a failure.
void *epmt_map_file(int fd, size_t *len, int *error);

#endif
