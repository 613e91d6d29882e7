// SPDX-License-Identifier: Apache-2.0
// Finding the MPI library that is in the process, and its symbols.
#ifndef EPMT_PMPI_SYMBOLS_H
#define EPMT_PMPI_SYMBOLS_H

// A function of the MPI library (or of another tool before it): the next definition after ours,
// else from an MPI library loaded out of the global scope (mpi4py, plug-ins). NULL: none is loaded.
void *epmt_mpi_function_address(const char *name);

// A data object, as the program and the library see it (copy relocations count). NULL: none.
void *epmt_mpi_object(const char *name);

#endif
