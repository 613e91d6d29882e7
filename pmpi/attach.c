// SPDX-License-Identifier: Apache-2.0
// Recognises the MPI at hand and loads its back end: the one dlopen of the guest, in MPI_Init.
#include <dlfcn.h>
#include <limits.h>
#include <string.h>

#include "common/fmt.h"
#include "common/hot.h"
#include "common/prim.h"
#include "pmpi/hooks.h"
#include "pmpi/symbols.h"
#include "pmpi/world.h"

#include "common/poison.h"

EPMT_HOT(1) const struct epmt_mpi_hooks *epmt_mpi_hooks;

static const struct epmt_mpi_backend *backend;
static struct epmt_mpi_world current;
static pid_t owner; // the process that is in that world

void epmt_mpi_set_hooks(const struct epmt_mpi_hooks *hooks) {
    epmt_mpi_hooks = hooks;
}

// The family whose back end fits the library, or NULL.
static const char *family(void) {
    static const struct {
        const char *in_version, *family;
    } families[] = {
        {"Open MPI", "openmpi"},
        {"MPICH", "mpich"}, // also Cray's
        {"MVAPICH", "mpich"},
        {"Intel(R) MPI", "mpich"},
    };
    static char version[16384]; // no MPI asks for more
    int (*get_version)(char *, int *);
    void *found = epmt_mpi_function("PMPI_Get_library_version");
    int len = 0;

    memcpy(&get_version, &found, sizeof found);
    if (!found || get_version(version, &len))
        return NULL;
    version[sizeof version - 1] = '\0';
    for (unsigned i = 0; i < sizeof families / sizeof *families; i++) {
        if (strstr(version, families[i].in_version))
            return families[i].family;
    }
    return NULL;
}

static const struct epmt_mpi_backend *load(const char *name) {
    char path[PATH_MAX];
    const struct epmt_mpi_backend *found = NULL;

    if (!epmt_fmt(path, sizeof path, "%s/lib/epmt/libepmt-mpi-%s.so", epmt_mpi_hooks->prefix, name))
        return NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library)
        found = dlsym(library, EPMT_MPI_BACKEND_SYMBOL);
    if (!found || found->version != EPMT_MPI_BACKEND_VERSION) {
        epmt_mpi_hooks->log(0, "no back end for this MPI: %s", path);
        return NULL;
    }
    return found;
}

void epmt_mpi_attach(void) {
    const char *name = family();
    const struct epmt_mpi_backend *loaded = name ? load(name) : NULL;

    if (!name)
        epmt_mpi_hooks->log(0, "an MPI that is not known here");
    if (!loaded || loaded->attach(epmt_mpi_function, epmt_mpi_object, &current))
        return;
    backend = loaded;
    owner = epmt_prim_getpid();
    epmt_mpi_hooks->log(1, "rank %d of %d, %s", current.rank, current.size, current.library);
    epmt_mpi_hooks->set_rank(current.rank, current.size);
}

const struct epmt_mpi_backend *epmt_mpi_detach(struct epmt_mpi_world *world) {
    const struct epmt_mpi_backend *attached = owner == epmt_prim_getpid() ? backend : NULL;

    backend = NULL;
    *world = current;
    return attached;
}
