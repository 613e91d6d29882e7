// SPDX-License-Identifier: Apache-2.0
#include "metadata/launcher.h"

#include <string.h>

#include "common/fmt.h"
#include "common/hash.h"
#include "common/iox.h"
#include "common/prim.h"
#include "metadata/procstat.h"
#include "metadata/settings.h"

#include "common/poison.h"

static bool is_launcher(const char *comm) {
    static const char names[][24] = {
#define NAME(name) name,
        EPMT_LAUNCHERS(NAME)
#undef NAME
    };

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strncmp(comm, names[i], 15))
            return true;
    }
    return false;
}

// The topmost launcher above this process. A shell or a wrapper may stand in between.
static bool topmost_launcher(struct epmt_procstat *found, int64_t *found_pid) {
    struct epmt_procstat stat;
    int64_t pid = epmt_prim_getppid();
    bool any = false;

    for (int depth = 0; depth < 64 && pid > 1 && epmt_procstat_of(pid, &stat); depth++) {
        if (is_launcher(stat.comm)) {
            *found = stat;
            *found_pid = pid;
            any = true;
        }
        pid = (int64_t)stat.field[4];
    }
    return any;
}

static uint64_t hash_text(uint64_t hash, const char *text) {
    return text ? epmt_hash_bytes(hash, text, strlen(text)) : hash;
}

static void host_key(struct epmt_launcher *launcher, const struct epmt_procstat *stat,
                     int64_t pid) {
    char boot[64];
    uint64_t hash = EPMT_HASH_START;

    if (epmt_read_small("/proc/sys/kernel/random/boot_id", boot, sizeof boot) > 0)
        hash = hash_text(hash, boot);
    hash = epmt_hash_finish(epmt_hash_u64(hash, stat->field[22]));
    epmt_fmt(launcher->key, sizeof launcher->key, "mpi-%ld-%08x", (long)pid,
             (unsigned)(hash >> 32));
}

// Open MPI 4 numbers its worlds from 16 bits of a hash; the transport key is random, and the same
// in all worlds of one mpirun.
static void namespace_key(char *key, size_t cap, const char *name, int len, char *const *envp) {
    const char *unique = epmt_environment_get(envp, "OMPI_MCA_orte_precondition_transports");
    uint64_t hash = hash_text(EPMT_HASH_START, unique);

    hash = epmt_hash_finish(epmt_hash_bytes(hash, name, (size_t)len));
    epmt_fmt(key, cap, "mpi-%.*s-%08x", len < 64 ? len : 64, name, (unsigned)(hash >> 32));
}

bool epmt_launcher_parent(char *key, size_t cap, char *const *envp) {
    // <namespace>.<rank>:<number>, as Open MPI 4 tells a spawned world.
    const char *port = epmt_environment_get(envp, "OMPI_PARENT_PORT");
    const char *dot = port ? strchr(port, '.') : NULL;

    if (!dot)
        return false;
    namespace_key(key, cap, port, (int)(dot - port), envp);
    return true;
}

void epmt_launcher_find(struct epmt_launcher *launcher, char *const *envp) {
    const char *namespace = epmt_environment_get(envp, "PMIX_NAMESPACE");
    const char *job = epmt_environment_get(envp, "SLURM_JOB_ID");
    const char *step = epmt_environment_get(envp, "SLURM_STEP_ID");
    struct epmt_procstat stat;
    int64_t pid;

    launcher->key[0] = '\0';
    launcher->sid = -1;
    if (namespace) {
        namespace_key(launcher->key, sizeof launcher->key, namespace, (int)strlen(namespace), envp);
    } else if (job && step) {
        epmt_fmt(launcher->key, sizeof launcher->key, "mpi-%.*s.%.*s", 32, job, 32, step);
    }
    // With a job id of a scheduler nobody asks for the session.
    if (launcher->key[0] && (job || epmt_environment_get(envp, "EPMT_JOB_ID")))
        return;
    if (!topmost_launcher(&stat, &pid))
        return;
    launcher->sid = (int64_t)stat.field[6];
    if (!launcher->key[0])
        host_key(launcher, &stat, pid);
}
