// SPDX-License-Identifier: Apache-2.0
// The launcher of an MPI world: the key that all of its processes (on one host, at least) share.
// Guest-safe.
#ifndef EPMT_METADATA_LAUNCHER_H
#define EPMT_METADATA_LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Programs that start ranks: the topmost such ancestor is the launcher. X(first 15 characters)
#define EPMT_LAUNCHERS(X) \
    X("mpirun")           \
    X("mpirun.openmpi")   \
    X("mpirun.mpich")     \
    X("mpiexec")          \
    X("mpiexec.openmpi")  \
    X("mpiexec.mpich")    \
    X("mpiexec.hydra")    \
    X("hydra_pmi_proxy")  \
    X("orterun")          \
    X("orted")            \
    X("prterun")          \
    X("prte")             \
    X("prted")            \
    X("srun")             \
    X("slurmstepd")       \
    X("flux-broker")      \
    X("palsd")

struct epmt_launcher {
    char key[96]; // "mpi-..."; "" where none was found
    int64_t sid;  // session of the launcher where it runs on this host, else -1
};

// Key: from PMIX_NAMESPACE (with what makes Open MPI's unique, where it is), or Slurm's job and
// step, or the boot id, pid and start time of the topmost launcher above this process.
void epmt_launcher_find(struct epmt_launcher *launcher, char *const *envp);

// The key of the world that spawned this one, where the launcher tells. Returns false where not.
bool epmt_launcher_parent(char *key, size_t cap, char *const *envp);

#endif
