// SPDX-License-Identifier: Apache-2.0
// posix_spawn: only looked at. The child execs at once, and its image is preloaded in its own
// right, unless the program gives it an environment without us.
#include <spawn.h>

#include "common/guard.h"
#include "common/real.h"
#include "preload/export.h"
#include "preload/process.h"

#include "common/poison.h"

static void look(char *const *envp) {
    int saved = epmt_enter();

    if (epmt_process_standing() == EPMT_MINE)
        epmt_process_look_at_environment(envp);
    epmt_leave(saved);
}

#define WRAP(name)                                                                                \
    EPMT_EXPORT int name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, \
                         const posix_spawnattr_t *attributes, char *const argv[],                 \
                         char *const envp[]) {                                                    \
        EPMT_REAL(name);                                                                          \
        if (!real)                                                                                \
            return ENOSYS;                                                                        \
        look(envp);                                                                               \
        return real(pid, path, actions, attributes, argv, envp);                                  \
    }

WRAP(posix_spawn)
WRAP(posix_spawnp)
