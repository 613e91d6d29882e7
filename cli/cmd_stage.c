// SPDX-License-Identifier: Apache-2.0
// epmt stage: moves what jobs left to where the parts from all hosts come together; to be called on
// each host (a task epilog) after a job whose hosts share no directory, or on one with
// remote_command set, which then asks the others.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/collect.h"
#include "cli/handover.h"
#include "cli/paths.h"
#include "cli/say.h"
#include "cli/submit_away.h"
#include "common/fmt.h"
#include "common/iox.h"
#include "metadata/jobplace.h"
#include "storage/archive.h"
#include "storage/jobdir.h"
#include "storage/stage.h"
#include "storage/stage_remote.h"

static bool strict, packed;
static const char *destination, *send_token;

static const struct epmt_option options[] = {
    {'d', "dest", "DIR", "move there instead of the setting stage_command_dest"},
    {'z', "archive", NULL,
     "pack each job as DIR/<jobid>.tgz; for jobs that are whole on this host"},
    {'n', "dry-run", NULL, "tell what would be moved, but change nothing"},
    {'e', "error", NULL, "stop at the first failure; a job that is left for later is one"},
    {0, "send", "TOKEN", "give it to an epmt that asks from another host (it calls this)"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)err;
    strict |= row->letter == 'e';
    packed |= row->letter == 'z';
    if (row->letter == 'd')
        destination = argument;
    if (!row->letter)
        send_token = argument;
    return 0;
}

// Whether the job is over as far as this host can tell: what other hosts have is left for later too
// where it is not.
static bool is_over(const char *dir, const char *jobid) {
    struct epmt_jobdir_state state;

    return epmt_jobdir_look(dir, jobid, &state, NULL) || (!state.running && !state.has_metadata);
}

static int pack_held(const struct epmt_held *held, const char *jobid, const char *path,
                     struct epmt_error *err) {
    uint64_t snapshot = epmt_away_snapshot(held->fd, jobid);

    if (epmt_archive_pack(held->path, path, err)) {
        epmt_held_explain(held, err);
        return -1;
    }
    int status = epmt_away_remove(held, jobid, snapshot, err);
    return status > 0 ? epmt_errf(err, EPMT_ERR_FAIL, "job %s has gone on: %s is packed and stays",
                                  jobid, held->shown)
                      : status;
}

// The archive is durable before anything is removed here. Returns 0, or -1 with err.
static int pack(const char *dir, const char *dest, char path[PATH_MAX],
                enum epmt_stage_outcome *outcome, struct epmt_error *err) {
    struct epmt_jobdir_state state;
    struct epmt_held held;
    char jobid[NAME_MAX + 1];
    int len = (int)strlen(dest);

    while (len > 1 && dest[len - 1] == '/')
        len--;
    epmt_path_jobid(dir, jobid);
    if (epmt_jobdir_look(dir, jobid, &state, err))
        return -1;
    *outcome = state.running                                          ? EPMT_STAGE_RUNNING
               : state.has_metadata                                   ? EPMT_STAGE_NOT_STOPPED
               : state.has_jobfile || state.journals || state.streams ? EPMT_STAGE_MOVED
                                                                      : EPMT_STAGE_NOTHING;
    if (*outcome != EPMT_STAGE_MOVED)
        return 0;
    int made = epmt_make_dirs(dest, 0);
    if (made || !epmt_fmt(path, PATH_MAX, "%.*s/%s.tgz", len, dest, jobid)) {
        errno = -made;
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot make %s", dest);
    }
    if (!access(path, F_OK))
        return epmt_errf(err, EPMT_ERR_EXISTS, "%s is there already", path);
    if (epmt_hold(&held, dir, strlen(dir), err))
        return -1;
    int status = pack_held(&held, jobid, path, err);
    epmt_release(&held);
    return status;
}

// Moves what is here, and what other hosts have, below `to`. *moved: there was something.
static int move(const struct epmt_cli *cli, const char *dir, const char *jobid, const char *to,
                char target[PATH_MAX], bool *moved, struct epmt_error *err) {
    enum epmt_stage_outcome outcome;
    enum epmt_err remote = EPMT_ERR_OK;
    uint64_t hosts = 0;

    if (is_over(dir, jobid) && epmt_fmt(target, PATH_MAX, "%s/%s", to, jobid))
        remote = epmt_collect(cli, "stage", dir, target, 0, &hosts);
    int result = packed ? pack(dir, to, target, &outcome, err)
                        : epmt_stage(dir, jobid, to, target, &outcome, err);
    *moved = hosts || (!result && outcome == EPMT_STAGE_MOVED);
    if (result)
        return -1;
    switch (outcome) {
    case EPMT_STAGE_MOVED:
        break;
    case EPMT_STAGE_NOTHING:
        if (hosts || remote)
            break;
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is nothing of job %s in %s", jobid, dir);
    case EPMT_STAGE_RUNNING:
        return epmt_errf(err, EPMT_ERR_FAIL, "job %s is still running: left for later", jobid);
    case EPMT_STAGE_NOT_STOPPED:
        return epmt_errf(err, EPMT_ERR_FAIL, "job %s is not stopped: left for later", jobid);
    }
    if (remote)
        return epmt_errf(err, remote, "job %s: not all hosts gave what they have", jobid);
    return 0;
}

// By the configured command: put together in a place of our own first.
static int stage_by_command(const struct epmt_cli *cli, const char *dir, const char *jobid,
                            const char *dest, struct epmt_error *err) {
    char scratch[PATH_MAX], target[PATH_MAX];
    struct epmt_error why;
    bool moved = false;

    if (epmt_handover_begin(dir, scratch, err))
        return -1;
    int result = move(cli, dir, jobid, scratch, target, &moved, err);
    // A part that did not come is no reason to keep the rest.
    if (moved && (!result || err->code != EPMT_ERR_EXISTS)) {
        if (!epmt_handover_end(cli, scratch, dir, jobid, dest, target, &why)) {
            puts(target);
            return result;
        }
        *err = why;
        return -1;
    }
    epmt_handover_abort(scratch, dir, jobid);
    return result;
}

// One job directory. Returns 0, or -1 with err.
static int stage(const struct epmt_cli *cli, const char *dir, const char *dest,
                 struct epmt_error *err) {
    char jobid[NAME_MAX + 1], target[PATH_MAX];
    bool moved = false;

    epmt_path_jobid(dir, jobid);
    if (*cli->settings.stage_command)
        return stage_by_command(cli, dir, jobid, dest, err);
    int result = move(cli, dir, jobid, dest, target, &moved, err);
    if (moved)
        puts(target);
    return result;
}

// Adds the jobs that an argument means: itself, or all below it.
static int add_jobs(struct epmt_paths *jobs, const char *path, struct epmt_error *err) {
    switch (epmt_path_kind(path)) {
    case EPMT_PATH_JOBDIR:
        return epmt_paths_add(jobs, path, err);
    case EPMT_PATH_DIR:
        return epmt_paths_find_jobs(jobs, path, err);
    case EPMT_PATH_NONE:
        return epmt_errf_errno(err, EPMT_ERR_NOT_FOUND, "cannot read %s", path);
    case EPMT_PATH_FILE:
    case EPMT_PATH_OTHER:
        break;
    }
    return epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s is no directory", path);
}

// The job that the environment or the session names, else all of the user's on this host.
static int add_what_is_here(struct epmt_cli *cli, struct epmt_paths *jobs, struct epmt_error *err) {
    struct epmt_job_place place;

    if (epmt_job_place_find(&place, &cli->settings, cli->envp, err))
        return -1;
    // Another host may have something where this one has not.
    if (epmt_path_kind(place.dir) == EPMT_PATH_JOBDIR ||
        (cli->settings.remote_command[0] && place.source == EPMT_JOB_FROM_ENVIRONMENT))
        return epmt_paths_add(jobs, place.dir, err);
    char *slash = strrchr(place.dir, '/');
    if (slash)
        *slash = '\0';
    return epmt_path_kind(place.dir) == EPMT_PATH_NONE ? 0 : add_jobs(jobs, place.dir, err);
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    const char *dest = destination ? destination : cli->settings.stage_command_dest;
    struct epmt_paths jobs = {0};
    struct epmt_error why;
    enum epmt_err first = EPMT_ERR_OK;

    if (send_token)
        return epmt_stage_send((const char *const *)argv, send_token, STDIN_FILENO, STDOUT_FILENO,
                               err)
                   ? err->code
                   : EPMT_ERR_OK;
    int failed = argc ? 0 : add_what_is_here(cli, &jobs, err);

    for (int i = 0; i < argc && !failed; i++)
        failed = add_jobs(&jobs, argv[i], err);
    for (int i = 0; i < jobs.count && !failed; i++) {
        if (cli->dry_run) {
            printf("Would be moved to %s - %s\n", dest, jobs.items[i]);
        } else if (stage(cli, jobs.items[i], dest, &why)) {
            epmt_say("stage", "%s", why.text);
            if (first == EPMT_ERR_OK && (strict || why.code != EPMT_ERR_FAIL))
                first = why.code;
            if (first != EPMT_ERR_OK && strict)
                break;
        }
    }
    epmt_paths_free(&jobs);
    return failed ? err->code : first;
}

const struct epmt_command epmt_command_stage = {
    .name = "stage",
    .group = EPMT_GROUP_COLLECT,
    .arguments = "[DIR ...]",
    .summary = "Move what jobs left to where the parts of all hosts are collected.",
    .examples = "epmt stage                     # this job, to stage_command_dest\n"
                "epmt stage -d /shared/epmt     # to another directory\n",
    .options = options,
    .option = option,
    .run = run,
};
