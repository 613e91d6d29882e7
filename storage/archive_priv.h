// SPDX-License-Identifier: Apache-2.0
// Between storage/archive*.c: opening an archive, and what in it belongs to a job.
#ifndef EPMT_STORAGE_ARCHIVE_PRIV_H
#define EPMT_STORAGE_ARCHIVE_PRIV_H

#include <archive.h>
#include <archive_entry.h>

#include "storage/archive.h"

// What an entry is to us.
enum epmt_entry_kind {
    EPMT_ENTRY_FOREIGN, // passed over
    EPMT_ENTRY_JOB,     // of a job
    EPMT_ENTRY_ARCHIVE, // an archive in the archive
    EPMT_ENTRY_OLD,     // of a job of the Python tool
};

// Opens the archive in fd from its beginning: tar alone, one compression at most, no helper
// programs. Returns it (for archive_read_free), or NULL with err.
struct archive *epmt_archive_open(int fd, const char *shown, struct epmt_error *err);

// The next entry. Returns 1, 0 at the end, -1 with err.
int epmt_archive_next(struct archive *archive, const char *shown, struct archive_entry **entry,
                      struct epmt_error *err);

// What the entry is, and its path without "." and empty components in path[PATH_MAX]. Returns -1
// with err for one that would lead out, and for one of a job that is no regular file.
int epmt_archive_judge(struct archive_entry *entry, const char *shown, char path[PATH_MAX],
                       enum epmt_entry_kind *kind, struct epmt_error *err);

#endif
