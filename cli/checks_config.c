// SPDX-License-Identifier: Apache-2.0
// Checks of what is configured: settings, database, directories, scheduler.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli/checks.h"
#include "cli/events_ask.h"
#include "cli/paths.h"
#include "cli/settings_files.h"
#include "common/fmt.h"
#include "common/iox.h"
#include "metadata/jobplace.h"
#include "metadata/scheduler.h"
#include "storage/db.h"

#define ROOM_MIN (UINT64_C(64) << 20)

void epmt_probe_settings(const struct epmt_cli *cli, struct epmt_probe *check) {
    struct epmt_settings settings;
    struct epmt_error err;

    if (epmt_settings_load(&settings, cli->envp, &err))
        epmt_probe_fail(check, "epmt config --check names all that is wrong", "%s", err.text);
    else
        epmt_probe_pass(check, "%d settings, as `epmt config` shows them", epmt_setting_count);
}

void epmt_probe_database(const struct epmt_cli *cli, struct epmt_probe *check) {
    struct epmt_error err;
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, &err);

    if (db)
        epmt_probe_pass(check, "%s", epmt_db_where(db));
    else if (err.code == EPMT_ERR_NOT_FOUND)
        epmt_probe_note(check, "%s: the first `epmt submit` makes it", err.text);
    else
        epmt_probe_fail(
            check, "set db_url (EPMT_DB_URL); `epmt migrate` brings an older database up to date",
            "%s", err.text);
    epmt_db_close(db);
}

// Makes a directory, a file with something in it, and takes both away. Returns 0 or -errno.
static int try_directory(const char *dir, size_t shared) {
    char path[PATH_MAX], file[PATH_MAX];
    FILE *out;

    if (!epmt_fmt(path, sizeof path, "%s/.check.%d", dir, (int)getpid()) ||
        !epmt_fmt(file, sizeof file, "%s/file", path))
        return -ENAMETOOLONG;
    int result = epmt_make_dirs(path, shared);
    if (result)
        return result;
    out = fopen(file, "wxe");
    if (!out || fputs("epmt\n", out) < 0)
        result = -errno;
    if (out && fclose(out))
        result = -errno;
    unlink(file);
    rmdir(path);
    return result;
}

void epmt_probe_output_prefix(const struct epmt_cli *cli, struct epmt_probe *check) {
    const char *prefix = cli->settings.output_prefix;
    struct epmt_job_place place;
    struct epmt_error err;
    struct statvfs fs;

    if (epmt_job_place_of(&place, &cli->settings, cli->envp, "check", &err)) {
        epmt_probe_fail(check, "set output_prefix", "%s", err.text);
        return;
    }
    size_t shared = epmt_job_place_shared(&place);
    *strrchr(place.dir, '/') = '\0';
    int result = try_directory(place.dir, shared);
    if (result)
        epmt_probe_fail(check, "set output_prefix to a directory in which you may write", "%s: %s",
                        place.dir, strerror(-result));
    else if (!statvfs(place.dir, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize < ROOM_MIN)
        epmt_probe_fail(check, "make room, or set output_prefix to another file system",
                        "%s has less than %d MiB left", prefix, (int)(ROOM_MIN >> 20));
    else
        epmt_probe_pass(check, "%s", place.dir);
    rmdir(place.dir); // where nobody uses it
}

// An event that cannot be counted, why, and what to do: a line each, below each other.
static void note_problem(void *context, const char *event, const char *reason) {
    struct epmt_strbuf *problem = context;

    epmt_strbuf_printf(problem, "%s%s: %s", problem->len ? "\n                     " : "", event,
                       reason);
}

void epmt_probe_events(const struct epmt_cli *cli, struct epmt_probe *check) {
    struct epmt_strbuf list = {0}, problem = {0};
    struct epmt_error err;

    epmt_events_wanted(cli, &list);
    int wrong = list.len
                    ? epmt_events_check(cli, epmt_strbuf_text(&list), note_problem, &problem, &err)
                    : 0;
    if (!list.len)
        epmt_probe_pass(check, "none is asked for");
    else if (wrong < 0)
        epmt_probe_fail(check, "see that libexec/epmt/epmt-events is there", "%s", err.text);
    else if (wrong)
        epmt_probe_fail(check, "`epmt events` lists those that are known here", "%s",
                        epmt_strbuf_text(&problem));
    else
        epmt_probe_pass(check, "%s", epmt_strbuf_text(&list));
    epmt_strbuf_free(&list);
    epmt_strbuf_free(&problem);
}

// The destination of a command of the site's own need not be a directory of this host.
static void check_command(const struct epmt_cli *cli, struct epmt_probe *check) {
    const char *command = cli->settings.stage_command + strspn(cli->settings.stage_command, " \t");
    char name[PATH_MAX];

    if (!epmt_fmt(name, sizeof name, "%.*s", (int)strcspn(command, " \t"), command) ||
        !epmt_path_is_program(cli->envp, name))
        epmt_probe_fail(check, "set stage_command to a command that is there, or to nothing",
                        "stage_command: there is no program %s", name);
    else
        epmt_probe_pass(check, "%s ... %s", command, cli->settings.stage_command_dest);
}

void epmt_probe_stage(const struct epmt_cli *cli, struct epmt_probe *check) {
    const char *dest = cli->settings.stage_command_dest;
    struct stat st;

    if (*cli->settings.stage_command)
        check_command(cli, check);
    else if (stat(dest, &st))
        epmt_probe_note(check, "%s is not there: `epmt stage` makes it", dest);
    else if (!S_ISDIR(st.st_mode) || access(dest, W_OK | X_OK))
        epmt_probe_fail(check, "set stage_command_dest to a directory that all hosts share",
                        "%s is no directory in which you may write", dest);
    else
        epmt_probe_pass(check, "%s", dest);
}

void epmt_probe_scheduler(const struct epmt_cli *cli, struct epmt_probe *check) {
    const char *name = epmt_scheduler_name(cli->envp);
    const char *jobid = epmt_scheduler_fact(cli->envp, EPMT_JOB_FACT_jobid);

    if (name)
        epmt_probe_pass(check, "%s, job %s", name, jobid);
    else if (jobid)
        epmt_probe_pass(check, "none; EPMT_JOB_ID says job %s", jobid);
    else
        epmt_probe_pass(check, "none: the session id is the job id");
}
