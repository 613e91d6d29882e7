// SPDX-License-Identifier: Apache-2.0
// Checks that execute something: a program under the library, the job writer, the back ends.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/checks.h"
#include "common/fmt.h"
#include "common/iox.h"
#include "metadata/jobplace.h"
#include "storage/jobfile.h"

#define PARANOID "/proc/sys/kernel/perf_event_paranoid"

enum { PARANOID_MAX = 2, NOT_STARTED = 127 };

void epmt_probe_perf(const struct epmt_cli *cli, struct epmt_probe *check) {
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                   .size = sizeof attr,
                                   .config = PERF_COUNT_SW_TASK_CLOCK,
                                   .exclude_kernel = 1};
    char level[16];
    static const char advice[] = "as root: sysctl kernel.perf_event_paranoid=2 (only counters "
                                 "need it: all other metrics are there without)";

    (void)cli;
    if (epmt_read_small(PARANOID, level, sizeof level) < 0) {
        epmt_probe_fail(check, "a kernel without perf events: no counters", "no " PARANOID);
        return;
    }
    level[strcspn(level, "\n")] = '\0';
    int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0)
        epmt_probe_fail(check, advice, PARANOID " = %s, and an event cannot be opened: %s", level,
                        strerror(errno));
    else if (strtol(level, NULL, 10) > PARANOID_MAX)
        epmt_probe_note(check, PARANOID " = %s: counters work for this user alone", level);
    else
        epmt_probe_pass(check, PARANOID " = %s", level);
    if (fd >= 0)
        close(fd);
}

// Runs a program with nothing to read and its words thrown away. Returns its wait status or -1.
static int run_quietly(char *const *argv, char *const *envp) {
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++)
            dup2(null, fd);
        execve(argv[0], argv, envp);
        _exit(NOT_STARTED);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return pid < 0 ? -1 : status;
}

// How many processes the job file has; -1 with err where it cannot be read.
static int64_t count_processes(const char *path, struct epmt_error *err) {
    struct epmt_jobfile *file = epmt_jobfile_open(path, err);
    int64_t count = file ? (int64_t)epmt_jobfile_info(file)->process_count : -1;

    epmt_jobfile_close(file);
    return count;
}

static void remove_tree(const char *dir) {
    DIR *open = opendir(dir);
    struct dirent *entry;
    char path[PATH_MAX];

    while (open && (entry = readdir(open))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
            !epmt_fmt(path, sizeof path, "%s/%s", dir, entry->d_name))
            continue;
        if (unlink(path))
            remove_tree(path);
    }
    if (open)
        closedir(open);
    rmdir(dir);
}

// A directory of our own. Returns its path in dir, or NULL after failing the check.
static char *scratch(char dir[PATH_MAX], struct epmt_probe *check) {
    const char *tmp = getenv("TMPDIR");

    if (epmt_fmt(dir, PATH_MAX, "%s/epmt-check.XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp") &&
        mkdtemp(dir))
        return dir;
    epmt_probe_fail(check, "set TMPDIR to a directory in which you may write", "%s: %s", dir,
                    strerror(errno));
    return NULL;
}

// Our environment with a job and a place of its own: first come ours, which are those that count.
static char **environment_of(const struct epmt_cli *cli, char *prefix, char *job) {
    size_t count = 0;

    while (cli->envp[count])
        count++;
    char **envp = calloc(count + 3, sizeof *envp);
    size_t used = 0;
    if (!envp)
        return NULL;
    envp[used++] = prefix;
    envp[used++] = job;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(cli->envp[i], "EPMT_OUTPUT_PREFIX=", 19) != 0 &&
            strncmp(cli->envp[i], "EPMT_JOB_ID=", 12) != 0)
            envp[used++] = cli->envp[i];
    }
    return envp;
}

static void judge_record(const struct epmt_cli *cli, int status, const char *file,
                         struct epmt_probe *check) {
    static const char by_hand[] = "try it by hand: epmt -vvv -a run true";
    struct epmt_error err;
    int64_t count = status ? 0 : count_processes(file, &err);

    if (status)
        epmt_probe_fail(check, by_hand, "a program under the library ended with wait status %d",
                        status);
    else if (count < 0)
        epmt_probe_fail(check, by_hand, "%s", err.text);
    else if (!count)
        epmt_probe_fail(check, "is EPMT_DISABLE set, or the program in EPMT_EXCLUDE?",
                        "a program under the library left no record");
    else
        epmt_probe_pass(check, "%s/lib/libepmt.so recorded `true`", cli->prefix);
}

// The record of `true`, run as `epmt -a run` runs it.
static void run_in(const struct epmt_cli *cli, const char *dir, struct epmt_probe *check) {
    char epmt[PATH_MAX], prefix[PATH_MAX + 32], user[EPMT_USER_MAX], file[PATH_MAX];
    char job[] = "EPMT_JOB_ID=check";
    char *argv[] = {epmt, "-a", "run", "true", NULL};
    char **envp = environment_of(cli, prefix, job);

    epmt_user_name(user, cli->envp);
    if (envp && epmt_fmt(epmt, sizeof epmt, "%s/bin/epmt", cli->prefix) &&
        epmt_fmt(prefix, sizeof prefix, "EPMT_OUTPUT_PREFIX=%s", dir) &&
        epmt_fmt(file, sizeof file, "%s/%s/check/check.h5", dir, user))
        judge_record(cli, run_quietly(argv, envp), file, check);
    else
        epmt_probe_fail(check, "install it elsewhere", "the path is too long");
    free(envp);
}

void epmt_probe_preload(const struct epmt_cli *cli, struct epmt_probe *check) {
    char dir[PATH_MAX];

    if (!scratch(dir, check))
        return;
    run_in(cli, dir, check);
    remove_tree(dir);
}

static bool is_backend(const char *name) {
    return !strncmp(name, "libepmt-mpi-", 12) && strlen(name) > 15 &&
           !strcmp(name + strlen(name) - 3, ".so");
}

// Loads a library in a child, which may do as it likes. Returns whether that worked.
static bool loads(const char *path) {
    int status = -1;

    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(dlopen(path, RTLD_NOW | RTLD_LOCAL) ? 0 : 1);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return pid > 0 && !status;
}

void epmt_probe_mpi(const struct epmt_cli *cli, struct epmt_probe *check) {
    char dir[PATH_MAX], path[PATH_MAX], names[256];
    struct epmt_text_buffer found;
    struct dirent *entry;

    epmt_text_init(&found, names, sizeof names);
    epmt_fmt(dir, sizeof dir, "%s/lib/epmt", cli->prefix);
    DIR *open = opendir(dir);
    while (open && (entry = readdir(open))) {
        if (!is_backend(entry->d_name) || !epmt_fmt(path, sizeof path, "%s/%s", dir, entry->d_name))
            continue;
        if (!loads(path)) {
            epmt_probe_fail(check, "build or install it again", "%s cannot be loaded", path);
            closedir(open);
            return;
        }
        epmt_text_fmt(&found, "%s%.*s", found.len ? ", " : "", (int)strlen(entry->d_name) - 15,
                      entry->d_name + 12);
    }
    if (open)
        closedir(open);
    if (found.len)
        epmt_probe_pass(check, "%s", names);
    else
        epmt_probe_fail(check, "build it where an MPI (its mpi.h) is installed",
                        "no back end in %s", dir);
}

static void write_in(const struct epmt_cli *cli, char *dir, struct epmt_probe *check) {
    char writer[PATH_MAX], file[PATH_MAX];
    char *argv[] = {writer, "-d", dir, "-j", "check", "-e", NULL};
    char *envp[] = {NULL};
    struct epmt_error err;

    epmt_fmt(writer, sizeof writer, "%s/libexec/epmt/epmt-jobwriter", cli->prefix);
    epmt_fmt(file, sizeof file, "%s/check.h5", dir);
    int status = run_quietly(argv, envp);
    if (status)
        epmt_probe_fail(check, "see that it is there and finds libhdf5 (ldd)",
                        "%s ended with wait status %d", writer, status);
    else if (count_processes(file, &err) < 0)
        epmt_probe_fail(check, "run epmt check on a job file", "%s", err.text);
    else
        epmt_probe_pass(check, "%s", writer);
}

void epmt_probe_writer(const struct epmt_cli *cli, struct epmt_probe *check) {
    char dir[PATH_MAX];

    if (!scratch(dir, check))
        return;
    write_in(cli, dir, check);
    remove_tree(dir);
}
