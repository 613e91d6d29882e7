// SPDX-License-Identifier: Apache-2.0
// Where else parts of a job may lie, as far as its directory here tells.
#ifndef EPMT_STORAGE_STAGE_LOOK_H
#define EPMT_STORAGE_STAGE_LOOK_H

#include "storage/hosts.h"

// Adds the hosts that the job's metadata (the scheduler's variables at the start) and its job file
// name. What cannot be read adds none. Returns 0 or -1 with err (BAD_INPUT, MEMORY).
int epmt_stage_hosts(struct epmt_hosts *hosts, const char *dir, struct epmt_error *err);

// The directories of the job on other hosts: the same as here and, beside it, those of its MPI
// worlds, which a rank goes by where nothing tells it the job id. Returns paths with a NULL at the
// end, to be freed by epmt_stage_dirs_free, or NULL with err.
char **epmt_stage_dirs(const char *dir, struct epmt_error *err);
void epmt_stage_dirs_free(char **dirs);

#endif
