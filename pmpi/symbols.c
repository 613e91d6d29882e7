// SPDX-License-Identifier: Apache-2.0
// dlopen is called with RTLD_NOLOAD only: nothing is loaded here.
#include "pmpi/symbols.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <string.h>

#include "common/fmt.h"
#include "common/real.h"

#include "common/poison.h"

// Looks for a loaded libmpi*, which RTLD_NEXT does not reach when it was loaded RTLD_LOCAL.
struct search {
    unsigned skip; // libraries of such a name that were looked into already
    char path[PATH_MAX];
};

static int note_path(struct dl_phdr_info *info, size_t size, void *context) {
    struct search *search = context;
    const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
    const char *file = slash ? slash + 1 : info->dlpi_name;

    (void)size;
    if (!file || (strncmp(file, "libmpi", 6) && strncmp(file, "libpmpi", 7)))
        return 0;
    if (search->skip) {
        search->skip--;
        return 0;
    }
    return epmt_fmt(search->path, sizeof search->path, "%s", info->dlpi_name);
}

// In a library that is loaded already.
static void *in_library(const char *path, const char *name) {
    static void *close_cache;
    int (*close)(void *);

    EPMT_REAL(dlopen);
    epmt_real("dlclose", &close_cache, &close);
    void *library = real && close ? real(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    if (!library)
        return NULL;
    void *found = dlsym(library, name);
    close(library); // gives the count of NOLOAD back; the library stays
    return found;
}

// The loader's list is locked while dl_iterate_phdr walks it, and another thread in dlopen takes
// that lock last: a dlopen from within the walk, which takes it first, can stop both for ever. So
// the walk is made anew for each library.
static void *in_local_libraries(const char *name) {
    struct search search;
    void *found = NULL;

    for (unsigned seen = 0; !found; seen++) {
        search.skip = seen;
        if (!dl_iterate_phdr(note_path, &search))
            break;
        found = in_library(search.path, name);
    }
    return found;
}

void *epmt_mpi_function_address(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);

    return found ? found : in_local_libraries(name);
}

void *epmt_mpi_object(const char *name) {
    void *found = dlsym(RTLD_DEFAULT, name);

    return found ? found : in_local_libraries(name);
}
