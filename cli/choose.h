// SPDX-License-Identifier: Apache-2.0
// The jobs that a command is about, as their keys: JOB ..., and the options of cli/select.h.
#ifndef EPMT_CLI_CHOOSE_H
#define EPMT_CLI_CHOOSE_H

#include "cli/select.h"

struct epmt_choice {
    struct epmt_selection selection;
    int64_t *ids; // jobs.id in ascending order; to be freed
    size_t count; // 0: nothing was said about which jobs
};

// Finds the jobs of these names, and those among them that the selection has; words NAME=VALUE are
// part of it. Returns 0 or -1 with err: NOT_FOUND also where there are none.
int epmt_choose_jobs(struct epmt_choice *choice, struct epmt_db *db, int argc, char **argv,
                     struct epmt_error *err);

#endif
