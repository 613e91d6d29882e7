// SPDX-License-Identifier: Apache-2.0
// Facts about the MPI library for the table of variables: collected on entry to MPI_Finalize, put
// into the final record with the rest. Rank 0 alone tells what is the same on all ranks.
#include "pmpi/variables.h"

#include <string.h>

#include "common/fmt.h"
#include "common/prim.h"
#include "metadata/mpi_tables.h"
#include "pmpi/backend_tvars.h"
#include "pmpi/counts.h"
#include "pmpi/hooks.h"
#include "pmpi/profile_rows.h"
#include "pmpi/symbols.h"

#include "common/poison.h"

#define MEMORY_LEN 65536 // of kinds, names and values; more are left out
#define CONTROL_MAX 64

static struct {
    char *memory; // texts, each ended by NUL: kind, name, value
    size_t len;
    unsigned count;
} kept;

static void put(const char *text, size_t len) {
    memcpy(kept.memory + kept.len, text, len);
    kept.len += len;
    kept.memory[kept.len++] = '\0';
}

static void keep(void *context, const char *kind, const char *name, const char *value) {
    size_t lens[] = {strlen(kind), strlen(name), strlen(value)};

    (void)context;
    if (lens[0] + lens[1] + lens[2] + 3 > MEMORY_LEN - kept.len)
        return;
    put(kind, lens[0]);
    put(name, lens[1]);
    put(value, lens[2]);
    kept.count++;
}

// What configures an MPI, or what is under it. Open MPI's launcher speaks to its ranks by such
// variables too: those are none.
static bool configures_mpi(const char *variable) {
    static const char prefixes[][12] = {
        "OMPI_MCA_", "PMIX_MCA_", "MPIR_CVAR_", "MPICH_", "MV2_",   "I_MPI_",
        "UCX_",      "FI_",       "PSM2_",      "PSM3_",  "HCOLL_", "NCCL_",
    };
    static const char launchers[][36] = {
        "OMPI_MCA_orte_",        "OMPI_MCA_ess",
        "OMPI_MCA_pmix",         "OMPI_MCA_shmem_RUNTIME_QUERY_hint",
        "OMPI_MCA_initial_wdir", "PMIX_MCA_mca_base_component"};

    for (unsigned i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        if (!strncmp(variable, launchers[i], strlen(launchers[i])))
            return false;
    }
    for (unsigned i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (!strncmp(variable, prefixes[i], strlen(prefixes[i])))
            return true;
    }
    return false;
}

// Of an environment variable that sets a control variable: the latter's name.
static const char *control_name(const char *variable) {
    if (!strncmp(variable, "OMPI_MCA_", 9))
        return variable + 9;
    return strncmp(variable, "MPIR_CVAR_", 10) ? NULL : variable;
}

// Environment variables, and the names of the control variables that they set.
static void keep_environment(struct epmt_mpi_variable_sink *sink, const char **control,
                             char (*names)[128]) {
    for (char *const *at = epmt_mpi_hooks->envp; *at; at++) {
        const char *equals = strchr(*at, '=');
        char name[128];
        if (!equals || !configures_mpi(*at) ||
            !epmt_fmt(name, sizeof name, "%.*s", (int)(equals - *at), *at))
            continue;
        keep(NULL, "environment", name, equals + 1);
        if (!control_name(name) || sink->control_count == CONTROL_MAX)
            continue;
        epmt_fmt(names[sink->control_count], sizeof *names, "%s", control_name(name));
        control[sink->control_count] = names[sink->control_count];
        sink->control_count++;
    }
}

void epmt_mpi_variables_collect(const struct epmt_mpi_backend *backend,
                                const struct epmt_mpi_world *world) {
    static char names[CONTROL_MAX][128];
    const char *control[CONTROL_MAX];
    struct epmt_mpi_variable_sink sink = {
        .costly = epmt_mpi_hooks->settings->mpi_tvars > 1,
        .whole_step = world->rank == 0,
        .control = control,
        .tell = keep,
    };

    kept.len = kept.count = 0;
    if (!kept.memory)
        kept.memory = epmt_prim_map(MEMORY_LEN);
    if (!kept.memory)
        return;
    if (sink.whole_step)
        keep_environment(&sink, control, names);
    if (epmt_mpi_hooks->settings->mpi_tvars)
        backend->variables(epmt_mpi_function_address, &sink);
}

// Rows of what was lost.
#define LOST_MAX 2

size_t epmt_mpi_variables_room(void) {
    return kept.len + (kept.count + LOST_MAX) * (96 + strlen(epmt_mpi_hooks->step));
}

static void set(struct epmt_record *row, int column, const char *text) {
    epmt_record_set_text(row, column, text, strlen(text));
}

// image: the process it is of, 0: the same on all ranks.
static void add(struct epmt_fragment *fragment, uint64_t image, const char *kind, const char *name,
                const char *value) {
    struct epmt_record row;

    epmt_record_clear(&row);
    set(&row, EPMT_MPI_VARIABLE_COL_step, epmt_mpi_hooks->step);
    if (image)
        epmt_record_set_u(&row, EPMT_MPI_VARIABLE_COL_image, image);
    set(&row, EPMT_MPI_VARIABLE_COL_kind, kind);
    set(&row, EPMT_MPI_VARIABLE_COL_name, name);
    set(&row, EPMT_MPI_VARIABLE_COL_value, value);
    if (epmt_fragment_add(fragment, EPMT_ROW_MPI_VARIABLE, &row))
        epmt_mpi_hooks->log(0, "a variable of MPI does not fit");
}

static void add_lost(struct epmt_fragment *fragment, uint64_t image, const char *name,
                     uint64_t count) {
    char text[24];

    epmt_fmt(text, sizeof text, "%lu", count);
    if (count)
        add(fragment, image, "count", name, text);
}

void epmt_mpi_variables_add(struct epmt_fragment *fragment, uint64_t image) {
    const char *at = kept.memory;

    for (unsigned i = 0; i < kept.count; i++) {
        const char *name = at + strlen(at) + 1, *value = name + strlen(name) + 1;
        add(fragment, strcmp(at, "performance") ? 0 : image, at, name, value);
        at = value + strlen(value) + 1;
    }
    add_lost(fragment, image, "calls_lost", epmt_mpi_profile.calls_lost);
    add_lost(fragment, image, "requests_lost", epmt_mpi_requests_lost());
}
