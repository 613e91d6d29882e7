// SPDX-License-Identifier: Apache-2.0
#include "cli/events_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fmt.h"

// It runs unmeasured, and finds its own way to its libraries.
static char **environment_of(const struct epmt_cli *cli) {
    size_t count = 0, kept = 0;

    while (cli->envp[count])
        count++;
    char **envp = calloc(count + 1, sizeof *envp);
    for (size_t i = 0; envp && i < count; i++) {
        if (strncmp(cli->envp[i], "LD_PRELOAD=", 11) != 0)
            envp[kept++] = cli->envp[i];
    }
    return envp;
}

static int spawn(const struct epmt_cli *cli, const char *verb, const char *argument, int out,
                 pid_t *pid) {
    char path[PATH_MAX],
        *words[] = {path, (char *)(uintptr_t)verb, (char *)(uintptr_t)argument, NULL};
    posix_spawn_file_actions_t actions;
    char **envp = environment_of(cli);
    int status = ENOMEM;

    if (envp && epmt_fmt(path, sizeof path, "%s/libexec/epmt/epmt-events", cli->prefix) &&
        !posix_spawn_file_actions_init(&actions)) {
        posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        status = posix_spawn(pid, path, &actions, NULL, words, envp);
        posix_spawn_file_actions_destroy(&actions);
    }
    free(envp);
    return status;
}

static void read_all(int fd, struct epmt_strbuf *answer) {
    char bytes[4096];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof bytes)) != 0) {
        if (n > 0)
            epmt_strbuf_add(answer, bytes, (size_t)n);
        else if (errno != EINTR)
            break;
    }
}

int epmt_events_ask(const struct epmt_cli *cli, const char *verb, const char *argument,
                    struct epmt_strbuf *answer, struct epmt_error *err) {
    int ends[2] = {-1, -1}, status = 0;
    pid_t pid = -1;

    if (pipe2(ends, O_CLOEXEC))
        return epmt_errf_errno(err, EPMT_ERR_FAIL, "cannot make a pipe");
    errno = spawn(cli, verb, argument, ends[1], &pid);
    close(ends[1]);
    if (errno) {
        close(ends[0]);
        return epmt_errf_errno(err, EPMT_ERR_NOT_FOUND, "cannot start %s/libexec/epmt/epmt-events",
                               cli->prefix);
    }
    read_all(ends[0], answer);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (status)
        return epmt_errf(err, EPMT_ERR_FAIL, "epmt-events %s failed with status %d", verb, status);
    return answer->failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : 0;
}

int epmt_events_fields(char *line, char **fields, int max) {
    int count = 0;

    for (char *at = line; at && count < max; count++) {
        char *tab = strchr(at, '\t');
        fields[count] = at;
        if (tab)
            *tab++ = '\0';
        at = tab;
    }
    return count;
}
