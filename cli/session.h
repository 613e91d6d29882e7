// SPDX-License-Identifier: Apache-2.0
// The beginning and the end of a job: what `epmt start`, `epmt stop` and `epmt run -a` do.
#ifndef EPMT_CLI_SESSION_H
#define EPMT_CLI_SESSION_H

#include "cli/cmd.h"
#include "storage/jobdir.h"

enum epmt_session_start {
    EPMT_SESSION_STARTED,
    EPMT_SESSION_IS_STARTED,  // by somebody before us; nothing was done
    EPMT_SESSION_IS_COMPLETE, // the job has its job file already; nothing was done
    EPMT_SESSION_IS_FOREIGN,  // the directory belongs to another user; nothing was done
};

// Makes the job directory and its metadata file. Returns 0 with *outcome, or -1 with err.
int epmt_session_start(const struct epmt_cli *cli, const struct epmt_job_place *place,
                       enum epmt_session_start *outcome, struct epmt_error *err);

// True for a job that was started and not stopped, and whose session is alive, as far as this
// host can tell: one that was started on another host counts as open.
bool epmt_session_is_open(const char *dir);

enum epmt_session_stop {
    EPMT_SESSION_STOPPED,
    EPMT_SESSION_NOT_STARTED, // no metadata, yet what lay there was folded
    EPMT_SESSION_IS_STOPPED,  // nothing to fold but the job file
    EPMT_SESSION_NOTHING,     // no such job
    EPMT_SESSION_NOT_OURS,    // the directory belongs to another user
};

// What the caller knows of how the job ended.
struct epmt_session_end {
    int64_t exitcode;   // -1: not known
    int64_t submitted;  // seconds since epoch; -1: not known
    const char *reason; // NULL: not known
};

// Completes the metadata and folds what lies in the job directory. Returns 0 with *outcome and
// *result, or -1 with err.
int epmt_session_stop(const struct epmt_cli *cli, const struct epmt_job_place *place,
                      const struct epmt_session_end *end, enum epmt_session_stop *outcome,
                      struct epmt_jobdir_result *result, struct epmt_error *err);

#endif
