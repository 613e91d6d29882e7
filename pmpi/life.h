// SPDX-License-Identifier: Apache-2.0
// The beginning and the end of MPI. Each calls the real function of that index (MPI_X or PMPI_X).
#ifndef EPMT_PMPI_LIFE_H
#define EPMT_PMPI_LIFE_H

int epmt_mpi_init(unsigned index, int *argc, char ***argv);
int epmt_mpi_init_thread(unsigned index, int *argc, char ***argv, int required, int *provided);
int epmt_mpi_session_init(unsigned index, long info, long handler, void *session);
int epmt_mpi_finalize(unsigned index);
int epmt_mpi_abort(unsigned index, long comm, int code);

#endif
