// SPDX-License-Identifier: Apache-2.0
// Archives of jobs: tar, as it is or compressed by gzip, zstd, xz or bzip2. What an archive holds
// is somebody else's claim: only job files, journals, streams and metadata are taken out of it, as
// new regular files below one directory, within limits; nothing in it can make a link, leave that
// directory or be executed.
#ifndef EPMT_STORAGE_ARCHIVE_H
#define EPMT_STORAGE_ARCHIVE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

// Names of archives. X(suffix)
#define EPMT_ARCHIVE_SUFFIXES(X) \
    X(".tar")                    \
    X(".tar.gz")                 \
    X(".tgz") X(".tar.zst") X(".tzst") X(".tar.xz") X(".txz") X(".tar.bz2") X(".tbz2") X(".tbz")

// The length of a name without its suffix of an archive, or 0 where it has none.
size_t epmt_archive_stem(const char *name);

struct epmt_archive_limits {
    uint64_t bytes;   // unpacked, in all
    uint64_t entries; // of whatever kind
    uint64_t ratio;   // unpacked to packed, beyond EPMT_ARCHIVE_RATIO_FREE bytes
};

#define EPMT_ARCHIVE_RATIO_FREE (UINT64_C(64) << 20)

// Directories of an archive deeper than this hold no jobs.
#define EPMT_ARCHIVE_DEPTH 16

struct epmt_archive_contents {
    uint64_t entries, files, bytes; // met, taken out
    bool has_archives;              // there are archives in it
    bool is_of_old_epmt;            // it holds what the Python tool of this name made
    char user[64]; // who owned the first file that was taken out; "" where it does not say
};

// Takes out of the archive in `fd`, from its beginning, what a job has, below the directory `dir`.
// `nested`: archives in it are taken out too, as they are. `shown` is its name in messages. Returns
// 0; or -1 with err (BAD_INPUT, MEMORY for a limit that it goes beyond, IO), and some of it in dir.
int epmt_archive_unpack(int fd, const char *shown, int dir, bool nested,
                        const struct epmt_archive_limits *limits,
                        struct epmt_archive_contents *contents, struct epmt_error *err);

// Opens a relative path below a directory for writing a new file, its directories made where they
// are missing; links are not followed. Returns the descriptor or -1 with errno.
int epmt_archive_create_below(int dir, const char *path);

// Makes path a new archive of everything below the directory `from` (regular files alone),
// compressed as the suffix of path says. Durable and in place at once. Returns 0, or -1 with err
// (IO, MEMORY) and path as it was.
int epmt_archive_pack(const char *from, const char *path, struct epmt_error *err);

// Makes the archive in `fd` anew as `path`, entry by entry: a file of a job that is below the
// directory `from` (what epmt_archive_unpack made, and somebody changed) is taken from there, one
// that is no longer there is dropped, what is new there is added at the end; the rest stays as it
// is. Durable and in place at once. Returns 0, or -1 with err and path as it was.
int epmt_archive_rewrite(int fd, const char *from, const char *path, struct epmt_error *err);

#endif
