// SPDX-License-Identifier: Apache-2.0
#ifndef EPMT_PRELOAD_MPI_HOOKS_H
#define EPMT_PRELOAD_MPI_HOOKS_H

// Gives pmpi/ its hooks. Called by the constructor once the process is known.
void epmt_mpi_hooks_begin(void);

#endif
