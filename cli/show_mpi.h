// SPDX-License-Identifier: Apache-2.0
// epmt show --mpi: what a job spent in MPI, on what, and how unevenly.
#ifndef EPMT_CLI_SHOW_MPI_H
#define EPMT_CLI_SHOW_MPI_H

#include "cli/results.h"

// Prints it for the job with that id. Returns 0, or -1 with err (NOT_FOUND where the job has no
// profile of MPI).
int epmt_show_mpi(struct epmt_output *output, struct epmt_db *db, const char *id,
                  struct epmt_error *err);

#endif
