// SPDX-License-Identifier: Apache-2.0
// Recognises the MPI at hand and loads its back end: the one dlopen of the guest, in MPI_Init or
// MPI_Session_init.
#include <dlfcn.h>
#include <limits.h>
#include <string.h>

#include "common/fmt.h"
#include "common/hot.h"
#include "common/prim.h"
#include "common/real.h"
#include "pmpi/hooks.h"
#include "pmpi/profile.h"
#include "pmpi/symbols.h"
#include "pmpi/world.h"

#include "common/poison.h"

EPMT_HOT(1) const struct epmt_mpi_hooks *epmt_mpi_hooks;

static EPMT_HOT(1) const struct epmt_mpi_backend *backend;
static struct epmt_mpi_world current;
EPMT_HOT(1) pid_t epmt_mpi_owner;

// Whether the library's file has the name of those with the standard ABI. Some had it, or a draft
// of it, before MPI_Abi_get_version.
static bool has_abi_name(void) {
    Dl_info info;
    void *found = epmt_mpi_function_address("PMPI_Init");

    EPMT_REAL(dladdr);
    if (!found || !real || !real(found, &info) || !info.dli_fname)
        return false;
    const char *slash = strrchr(info.dli_fname, '/');
    return !strncmp(slash ? slash + 1 : info.dli_fname, "libmpi_abi", 10);
}

// The version of the standard ABI that the library at hand has, 0 where it has one of its own, -1
// where it does not say. What the library calls itself does not tell: a family's may be built for
// either.
static int standard_abi(void) {
    int (*get_version)(int *, int *);
    void *found = epmt_mpi_function_address("PMPI_Abi_get_version");
    int major = 0, minor = 0;

    memcpy(&get_version, &found, sizeof found);
    if (found && !get_version(&major, &minor) && major > 0)
        return major;
    return has_abi_name() ? -1 : 0;
}

// What the library says of itself; "" where it says nothing.
static const char *library_version(void) {
    static char version[16384]; // no MPI asks for more
    int (*get_version)(char *, int *);
    void *found = epmt_mpi_function_address("PMPI_Get_library_version");
    int len = 0;

    memcpy(&get_version, &found, sizeof found);
    if (!found || get_version(version, &len))
        version[0] = '\0';
    version[sizeof version - 1] = '\0';
    return version;
}

// The family whose back end fits the library by its name, or NULL.
static const char *family(const char *version) {
    static const struct {
        char in_version[16], family[8];
    } families[] = {
        {"Open MPI", "openmpi"},
        {"MPICH", "mpich"}, // also Cray's
        {"MVAPICH", "mpich"},
        {"Intel(R) MPI", "mpich"},
    };
    for (unsigned i = 0; i < sizeof families / sizeof *families; i++) {
        if (strstr(version, families[i].in_version))
            return families[i].family;
    }
    return NULL;
}

// Whether the version that stands behind `name` in the text, like 4.1.4, is before that one.
static bool is_before(const char *text, const char *name, unsigned major, unsigned minor) {
    unsigned found[2] = {0};
    const char *at = strstr(text, name);

    if (!at)
        return false;
    at += strlen(name);
    at += strspn(at, " \t");
    if (*at < '0' || *at > '9')
        return false;
    for (unsigned i = 0; i < 2; i++) {
        for (; *at >= '0' && *at <= '9'; at++)
            found[i] = found[i] * 10 + (unsigned)(*at - '0');
        at += *at == '.';
    }
    return found[0] < major || (found[0] == major && found[1] < minor);
}

// A message was longer than its receive, say. From 5.0 on Open MPI lets MPI_Waitall succeed where
// nobody wants statuses, even where errors are fatal. From 4.2 on MPICH then completes the other
// requests; so does Intel's, and of the rest of its kin nobody knows. Older ones do as with
// statuses.
static enum epmt_mpi_unwanted unwanted_statuses(const char *version) {
    if (is_before(version, "Open MPI v", 5, 0) || is_before(version, "MPICH Version:", 4, 2))
        return EPMT_MPI_ASKED;
    return strstr(version, "Open MPI") ? EPMT_MPI_NOT_ASKED : EPMT_MPI_ASKED_WHERE_FATAL;
}

static const struct epmt_mpi_backend *load(const char *name) {
    char path[PATH_MAX];
    const struct epmt_mpi_backend *found = NULL;

    if (!epmt_fmt(path, sizeof path, "%s/lib/epmt/libepmt-mpi-%s.so", epmt_mpi_hooks->prefix(),
                  name))
        return NULL;
    EPMT_REAL(dlopen);
    void *library = real ? real(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library)
        found = dlsym(library, EPMT_MPI_BACKEND_SYMBOL);
    if (!found || found->version != EPMT_MPI_BACKEND_VERSION) {
        epmt_mpi_hooks->log(0, "no back end for this MPI: %s", path);
        return NULL;
    }
    return found;
}

// As the launcher has told: to ask MPI (MPI_Comm_split_type) would make the ranks wait for each
// other.
static int64_t local_rank(void) {
    static const char *const variables[] = {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID",
                                            "MV2_COMM_WORLD_LOCAL_RANK",  "PALS_LOCAL_RANKID",
                                            "FLUX_TASK_LOCAL_ID",         "SLURM_LOCALID"};
    int64_t rank = -1;

    for (unsigned i = 0; i < sizeof variables / sizeof *variables && rank < 0; i++) {
        const char *value = epmt_environment_get(epmt_mpi_hooks->envp, variables[i]);
        if (value && !epmt_parse_whole_i64(value, &rank))
            rank = -1;
    }
    return rank;
}

// The back end of the MPI at hand, attached, or NULL. world is NULL in a session.
static const struct epmt_mpi_backend *attach_backend(struct epmt_mpi_world *world) {
    int standard = standard_abi();
    const char *library = library_version();
    const char *name = standard == 1 ? "abi" : standard ? NULL : family(library);
    struct epmt_mpi_abi abi;

    if (!name)
        epmt_mpi_hooks->log(0, "an MPI that is not known here");
    const struct epmt_mpi_backend *found = name ? load(name) : NULL;
    if (!found || found->attach(epmt_mpi_function_address, epmt_mpi_object, world, &abi))
        return NULL;
    abi.unwanted = unwanted_statuses(library);
    epmt_mpi_owner = epmt_prim_getpid();
    epmt_mpi_profile_abi(&abi);
    return found;
}

void epmt_mpi_attach(int thread_asked) {
    current.thread_asked = thread_asked;
    current.local_rank = local_rank();
    const struct epmt_mpi_backend *attached = attach_backend(&current);
    if (!attached)
        return;
    backend = attached;
    if (current.rank == 0)
        epmt_mpi_facts_note(&current);
    epmt_mpi_hooks->log(1, "rank %d of %d, %s", current.rank, current.size, current.library);
    epmt_mpi_hooks->set_rank(current.rank, current.size);
}

void epmt_mpi_attach_session(void) {
    if (epmt_mpi_owner != epmt_prim_getpid() && attach_backend(NULL))
        epmt_mpi_hooks->log(1, "an MPI session");
}

bool epmt_mpi_is_attached(void) {
    return epmt_mpi_owner && epmt_mpi_owner == epmt_prim_getpid();
}

void epmt_mpi_world_columns(struct epmt_record *process) {
    if (!epmt_mpi_is_attached() || !current.size)
        return;
    if (current.processor[0])
        epmt_record_set_text(process, EPMT_COL_mpiprocessor, current.processor,
                             strlen(current.processor));
    if (current.local_rank >= 0)
        epmt_record_set_i(process, EPMT_COL_mpilocalrank, current.local_rank);
}

const struct epmt_mpi_backend *epmt_mpi_detach(struct epmt_mpi_world *world) {
    const struct epmt_mpi_backend *attached = epmt_mpi_owner == epmt_prim_getpid() ? backend : NULL;

    backend = NULL;
    *world = current;
    return attached;
}
