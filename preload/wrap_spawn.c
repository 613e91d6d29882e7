// SPDX-License-Identifier: Apache-2.0
// posix_spawn, system and popen: only looked at. The child execs at once, and its image is
// preloaded in its own right, unless it gets an environment without us.
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/guard.h"
#include "common/real.h"
#include "preload/export.h"
#include "preload/process.h"
#include "preload/wait.h"

#include "common/poison.h"

// A child of fork that no wrapper saw becomes a process of its own first: the count is of its
// record.
static bool look(char *const *envp) {
    int saved = epmt_enter();

    epmt_process_standing();
    bool counted = epmt_process_look_at_environment(envp);
    epmt_leave(saved);
    return counted;
}

#define WRAP_SPAWN(name)                                                                          \
    EPMT_EXPORT int name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, \
                         const posix_spawnattr_t *attributes, char *const argv[],                 \
                         char *const envp[]) {                                                    \
        EPMT_REAL(name);                                                                          \
        if (!real)                                                                                \
            return ENOSYS;                                                                        \
        bool counted = look(envp);                                                                \
        epmt_wait_find();                                                                         \
        int status = real(pid, path, actions, attributes, argv, envp);                            \
        if (status)                                                                               \
            epmt_process_forget_environment(counted);                                             \
        return status;                                                                            \
    }

WRAP_SPAWN(posix_spawn)
WRAP_SPAWN(posix_spawnp)

EPMT_EXPORT int system(const char *command) {
    EPMT_REAL(system);

    if (!real) {
        errno = ENOSYS;
        return -1;
    }
    if (command)
        look(environ);
    return real(command);
}

EPMT_EXPORT FILE *popen(const char *command, const char *mode) {
    EPMT_REAL(popen);

    if (!real) {
        errno = ENOSYS;
        return NULL;
    }
    bool counted = look(environ);
    FILE *stream = real(command, mode);
    if (!stream)
        epmt_process_forget_environment(counted);
    return stream;
}
