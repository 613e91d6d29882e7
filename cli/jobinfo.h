// SPDX-License-Identifier: Apache-2.0
// What the surroundings tell of a job: the scheduler's variables, its files, the shell above us.
#ifndef EPMT_CLI_JOBINFO_H
#define EPMT_CLI_JOBINFO_H

#include "storage/jobmeta.h"

// Fills in what is told at the start of the job. Returns 0 or -1 with err (MEMORY).
int epmt_jobinfo_start(struct epmt_jobmeta *meta, char *const *envp, struct epmt_error *err);

// What is told again at its end: tags that the job itself has set. Returns 0 or -1 with err.
int epmt_jobinfo_stop(struct epmt_jobmeta *meta, char *const *envp, struct epmt_error *err);

#endif
