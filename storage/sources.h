// SPDX-License-Identifier: Apache-2.0
// What `epmt submit` is given: job files, job directories, archives, and directories of them.
#ifndef EPMT_STORAGE_SOURCES_H
#define EPMT_STORAGE_SOURCES_H

#include <stdbool.h>

#include "storage/held.h"

enum epmt_source_kind {
    EPMT_SOURCE_JOBFILE,
    EPMT_SOURCE_JOBDIR, // holds its job file, journals, streams or metadata
    EPMT_SOURCE_ARCHIVE,
    EPMT_SOURCE_STREAM, // fragments as a job leaves them behind
    EPMT_SOURCE_STDIN,  // any of the above but a directory
};

struct epmt_source {
    enum epmt_source_kind kind;
    bool named;     // by the user, not found in a directory
    size_t trusted; // characters of path that the user named: links in them are followed
    char *path;
};

struct epmt_sources {
    struct epmt_source *items;
    size_t count, cap;
    bool archives; // archives in directories count too
    // Told what cannot be read below a directory; may be NULL.
    void (*complain)(void *context, const char *path, const struct epmt_error *err);
    void *context;
};

// Directories below one that is named are looked through to this depth.
#define EPMT_SOURCES_DEPTH 8

// Adds what an argument means: "-" is standard input; a file is one source, and so is a job
// directory; any other directory stands for all job directories, job files (*.h5) and archives
// below it, in the order of their names. Names that begin with a dot and symbolic links in it are
// passed over, and what lies in a job directory is that job's. Returns 0 (also where a directory
// holds nothing), or -1 with err (NOT_FOUND, IO, BAD_INPUT, MEMORY).
int epmt_sources_add(struct epmt_sources *sources, const char *argument, struct epmt_error *err);
void epmt_sources_free(struct epmt_sources *sources);

// Whether an open directory is a job's. Keeps the place in it.
bool epmt_source_is_jobdir(int dir, const char *jobid);

// What a file is, by its first bytes, then by its name.
enum epmt_source_kind epmt_source_kind_of(int fd, const char *name);

#endif
