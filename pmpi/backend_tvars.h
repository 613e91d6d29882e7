// SPDX-License-Identifier: Apache-2.0
// Reading the variables that an MPI offers to tools.
#ifndef EPMT_PMPI_BACKEND_TVARS_H
#define EPMT_PMPI_BACKEND_TVARS_H

#include <stdbool.h>

struct epmt_mpi_variable_sink {
    bool costly;                // also where the library loads much to offer them
    bool whole_step;            // also what is the same on all ranks: control variables, counts
    const char *const *control; // names of the control variables to read
    unsigned control_count;
    void (*tell)(void *context, const char *kind, const char *name, const char *value);
    void *context;
};

// To be called after MPI_Init, before the program goes on.
void epmt_mpi_backend_tools(void *(*function)(const char *));

void epmt_mpi_backend_variables(void *(*function)(const char *),
                                const struct epmt_mpi_variable_sink *sink);

#endif
