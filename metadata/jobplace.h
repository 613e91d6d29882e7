// SPDX-License-Identifier: Apache-2.0
// Which job a process belongs to, and where that job's directory is. The guest and the epmt command
// ask the same functions, so that both find the same place. Guest-safe.
#ifndef EPMT_METADATA_JOBPLACE_H
#define EPMT_METADATA_JOBPLACE_H

#include <limits.h>
#include <stdint.h>

#include "metadata/settings.h"

// Where a launcher leaves a rank before MPI_Init, best first. X(rank variable, size variable)
#define EPMT_RANK_VARIABLES(X)                    \
    X(OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE) \
    X(PMIX_RANK, PMIX_SIZE)                       \
    X(PMI_RANK, PMI_SIZE)                         \
    X(PALS_RANKID, PALS_SIZE)                     \
    X(MV2_COMM_WORLD_RANK, MV2_COMM_WORLD_SIZE)   \
    X(SLURM_PROCID, SLURM_NTASKS)

#define EPMT_JOBID_MAX 128
#define EPMT_USER_MAX 64
#define EPMT_STEP_MAX 128

enum epmt_job_source {
    EPMT_JOB_FROM_ENVIRONMENT, // EPMT_JOB_ID or a scheduler's variable
    EPMT_JOB_FROM_SESSION,     // the session id: what `epmt start` takes without a scheduler
    EPMT_JOB_FROM_LAUNCHER,    // a bare mpirun: the launcher's key
};

struct epmt_job_place {
    enum epmt_job_source source;
    char jobid[EPMT_JOBID_MAX]; // as one path component
    char user[EPMT_USER_MAX];
    char step[EPMT_STEP_MAX]; // launcher's key of the MPI world, "" where there is no launcher
    int64_t rank_hint;        // -1: none
    int64_t size_hint;        // -1: none
    char dir[PATH_MAX];       // <output_prefix>/<user>/<jobid>, absolute, no slash at the end
};

// Finds the job of this process. For a session, the open job: the first of <sid>, <sid>-2, <sid>-3
// ... that is not ended (an ended one has a job file and no metadata file). Returns 0, or -1 with
// err where the path would be too long.
int epmt_job_place_find(struct epmt_job_place *place, const struct epmt_settings *settings,
                        char *const *envp, struct epmt_error *err);

// The place of a job with a known id. Characters that a path component cannot have become '_'.
int epmt_job_place_of(struct epmt_job_place *place, const struct epmt_settings *settings,
                      char *const *envp, const char *jobid, struct epmt_error *err);

// The user's name as it stands in paths: USER, LOGNAME, /etc/passwd, else uid<number>.
void epmt_user_name(char name[EPMT_USER_MAX], char *const *envp);

// The part of the prefix that many users share (all of it): for epmt_make_dirs.
size_t epmt_job_place_shared(const struct epmt_job_place *place);

// Names inside the job directory.
#define EPMT_METADATA_NAME "job_metadata.json" // stands from `epmt start` to `epmt stop`
#define EPMT_JOBFILE_SUFFIX ".h5"              // <jobid>.h5
#define EPMT_JOURNAL_SUFFIX ".journal"         // <host>.journal, fragments appended
#define EPMT_STREAM_SUFFIX ".stream"           // <step>.stream, fragments a failed jobwriter left

#endif
