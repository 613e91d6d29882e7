// SPDX-License-Identifier: Apache-2.0
// What stands in the row of a job about its processes: sums, what the CPUs were used for, how
// unevenly. The same whether the processes come from a job file or (epmt migrate) the database.
#ifndef EPMT_STORAGE_JOBSUM_H
#define EPMT_STORAGE_JOBSUM_H

#include "storage/db_backend.h"

struct epmt_jobsum;

struct epmt_jobsum *epmt_jobsum_create(void); // NULL: out of memory
void epmt_jobsum_destroy(struct epmt_jobsum *sum);

// Adds a process. Returns 0, or -1 where memory runs out.
int epmt_jobsum_add(struct epmt_jobsum *sum, const struct epmt_record *process);

// Adds an attribute of the job, of which some tell how many CPUs it had.
void epmt_jobsum_add_attribute(struct epmt_jobsum *sum, struct epmt_bytes scope,
                               struct epmt_bytes key, struct epmt_bytes value);

// Sets the columns of the job that are computed from its processes (duration to imbalance), and
// start and end where the job does not know them, in job[EPMT_JOB_COLUMN_COUNT], of which the
// header's columns are set; then writes those of epmt_job_fold to sums. Returns how many.
int epmt_jobsum_finish(const struct epmt_jobsum *sum, struct epmt_db_value *job,
                       struct epmt_db_value *sums);

#endif
