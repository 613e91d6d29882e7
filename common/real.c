// SPDX-License-Identifier: Apache-2.0
#include "common/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "common/poison.h"

void epmt_real(const char *name, void **cache, void *pointer) {
    // Threads may race here; all of them find the same address.
    void *found = __atomic_load_n(cache, __ATOMIC_RELAXED);

    if (!found) {
        int saved = errno;
        found = dlsym(RTLD_NEXT, name);
        errno = saved;
        __atomic_store_n(cache, found, __ATOMIC_RELAXED);
    }
    memcpy(pointer, &found, sizeof found);
}
