// SPDX-License-Identifier: Apache-2.0
// Variables of the MPI library and of the environment that configures it.
#ifndef EPMT_PMPI_VARIABLES_H
#define EPMT_PMPI_VARIABLES_H

#include "aggregator/fragment.h"
#include "pmpi/backend.h"

// On entry to MPI_Finalize.
void epmt_mpi_variables_collect(const struct epmt_mpi_backend *backend,
                                const struct epmt_mpi_world *world);

// Bytes that the rows of what was collected may take, and the rows.
size_t epmt_mpi_variables_room(void);
void epmt_mpi_variables_add(struct epmt_fragment *fragment, uint64_t image);

#endif
