// SPDX-License-Identifier: Apache-2.0
// The launchers of MPI programs and of job steps. Their processes are marked (column `launcher`):
// they belong to the tree of processes, not to what the user ran.
#ifndef EPMT_METADATA_LAUNCHERS_H
#define EPMT_METADATA_LAUNCHERS_H

#include <stdbool.h>
#include <stddef.h>

// X(name): file name of the program, as in exename
#define EPMT_LAUNCHERS(X)   \
    X("aprun")              \
    X("flux")               \
    X("hydra_bstrap_proxy") \
    X("hydra_pmi_proxy")    \
    X("ibrun")              \
    X("jsrun")              \
    X("mpiexec")            \
    X("mpiexec.hydra")      \
    X("mpiexec.mpich")      \
    X("mpiexec.openmpi")    \
    X("mpirun")             \
    X("mpirun.mpich")       \
    X("mpirun.openmpi")     \
    X("orted")              \
    X("orterun")            \
    X("pbsdsh")             \
    X("prte")               \
    X("prted")              \
    X("prterun")            \
    X("prun")               \
    X("slurmstepd")         \
    X("srun")

bool epmt_is_launcher(const char *name, size_t len);

#endif
