// SPDX-License-Identifier: Apache-2.0
#include "cli/handover.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fmt.h"
#include "metadata/jobplace.h"
#include "storage/archive.h"
#include "storage/stage.h"

enum { WORDS_MAX = 32, NOT_STARTED = 127 };

int epmt_handover_begin(const char *dir, char scratch[PATH_MAX], struct epmt_error *err) {
    const char *slash = strrchr(dir, '/');

    if (!epmt_fmt(scratch, PATH_MAX, "%.*s/.stage.XXXXXX", slash ? (int)(slash - dir) : 1,
                  slash ? dir : "."))
        return epmt_errf(err, EPMT_ERR_USAGE, "%s is too long a path", dir);
    return mkdtemp(scratch) ? 0 : epmt_errf_errno(err, EPMT_ERR_IO, "cannot make %s", scratch);
}

// Whether a directory holds this file and nothing else.
static bool holds_only(const char *dir, const char *name) {
    DIR *open = opendir(dir);
    bool only = open != NULL;

    for (struct dirent *entry; open && (entry = readdir(open));)
        only &= !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
                !strcmp(entry->d_name, name);
    if (open)
        closedir(open);
    return only;
}

// The words of the command, as blanks separate them: no shell looks at them, so that the name of a
// job can be anything.
static int split(char *command, char **words) {
    char *rest = command;
    int count = 0;

    for (char *word = strsep(&rest, " \t"); word; word = strsep(&rest, " \t")) {
        if (*word && count < WORDS_MAX)
            words[count++] = word;
    }
    return count;
}

static int execute(const char *command, const char *file, const char *dest,
                   struct epmt_error *err) {
    char *words[WORDS_MAX + 3] = {NULL};
    char *copy = strdup(command);
    int status = -1;

    if (!copy)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    int count = split(copy, words);
    words[count] = (char *)file;
    words[count + 1] = (char *)dest;
    fflush(NULL);
    pid_t pid = count ? fork() : -1;
    if (pid == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO); // our standard output is the one path
        execvp(words[0], words);
        _exit(NOT_STARTED);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    free(copy);
    if (pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status))
        return 0;
    return epmt_errf(err, EPMT_ERR_IO, "stage_command `%s` failed (status %d): the job stays",
                     command, pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : status);
}

static void remove_scratch(const char *scratch, const char *inner, const char *file) {
    DIR *open = opendir(inner);
    char path[PATH_MAX];

    unlink(file);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        if (entry->d_name[0] != '.' && epmt_fmt(path, sizeof path, "%s/%s", inner, entry->d_name))
            unlink(path);
    }
    if (open)
        closedir(open);
    rmdir(inner);
    rmdir(scratch);
}

void epmt_handover_abort(const char *scratch, const char *dir, const char *jobid) {
    char parent[PATH_MAX], target[PATH_MAX], inner[PATH_MAX], archive[PATH_MAX];
    enum epmt_stage_outcome outcome;
    const char *slash = strrchr(dir, '/');

    epmt_fmt(inner, sizeof inner, "%s/%s", scratch, jobid);
    epmt_fmt(archive, sizeof archive, "%s.tgz", inner);
    unlink(archive);
    epmt_fmt(parent, sizeof parent, "%.*s", slash ? (int)(slash - dir) : 1, slash ? dir : ".");
    if (!epmt_stage(inner, jobid, parent, target, &outcome, NULL))
        rmdir(scratch);
}

int epmt_handover_end(const struct epmt_cli *cli, const char *scratch, const char *dir,
                      const char *jobid, const char *dest, char path[PATH_MAX],
                      struct epmt_error *err) {
    char inner[PATH_MAX], file[PATH_MAX], archive[PATH_MAX], name[NAME_MAX + 1];
    int len = (int)strlen(dest), result = 0;

    while (len > 1 && dest[len - 1] == '/')
        len--;
    epmt_fmt(name, sizeof name, "%s%s", jobid, EPMT_JOBFILE_SUFFIX);
    if (!epmt_fmt(inner, sizeof inner, "%s/%s", scratch, jobid) ||
        !epmt_fmt(archive, sizeof archive, "%s/%s.tgz", scratch, jobid) ||
        !epmt_fmt(file, sizeof file, "%s/%s", inner, name))
        return epmt_errf(err, EPMT_ERR_USAGE, "%s is too long a path", scratch);
    if (!holds_only(inner, name)) {
        epmt_fmt(name, sizeof name, "%s.tgz", jobid);
        epmt_fmt(file, sizeof file, "%s", archive);
        result = epmt_archive_pack(inner, archive, err);
    }
    if (!result)
        result = execute(cli->settings.stage_command, file, dest, err);
    if (result) {
        epmt_handover_abort(scratch, dir, jobid);
        return -1;
    }
    remove_scratch(scratch, inner, file);
    epmt_fmt(path, PATH_MAX, "%.*s/%s", len, dest, name);
    return 0;
}
