// SPDX-License-Identifier: Apache-2.0
#include "cli/ancestors.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/iox.h"
#include "metadata/procstat.h"

// How far to look: a wrapper or two may stand between.
enum { DEPTH_MAX = 4, TEXT_MAX = 32768 };

enum epmt_shell epmt_shell_of(const char *name) {
    static const struct {
        const char *name;
        enum epmt_shell shell;
    } shells[] = {
        {"sh", EPMT_SHELL_SH},       {"bash", EPMT_SHELL_SH},   {"dash", EPMT_SHELL_SH},
        {"ksh", EPMT_SHELL_SH},      {"ksh93", EPMT_SHELL_SH},  {"mksh", EPMT_SHELL_SH},
        {"zsh", EPMT_SHELL_SH},      {"csh", EPMT_SHELL_CSH},   {"tcsh", EPMT_SHELL_CSH},
        {"bsd-csh", EPMT_SHELL_CSH}, {"fish", EPMT_SHELL_FISH},
    };
    const char *slash = name ? strrchr(name, '/') : NULL;
    const char *base = slash ? slash + 1 : name ? name : "";

    base += *base == '-'; // of a login
    for (unsigned i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (!strcmp(shells[i].name, base))
            return shells[i].shell;
    }
    return EPMT_SHELL_UNKNOWN;
}

// The nearest ancestor that is a shell, or 0.
static int64_t find_shell(enum epmt_shell *shell) {
    struct epmt_procstat stat;
    int64_t pid = getppid();

    for (int i = 0; i < DEPTH_MAX && pid > 1 && epmt_procstat_of(pid, &stat); i++) {
        *shell = epmt_shell_of(stat.comm);
        if (*shell != EPMT_SHELL_UNKNOWN)
            return pid;
        pid = (int64_t)stat.field[4];
    }
    return 0;
}

// Reads /proc/<pid>/<name>. Returns its length, 0 where it cannot be read.
static size_t read_of(int64_t pid, const char *name, char text[TEXT_MAX]) {
    char path[64];

    epmt_fmt(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    ssize_t len = epmt_read_small(path, text, TEXT_MAX);
    return len > 0 ? (size_t)len : 0;
}

enum epmt_shell epmt_ancestor_shell(const char *shell) {
    static const char variable[] = "SHELL=";
    char text[TEXT_MAX];
    enum epmt_shell found = EPMT_SHELL_UNKNOWN;
    int64_t pid = find_shell(&found);
    size_t len = pid ? read_of(pid, "environ", text) : 0;
    const char *own = NULL;

    for (const char *at = text; at < text + len; at += strlen(at) + 1) {
        if (!strncmp(at, variable, sizeof variable - 1))
            own = at + sizeof variable - 1;
    }
    if (len && shell && (!own || strcmp(own, shell) != 0))
        return EPMT_SHELL_UNKNOWN;
    return pid ? found : EPMT_SHELL_UNKNOWN;
}

bool epmt_ancestor_script(char path[PATH_MAX]) {
    char text[TEXT_MAX];
    enum epmt_shell shell = EPMT_SHELL_UNKNOWN;
    int64_t pid = find_shell(&shell);
    size_t len = pid ? read_of(pid, "cmdline", text) : 0;
    const char *script = text + strnlen(text, len) + 1;

    // Behind the name of the shell and its options; behind -c stands no script.
    while (script < text + len && *script == '-') {
        if (script[1] != '-' && strchr(script, 'c'))
            return false;
        script += strlen(script) + 1;
    }
    return len && script < text + len && *script && !access(script, R_OK) && realpath(script, path);
}
