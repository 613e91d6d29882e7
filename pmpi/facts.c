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
    static const char marks[][2][24] = {
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

static struct {
    const char *launcher;
    char nodes[16], jobstep[264], parent[96];
} noted;

static void note(char *to, size_t cap, const char *value) {
    if (!value || !epmt_fmt(to, cap, "%s", value))
        to[0] = '\0';
}

static void note_jobstep(void) {
    const char *job = variable("SLURM_JOB_ID"), *step = variable("SLURM_STEP_ID");

    if (!job || !step)
        note(noted.jobstep, sizeof noted.jobstep, variable("PMIX_NAMESPACE"));
    else if (!epmt_fmt(noted.jobstep, sizeof noted.jobstep, "%s.%s", job, step))
        noted.jobstep[0] = '\0';
}

void epmt_mpi_facts_note(const struct epmt_mpi_world *world) {
    noted.launcher = launcher();
    note(noted.nodes, sizeof noted.nodes, nodes());
    note_jobstep();
    if (!world->spawned ||
        !epmt_launcher_parent(noted.parent, sizeof noted.parent, epmt_mpi_hooks->envp))
        noted.parent[0] = '\0';
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

static void fact(struct epmt_mpi_facts *facts, const char *key, const char *value) {
    if (!value || !*value)
        return;
    facts->pairs[facts->count++] = key;
    facts->pairs[facts->count++] = value;
}

static void number(struct epmt_mpi_facts *facts, const char *key, char text[16], int value) {
    if (value >= 0 && epmt_fmt(text, 16, "%d", value))
        fact(facts, key, text);
}

const char *const *epmt_mpi_facts(struct epmt_mpi_facts *facts,
                                  const struct epmt_mpi_world *world) {
    const char *version = library_version(facts, world->library);

    facts->count = 0;
    fact(facts, "library", world->library);
    fact(facts, "libversion", version);
    fact(facts, "standard", world->standard);
    number(facts, "thread_level", facts->given, world->thread_level);
    number(facts, "thread_asked", facts->asked, world->thread_asked);
    fact(facts, "nodes", noted.nodes);
    fact(facts, "launcher", noted.launcher);
    fact(facts, "jobstep", noted.jobstep);
    fact(facts, "parent", noted.parent);
    facts->pairs[facts->count] = NULL;
    return facts->pairs;
}
