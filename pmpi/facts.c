// SPDX-License-Identifier: Apache-2.0
// What is known of a step as a whole: the library says some of it, the launcher's environment the
// rest. What nobody says is left out.
#include <string.h>

#include "common/fmt.h"
#include "metadata/launcher.h"
#include "pmpi/hooks.h"
#include "pmpi/world.h"

#include "common/poison.h"

static const char *variable(const char *name) {
    return epmt_environment_get(epmt_mpi_hooks->envp, name);
}

static const char *first_of(const char *const *names) {
    const char *value = NULL;

    for (; *names && !value; names++)
        value = variable(*names);
    return value;
}

// Who started the ranks. mpirun inside a batch job has Slurm's variables too.
static const char *launcher(void) {
    static const char *const marks[][2] = {
        {"OMPI_MCA_orte_hnp_uri", "mpirun (Open MPI)"},
        {"PRTE_LAUNCHED", "prterun"},
        {"HYDI_CONTROL_FD", "Hydra"},
        {"MPI_LOCALNRANKS", "Hydra"},
        {"PALS_APID", "PALS"},
        {"FLUX_TASK_RANK", "flux"},
        {"SLURM_STEP_ID", "srun"},
    };

    for (unsigned i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (variable(marks[i][0]))
            return marks[i][1];
    }
    return NULL;
}

static const char *nodes(void) {
    static const char *const names[] = {"OMPI_MCA_orte_num_nodes", "SLURM_STEP_NUM_NODES",
                                        "SLURM_JOB_NUM_NODES", NULL};

    // What Slurm says of its job need not be true of an mpirun in it.
    if (variable("MPI_LOCALNRANKS") && variable("HYDI_CONTROL_FD"))
        return NULL;
    return first_of(names);
}

static const char *jobstep(struct epmt_mpi_facts *facts) {
    const char *job = variable("SLURM_JOB_ID"), *step = variable("SLURM_STEP_ID");

    if (!job || !step)
        return variable("PMIX_NAMESPACE");
    epmt_fmt(facts->jobstep, sizeof facts->jobstep, "%s.%s", job, step);
    return facts->jobstep;
}

// "4.1.4" of "Open MPI v4.1.4, package: ..." and of "MPICH Version: 4.0.2".
static const char *library_version(struct epmt_mpi_facts *facts, const char *library) {
    size_t len;

    for (; *library; library += len + strspn(library + len, " \t,")) {
        len = strcspn(library, " \t,");
        const char *at = library + (*library == 'v');
        if (*at < '0' || *at > '9')
            continue;
        epmt_fmt(facts->version, sizeof facts->version, "%.*s", (int)(library + len - at), at);
        return facts->version;
    }
    return NULL;
}

const char *const *epmt_mpi_facts(struct epmt_mpi_facts *facts,
                                  const struct epmt_mpi_world *world) {
    unsigned count = 0, numbers = 0;

#define FACT(key, value)                   \
    do {                                   \
        const char *text = (value);        \
        if (text && *text) {               \
            facts->pairs[count++] = (key); \
            facts->pairs[count++] = text;  \
        }                                  \
    } while (0)
#define NUMBER(key, value)                                                              \
    do {                                                                                \
        if ((value) >= 0) {                                                             \
            epmt_fmt(facts->numbers[numbers], sizeof facts->numbers[0], "%d", (value)); \
            FACT(key, facts->numbers[numbers++]);                                       \
        }                                                                               \
    } while (0)
    FACT("library", world->library);
    FACT("libversion", library_version(facts, world->library));
    FACT("standard", world->standard);
    NUMBER("thread_level", world->thread_level);
    NUMBER("thread_asked", world->thread_asked);
    FACT("nodes", nodes());
    FACT("launcher", launcher());
    FACT("jobstep", jobstep(facts));
    if (world->spawned &&
        epmt_launcher_parent(facts->parent, sizeof facts->parent, epmt_mpi_hooks->envp))
        FACT("parent", facts->parent);
#undef NUMBER
#undef FACT
    facts->pairs[count] = NULL;
    return facts->pairs;
}
