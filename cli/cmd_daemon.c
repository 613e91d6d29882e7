// SPDX-License-Identifier: Apache-2.0
// epmt daemon: submits what comes into a directory, as long as it is not told to stop. It stays in
// the foreground, for systemd or another supervisor to start and stop; it writes no pid file.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/watch.h"
#include "common/fmt.h"

// Sources handed to one `epmt submit`, and how soon to look again at what is being written to.
enum { BATCH_MAX = 64, SOON_MS = 1000, NOT_STARTED = 127 };

static struct {
    const char *dir, *failed_dir;
    bool keep, recursive, once;
} chosen;

static const struct epmt_option options[] = {
    {'i', "ingest", "DIR", "the directory to watch (setting ingest_dir)"},
    {'r', "recursive", NULL, "what is below it too: <user>/<job id>/"},
    {'k', "keep", NULL, "leave what was submitted where it is (setting ingest_remove_on_success)"},
    {'m', "move-away", "DIR", "move what is damaged there (setting ingest_failed_dir)"},
    {'D', "foreground", NULL, "as it always is"},
    {0, "once", NULL, "submit what is there, and end"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)err;
    if (row->letter == 'i')
        chosen.dir = argument;
    else if (row->letter == 'm')
        chosen.failed_dir = argument;
    else if (row->letter == 'k')
        chosen.keep = true;
    else if (row->letter == 'r')
        chosen.recursive = true;
    else if (!row->letter)
        chosen.once = true;
    return 0;
}

struct daemon {
    struct epmt_watch *watch;
    int signals; // signalfd
    int64_t interval_ms;
    int status; // that of the first submission that failed
};

// Runs `epmt submit` on some sources. Returns its exit status, or NOT_STARTED.
static int submit(char *const *paths, int count, bool move_away) {
    char *argv[BATCH_MAX + 8] = {"epmt", "submit"};
    int argc = 2, status = 0;
    sigset_t none;

    if (!chosen.keep)
        argv[argc++] = "--remove";
    if (move_away && *chosen.failed_dir) {
        argv[argc++] = "--move-away";
        argv[argc++] = (char *)chosen.failed_dir;
    }
    argv[argc++] = "--";
    for (int i = 0; i < count; i++)
        argv[argc++] = paths[i];
    pid_t pid = fork();
    if (pid == 0) {
        // A signal that is for us lets the submission come to its end.
        setpgid(0, 0);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execv("/proc/self/exe", argv);
        _exit(NOT_STARTED);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return NOT_STARTED;
    }
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : NOT_STARTED;
}

// Whether what failed so may go well later without a change of the source.
static bool passes_by(int status) {
    return status == EPMT_ERR_DATABASE || status == EPMT_ERR_IO || status == EPMT_ERR_MEMORY ||
           status == NOT_STARTED;
}

static bool told_to_stop(const struct daemon *daemon) {
    struct pollfd fd = {.fd = daemon->signals, .events = POLLIN};

    return poll(&fd, 1, 0) > 0;
}

// Takes out the jobs that are not stopped yet: named, they would be submitted as they are.
static void leave_open_jobs(struct epmt_paths *paths) {
    int left = 0;

    for (int i = 0; i < paths->count; i++) {
        if (epmt_session_is_open(paths->items[i]))
            free(paths->items[i]);
        else
            paths->items[left++] = paths->items[i];
    }
    paths->count = left;
}

// Submits sources, `young` ones without moving any away. Returns 0 or -1 with err.
static int submit_all(struct daemon *daemon, char **paths, int total, bool young,
                      struct epmt_error *err) {
    int result = 0;

    for (int at = 0; at < total && !result && !told_to_stop(daemon); at += BATCH_MAX) {
        int count = total - at < BATCH_MAX ? total - at : BATCH_MAX;
        int status = submit(paths + at, count, !young);
        if (status)
            epmt_say("daemon", "epmt submit of %d new sources: exit status %d%s", count, status,
                     passes_by(status) || young ? "; tried again later" : "");
        if (!daemon->status)
            daemon->status = status;
        for (int i = at; i < at + count && !passes_by(status) && !result; i++)
            result = epmt_watch_mark(daemon->watch, paths[i], status != 0, err);
    }
    return result;
}

// Puts those that are young behind the others. Returns how many others there are.
static int part(struct epmt_paths *paths) {
    int settled = 0;

    for (int i = 0; i < paths->count; i++) {
        if (!epmt_watch_is_young(paths->items[i])) {
            char *path = paths->items[i];
            paths->items[i] = paths->items[settled];
            paths->items[settled++] = path;
        }
    }
    return settled;
}

// Submits all that is new. Returns 0 or -1 with err.
static int work(struct daemon *daemon, bool *soon, struct epmt_error *err) {
    struct epmt_paths paths = {0};
    int result = epmt_watch_scan(daemon->watch, &paths, soon, err);

    leave_open_jobs(&paths);
    int settled = part(&paths);
    if (!result)
        result = submit_all(daemon, paths.items, settled, false, err);
    if (!result)
        result = submit_all(daemon, paths.items + settled, paths.count - settled, true, err);
    epmt_paths_free(&paths);
    return result;
}

static int loop(struct daemon *daemon, struct epmt_error *err) {
    bool soon = false;

    epmt_say("daemon", "starting daemon loop: watching %s", chosen.dir);
    while (!told_to_stop(daemon)) {
        struct pollfd fds[] = {{.fd = daemon->signals, .events = POLLIN},
                               {.fd = epmt_watch_fd(daemon->watch), .events = POLLIN}};
        epmt_watch_drain(daemon->watch);
        if (work(daemon, &soon, err))
            return -1;
        poll(fds, 2, soon ? SOON_MS : (int)daemon->interval_ms);
    }
    epmt_say("daemon", "stopped");
    return 0;
}

// What is being written to now is waited for.
static int once(struct daemon *daemon, struct epmt_error *err) {
    bool soon = true;

    while (soon && !told_to_stop(daemon)) {
        if (work(daemon, &soon, err))
            return -1;
        if (soon)
            poll(NULL, 0, SOON_MS);
    }
    return 0;
}

// One daemon per directory: two would submit everything twice. Returns a descriptor to keep.
static int lock(const char *dir, struct epmt_error *err) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return epmt_errf_errno(err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO,
                               "cannot watch %s", dir);
    if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
        close(fd);
        return epmt_errf(err, EPMT_ERR_EXISTS, "another epmt daemon watches %s", dir);
    }
    return fd;
}

static int catch_signals(struct daemon *daemon, struct epmt_error *err) {
    sigset_t stopping;

    sigemptyset(&stopping);
    sigaddset(&stopping, SIGTERM);
    sigaddset(&stopping, SIGINT);
    sigaddset(&stopping, SIGHUP);
    sigprocmask(SIG_BLOCK, &stopping, NULL);
    daemon->signals = signalfd(-1, &stopping, SFD_CLOEXEC | SFD_NONBLOCK);
    return daemon->signals < 0 ? epmt_errf_errno(err, EPMT_ERR_FAIL, "cannot wait for signals") : 0;
}

static void take_settings(const struct epmt_cli *cli) {
    const struct epmt_settings *settings = &cli->settings;

    if (!chosen.dir)
        chosen.dir = *settings->ingest_dir ? settings->ingest_dir : settings->output_prefix;
    if (!chosen.failed_dir)
        chosen.failed_dir = settings->ingest_failed_dir;
    chosen.keep |= !settings->ingest_remove_on_success;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    enum { MS = 1000, INTERVAL_MAX = 86400 };
    struct daemon daemon = {.signals = -1};

    if (argc > 1 || (argc && chosen.dir)) {
        epmt_errf(err, EPMT_ERR_USAGE, "give one directory to watch");
        return err->code;
    }
    if (argc)
        chosen.dir = argv[0];
    take_settings(cli);
    uint64_t interval = cli->settings.ingest_interval;
    daemon.interval_ms = (int64_t)(interval < INTERVAL_MAX ? interval : INTERVAL_MAX) * MS;
    int fd = lock(chosen.dir, err);
    if (fd < 0)
        return err->code;
    int result = catch_signals(&daemon, err);
    if (!result && !(daemon.watch = epmt_watch_create(chosen.dir, chosen.recursive, err)))
        result = -1;
    if (!result)
        result = chosen.once ? once(&daemon, err) : loop(&daemon, err);
    epmt_watch_destroy(daemon.watch);
    if (daemon.signals >= 0)
        close(daemon.signals);
    close(fd);
    if (!result && chosen.once) // what has failed, `epmt submit` has said
        return daemon.status == NOT_STARTED ? EPMT_ERR_FAIL : daemon.status;
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_daemon = {
    .name = "daemon",
    .group = EPMT_GROUP_SUBMIT,
    .arguments = "[DIR]",
    .summary = "Watch a directory, in the foreground, and submit what comes into it.",
    .examples = "epmt daemon /shared/epmt           # until it gets SIGTERM\n"
                "epmt daemon -k -r /tmp/epmt        # what jobs leave there, kept\n"
                "epmt daemon --once /shared/epmt    # for cron\n",
    .options = options,
    .option = option,
    .run = run,
};
