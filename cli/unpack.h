// SPDX-License-Identifier: Apache-2.0
// An archive unpacked into a directory of ours, and the jobs in it.
#ifndef EPMT_CLI_UNPACK_H
#define EPMT_CLI_UNPACK_H

#include <limits.h>

#include "metadata/settings.h"
#include "storage/archive.h"
#include "storage/sources.h"

struct epmt_unpacked {
    char root[PATH_MAX]; // the directory; a job's, where the archive was made in one
    struct epmt_archive_contents contents;
    struct epmt_sources inner; // at least one
};

// What the settings allow.
struct epmt_archive_limits epmt_unpack_limits(const struct epmt_settings *settings);

// What an archive is called without its suffix and directories; "" where that is nothing.
void epmt_unpack_stem(char stem[NAME_MAX + 1], const char *path);

// Unpacks the archive in fd into a new directory in `into` and finds the jobs (and, where `nested`,
// archives) in it. An archive that was made in a job directory is that job, by its metadata, its
// job file, or `stem` (NULL: it has no name). `shown` is for messages. Returns 0, or -1 with err
// and nothing to be freed.
int epmt_unpack(struct epmt_unpacked *unpacked, int fd, const char *shown, const char *stem,
                bool nested, const struct epmt_archive_limits *limits, const char *into,
                struct epmt_error *err);
void epmt_unpacked_free(struct epmt_unpacked *unpacked);

#endif
