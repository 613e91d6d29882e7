// SPDX-License-Identifier: Apache-2.0
// The MPI functions that libepmt.so replaces, as MPI_X and PMPI_X. X(name)
// Declared without mpi.h: on the 64-bit Linux ABIs every argument fits one register-sized slot,
// and these three have the same in every MPI.
#ifndef EPMT_PMPI_FUNCTIONS_H
#define EPMT_PMPI_FUNCTIONS_H

#define EPMT_MPI_WRAPPED(X) \
    X(Init)                 \
    X(Init_thread)          \
    X(Finalize)

int MPI_Init(int *argc, char ***argv);
int PMPI_Init(int *argc, char ***argv);
int MPI_Init_thread(int *argc, char ***argv, int required, int *provided);
int PMPI_Init_thread(int *argc, char ***argv, int required, int *provided);
int MPI_Finalize(void);
int PMPI_Finalize(void);

#endif
