// SPDX-License-Identifier: Apache-2.0
// Parts of the migration. For storage/db_migrate*.c alone.
#ifndef EPMT_STORAGE_DB_MIGRATE_H
#define EPMT_STORAGE_DB_MIGRATE_H

#include "storage/db_backend.h"

// Computes for every job what version 2 has more than version 1: tags as rows, depth and CPU times
// of the processes, sums and shares of the job; counts the jobs. Returns 0 or -1 with err.
int epmt_db_compute_jobs(struct epmt_db *db, uint64_t *jobs, struct epmt_error *err);

#endif
