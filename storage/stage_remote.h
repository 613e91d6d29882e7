// SPDX-License-Identifier: Apache-2.0
// Fetching what a job left on another host, through a command such as ssh or srun. The hosts need
// not share a directory: the files come through the command's standard output.
#ifndef EPMT_STORAGE_STAGE_REMOTE_H
#define EPMT_STORAGE_STAGE_REMOTE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "storage/hosts.h"

struct epmt_stage_remote {
    const char *command;     // words separated by blanks; %h is the host, else it goes behind them
    const char *program;     // `epmt` there
    const char *const *dirs; // what to look for there, NULL at the end
    const char *target;      // where it comes to; made where it is missing
    size_t shared;           // see epmt_make_dirs, for target
    const char *token;       // a directory there that holds a file of this name is our own
    uint64_t timeout_s;      // that nothing comes for
};

// The other side: what `epmt stage --send` does, with what comes from `in` and goes to `out`.
// Directories that are not there, or are shared, are passed over. Returns 0; or -1 with err, and
// everything is where it was, or was stored on the other side as well.
int epmt_stage_send(const char *const *dirs, const char *token, int in, int out,
                    struct epmt_error *err);

// This side, for one host. Returns 0 with *files, how many came; or -1 with err, which names the
// host (FAIL for what was left there since the job runs; USAGE for a path that a shell there would
// take for something else).
int epmt_stage_fetch(const struct epmt_stage_remote *remote, const char *host, uint64_t *files,
                     struct epmt_error *err);

#endif
