// SPDX-License-Identifier: Apache-2.0
// Moving what a job left on this host to a place where the parts from all hosts come together.
#ifndef EPMT_STORAGE_STAGE_H
#define EPMT_STORAGE_STAGE_H

#include <limits.h>

#include "common/err.h"

enum epmt_stage_outcome {
    EPMT_STAGE_MOVED,
    EPMT_STAGE_NOTHING,     // there is nothing of the job
    EPMT_STAGE_RUNNING,     // a process of it is alive here: left for later
    EPMT_STAGE_NOT_STOPPED, // `epmt start` was called and `epmt stop` not: left for later
};

// Moves journals, streams and the job file of the job directory into <dest>/<jobid>, which is made,
// and removes the job directory where nothing is left in it. What other hosts have put there
// stays; `epmt submit` of that directory makes one job of all. Each file is durable there before it
// is removed here. target becomes the path of <dest>/<jobid>. Returns 0 with *outcome; or -1 with
// err (IO, BAD_INPUT): what was not moved is where it was. A second job file of the job, of another
// host, becomes a stream beside the first one.
int epmt_stage(const char *dir, const char *jobid, const char *dest, char target[PATH_MAX],
               enum epmt_stage_outcome *outcome, struct epmt_error *err);

#endif
