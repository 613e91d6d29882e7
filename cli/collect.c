// SPDX-License-Identifier: Apache-2.0
// One process per host, so that a slow one holds up no other.
#include "cli/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/say.h"
#include "common/fmt.h"
#include "storage/stage_look.h"
#include "storage/stage_remote.h"

// Hosts that are asked at the same time.
#define AT_ONCE 16

// Status of a worker to which nothing came, beside those of errors.
#define NOTHING_CAME 100

struct collection {
    const char *who;
    struct epmt_stage_remote remote;
    const struct epmt_hosts *hosts;
    uint64_t gave;
    enum epmt_err first;
    char token[64];
};

static void note(struct collection *collection, enum epmt_err code) {
    // A host where the job still runs is no reason to hide a failure.
    if (collection->first == EPMT_ERR_OK || collection->first == EPMT_ERR_FAIL)
        collection->first = code;
}

static int ask(const struct collection *collection, const char *host) {
    struct epmt_error err;
    uint64_t files;

    if (!epmt_stage_fetch(&collection->remote, host, &files, &err))
        return files ? EPMT_ERR_OK : NOTHING_CAME;
    epmt_say(collection->who, "%s", err.text);
    return err.code;
}

static void wait_for_one(struct collection *collection) {
    int status;

    while (wait(&status) < 0) {
        if (errno != EINTR)
            return;
    }
    if (!WIFEXITED(status))
        note(collection, EPMT_ERR_IO);
    else if (!WEXITSTATUS(status))
        collection->gave++;
    else if (WEXITSTATUS(status) != NOTHING_CAME)
        note(collection, (enum epmt_err)WEXITSTATUS(status));
}

static void ask_all(struct collection *collection) {
    int running = 0;

    for (size_t i = 0; i < collection->hosts->count; i++) {
        if (running == AT_ONCE) {
            wait_for_one(collection);
            running--;
        }
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0)
            _exit(ask(collection, collection->hosts->at[i]));
        if (pid < 0) {
            epmt_say(collection->who, "%s: cannot fork: %s", collection->hosts->at[i],
                     strerror(errno));
            note(collection, EPMT_ERR_FAIL);
        } else {
            running++;
        }
    }
    while (running--)
        wait_for_one(collection);
}

static void say_and_note(struct collection *collection, const struct epmt_error *err) {
    epmt_say(collection->who, "%s", err->text);
    note(collection, err->code);
}

static void find_hosts(const struct epmt_cli *cli, struct collection *collection,
                       struct epmt_hosts *hosts, const char *dir) {
    struct epmt_error err;

    if (epmt_hosts_add_list(hosts, cli->settings.remote_hosts, &err))
        say_and_note(collection, &err);
    if (epmt_hosts_add_scheduled(hosts, cli->envp, &err))
        say_and_note(collection, &err);
    if (epmt_stage_hosts(hosts, dir, &err))
        say_and_note(collection, &err);
    epmt_hosts_finish(hosts);
}

// Marks the directory here, so that a host that shares it can tell. Returns false where there is
// none to be marked.
static bool mark(const char *dir, const char *token, char path[PATH_MAX]) {
    if (!epmt_fmt(path, PATH_MAX, "%s/%s", dir, token))
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd >= 0 && !close(fd);
}

static void collect(struct collection *collection, const char *dir) {
    char path[PATH_MAX];
    struct epmt_error err;
    uint64_t number = 0;

    char **dirs = epmt_stage_dirs(dir, &err);
    if (!dirs) {
        say_and_note(collection, &err);
        return;
    }
    if (getrandom(&number, sizeof number, 0) < 0)
        number = (uint64_t)getpid();
    // As what a program that died leaves half-written, so that it goes with that.
    epmt_fmt(collection->token, sizeof collection->token, ".collect.%016lx.tmp",
             (unsigned long)number);
    collection->remote.dirs = (const char *const *)dirs;
    collection->remote.token = collection->token;
    bool marked = mark(dir, collection->token, path);
    ask_all(collection);
    if (marked)
        unlink(path);
    epmt_stage_dirs_free(dirs);
}

enum epmt_err epmt_collect(const struct epmt_cli *cli, const char *who, const char *dir,
                           const char *target, size_t shared, uint64_t *gave) {
    struct epmt_hosts hosts = {0};
    char program[PATH_MAX];
    struct collection collection = {
        .who = who,
        .remote = {.command = cli->settings.remote_command,
                   .program = program,
                   .target = target,
                   .shared = shared,
                   .timeout_s = cli->settings.remote_timeout},
        .hosts = &hosts,
        .first = EPMT_ERR_OK,
    };

    *gave = 0;
    if (!cli->settings.remote_command[0])
        return EPMT_ERR_OK;
    epmt_fmt(program, sizeof program, "%s/bin/epmt", cli->prefix);
    find_hosts(cli, &collection, &hosts, dir);
    if (hosts.count)
        collect(&collection, dir);
    epmt_hosts_free(&hosts);
    *gave = collection.gave;
    return collection.first;
}
