// SPDX-License-Identifier: Apache-2.0
// The hosts of a job, as schedulers and people write them.
#ifndef EPMT_STORAGE_HOSTS_H
#define EPMT_STORAGE_HOSTS_H

#include <stddef.h>

#include "common/err.h"

// Where the hosts of the job stand in the environment; the first that is set counts. A file has one
// host a line (what follows a blank is passed over), a list the hosts themselves.
// X(variable, kind)
#define EPMT_HOSTS_VARIABLES(X) \
    X(SLURM_JOB_NODELIST, list) \
    X(SLURM_NODELIST, list)     \
    X(PBS_NODEFILE, file)       \
    X(LSB_DJOB_HOSTFILE, file)  \
    X(LSB_HOSTS, list)          \
    X(OAR_NODEFILE, file)       \
    X(PE_HOSTFILE, file)        \
    X(COBALT_NODEFILE, file)

struct epmt_hosts {
    char **at;
    size_t count, cap;
};

void epmt_hosts_free(struct epmt_hosts *hosts);

// Adds a host. Returns 0 or -1 with err (MEMORY; BAD_INPUT for what is no name of a host).
int epmt_hosts_add(struct epmt_hosts *hosts, const char *name, size_t len, struct epmt_error *err);

// Adds all of a list: names separated by commas or blanks, with ranges in brackets as Slurm writes
// them: "n[1-3,07-10],m1-[1-2]-ib". Returns 0 or -1 with err (BAD_INPUT, MEMORY); some may have
// been added then.
int epmt_hosts_add_list(struct epmt_hosts *hosts, const char *list, struct epmt_error *err);

// Adds the first word of each line of a file. Returns 0 or -1 with err (IO, BAD_INPUT, MEMORY).
int epmt_hosts_add_file(struct epmt_hosts *hosts, const char *path, struct epmt_error *err);

// Adds those that the scheduler left in the environment; none where it left none. Returns 0 or -1
// with err (BAD_INPUT, IO, MEMORY).
int epmt_hosts_add_scheduled(struct epmt_hosts *hosts, char *const *envp, struct epmt_error *err);

// Puts them in the order of their names, each once, and takes this host away, by its full name or
// what stands before the first dot.
void epmt_hosts_finish(struct epmt_hosts *hosts);

#endif
