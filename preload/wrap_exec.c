// SPDX-License-Identifier: Apache-2.0
// exec: the image before it gets its final record. In a vfork child nothing is touched but the
// count of environments without us: the record of the parent is the parent's to write. The glibc
// functions call each other where no wrapper sees it, so each has one.
#include <alloca.h>
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "common/guard.h"
#include "common/real.h"
#include "preload/export.h"
#include "preload/process.h"

#include "common/poison.h"

struct tried {
    bool mine, counted;
};

static struct tried before(char *const *envp) {
    int saved = epmt_enter();
    bool mine = epmt_process_standing() == EPMT_MINE;
    struct tried tried = {mine, epmt_process_look_at_environment(envp)};

    if (mine)
        epmt_process_leaving(EPMT_STATE_exec, -1);
    epmt_leave(saved);
    return tried;
}

static int failed(int result, struct tried tried) {
    int saved = epmt_enter();

    epmt_process_forget_environment(tried.counted);
    if (tried.mine)
        epmt_process_stayed();
    epmt_leave(saved);
    return result;
}

static int missing(void) {
    errno = ENOSYS;
    return -1;
}

#define WRAP(name, parameters, arguments, envp)                  \
    EPMT_EXPORT int name parameters {                            \
        EPMT_REAL(name);                                         \
        struct tried tried = before(envp);                       \
        return failed(real ? real arguments : missing(), tried); \
    }

WRAP(execve, (const char *path, char *const argv[], char *const envp[]), (path, argv, envp), envp)
WRAP(execv, (const char *path, char *const argv[]), (path, argv), environ)
WRAP(execvp, (const char *file, char *const argv[]), (file, argv), environ)
WRAP(execvpe, (const char *file, char *const argv[], char *const envp[]), (file, argv, envp), envp)
WRAP(fexecve, (int fd, char *const argv[], char *const envp[]), (fd, argv, envp), envp)
WRAP(execveat, (int dir, const char *path, char *const argv[], char *const envp[], int flags),
     (dir, path, argv, envp, flags), envp)

// Number of arguments in the list, its NULL included.
static size_t count_list(va_list list) {
    va_list args;
    size_t count = 1;

    va_copy(args, list);
    while (va_arg(args, const char *))
        count++;
    va_end(args);
    return count;
}

static void copy_list(char **argv, const char *first, va_list list) {
    argv[0] = (char *)(uintptr_t)first;
    for (size_t i = 0; argv[i]; i++)
        argv[i + 1] = va_arg(list, char *);
}

// The variable arguments as `argv`; on the stack, as the C library does it.
#define LIST_ARGUMENTS(first, after_list)                        \
    va_list list;                                                \
    va_start(list, first);                                       \
    char **argv = alloca((count_list(list) + 1) * sizeof *argv); \
    copy_list(argv, first, list);                                \
    after_list;                                                  \
    va_end(list)

EPMT_EXPORT int execl(const char *path, const char *arg, ...) {
    LIST_ARGUMENTS(arg, );
    return execv(path, argv);
}

EPMT_EXPORT int execlp(const char *file, const char *arg, ...) {
    LIST_ARGUMENTS(arg, );
    return execvp(file, argv);
}

EPMT_EXPORT int execle(const char *path, const char *arg, ...) {
    char *const *envp;

    LIST_ARGUMENTS(arg, envp = va_arg(list, char *const *));
    return execve(path, argv, envp);
}
