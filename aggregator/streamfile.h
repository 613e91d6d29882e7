// SPDX-License-Identifier: Apache-2.0
// Where epmt-jobwriter cannot be started, rank 0 leaves the stream that it would have fed it as a
// file in the job directory; `epmt stop` or `epmt submit` makes the job file of it. Guest-safe.
#ifndef EPMT_AGGREGATOR_STREAMFILE_H
#define EPMT_AGGREGATOR_STREAMFILE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

struct epmt_streamfile {
    int fd; // -1 where there is none
    char path[PATH_MAX], beside[PATH_MAX];
};

// Begins one in the directory of the journal, beside its final name, which `step` and `image` make
// unique. Returns 0 or -errno.
int epmt_streamfile_start(struct epmt_streamfile *file, const char *journal, uint64_t step,
                          uint64_t image);

// Appends. Returns 0 or -errno.
int epmt_streamfile_put(struct epmt_streamfile *file, const void *data, size_t len);

// Makes it durable and gives it its name. Returns 0 or -errno (nothing is left then).
int epmt_streamfile_finish(struct epmt_streamfile *file);

// Removes it, where it is not finished.
void epmt_streamfile_abandon(struct epmt_streamfile *file);

#endif
