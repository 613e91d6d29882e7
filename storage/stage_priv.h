// SPDX-License-Identifier: Apache-2.0
// What moving here and moving from another host share, for storage/stage*.c alone.
//
// What goes from host to host, on standard output of `epmt stage --send`: the line
// EPMT_STAGE_GREETING (a login shell may have said something before it), then lines
//   file <bytes> <name>     followed by that many bytes
//   left <text>             a directory that stays where it is, and why
//   end
// Once all that came is durable the other side answers EPMT_STAGE_STORED; only then is it removed.
#ifndef EPMT_STORAGE_STAGE_PRIV_H
#define EPMT_STORAGE_STAGE_PRIV_H

#include <limits.h>
#include <stdbool.h>

#include "common/err.h"

#define EPMT_STAGE_GREETING "epmt stage 1"
#define EPMT_STAGE_STORED "stored"
#define EPMT_STAGE_LINE_MAX 1024

// How long a journal may stay locked by those who append.
#define EPMT_STAGE_TAKE_MS 10000

// A path in the target directory that nothing has yet: the name, or the name with a number before
// its suffix, where an earlier staging left one. Returns 0 or -1 with err.
int epmt_stage_free_path(char path[PATH_MAX], const char *target, const char *name,
                         const char *suffix, struct epmt_error *err);

// Another host's part of the job is there already: this job file becomes a stream beside it, for
// the next folding. Returns 0 or -1 with err.
int epmt_stage_join(const char *from, const char *target, struct epmt_error *err);

#endif
