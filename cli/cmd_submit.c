// SPDX-License-Identifier: Apache-2.0
// epmt submit: job files and job directories into the database. A job is there wholly or not at
// all; the failure of one does not keep the others out.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/paths.h"
#include "cli/say.h"
#include "cli/session.h"
#include "common/fmt.h"
#include "storage/db.h"

static bool stop_at_error;

static const struct epmt_option options[] = {
    {'n', "dry-run", NULL, "read and check everything, but change nothing"},
    {'e', "error", NULL, "stop at the first failure"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)argument, (void)err;
    stop_at_error |= row->letter == 'e';
    return 0;
}

// A submission under way.
struct submission {
    const struct epmt_cli *cli;
    struct epmt_db *db;  // NULL in a dry run
    bool quiet;          // nothing is said of jobs that are in the database already
    uint64_t done;       // jobs that were imported
    enum epmt_err first; // failure
};

static void report_failure(struct submission *submission, const char *path,
                           const struct epmt_error *err) {
    // Most texts name the file already.
    if (strstr(err->text, path))
        epmt_say("submit", "%s", err->text);
    else
        epmt_say("submit", "%s: %s", path, err->text);
    if (submission->first == EPMT_ERR_OK)
        submission->first = err->code;
}

static double seconds_since(const struct timespec *from) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - from->tv_sec) + (double)(now.tv_nsec - from->tv_nsec) / 1e9;
}

// Reads every row, to know that it can be read.
static int read_all(struct epmt_jobfile *file, struct epmt_error *err) {
    struct epmt_record record;
    struct epmt_row row;
    int more;

    while ((more = epmt_jobfile_next_attribute(file, &row, err)) == 1)
        continue;
    while (!more && (more = epmt_jobfile_next_process(file, &record, err)) == 1)
        more = 0;
    while (!more && (more = epmt_jobfile_next_thread(file, &record, err)) == 1)
        more = 0;
    return more;
}

static int import(struct submission *submission, struct epmt_jobfile *file, const char *path,
                  struct epmt_error *err) {
    const struct epmt_jobfile_info *info = epmt_jobfile_info(file);
    struct epmt_submit_result result;
    struct timespec start;

    clock_gettime(CLOCK_MONOTONIC, &start);
    if (epmt_db_submit(submission->db, file, &result, err))
        return -1;
    if (result.outcome == EPMT_SUBMIT_SAME) {
        if (!submission->quiet || submission->cli->verbose)
            printf("Already in the database - job: %s\n", info->jobid);
        return 0;
    }
    double seconds = seconds_since(&start);
    printf("Imported successfully - job: %s processes: %lu rate: %.1f%s\n", info->jobid,
           (unsigned long)result.processes,
           seconds > 0 ? (double)result.processes / seconds : (double)result.processes,
           result.outcome == EPMT_SUBMIT_GROWN ? " (completes an earlier state)" : "");
    if (result.orphans)
        epmt_say("submit", "%s: %lu rows belong to no process and were left out", path,
                 (unsigned long)result.orphans);
    submission->done++;
    return 0;
}

static int submit_file(struct submission *submission, const char *path, struct epmt_error *err) {
    struct epmt_jobfile *file = epmt_jobfile_open(path, err);
    int result;

    if (!file)
        return -1;
    if (submission->db) {
        result = import(submission, file, path, err);
    } else {
        const struct epmt_jobfile_info *info = epmt_jobfile_info(file);
        result = read_all(file, err);
        if (!result)
            printf("Would be imported - job: %s processes: %lu\n", info->jobid,
                   (unsigned long)info->process_count);
    }
    epmt_jobfile_close(file);
    return result;
}

// Makes the job file of a directory up to date. Returns 1 where the job is to be submitted, 0
// where it is not (a line says why), -1 with err.
static int prepare_directory(struct submission *submission, const char *dir, const char *jobid,
                             bool named, struct epmt_error *err) {
    struct epmt_jobdir_state state;
    struct epmt_jobdir_result result;

    if (epmt_jobdir_look(dir, jobid, &state, err))
        return -1;
    if (state.running || (!named && state.has_metadata && epmt_session_is_open(dir))) {
        epmt_say("submit", "job %s is still running: left for later", jobid);
        return 0;
    }
    if (!state.has_metadata && !state.journals && !state.streams)
        return 1;
    if (submission->cli->dry_run) {
        printf("Would be folded and imported - job: %s\n", jobid);
        return 0;
    }
    if (epmt_jobdir_fold(dir, jobid, true, NULL, 0, &result, err))
        return -1;
    if (result.damage.gaps)
        epmt_say("submit", "%s: %lu damaged stretches of the journals were passed over: %s", dir,
                 (unsigned long)result.damage.gaps, result.damage.first.text);
    return 1;
}

static int submit_directory(struct submission *submission, const char *dir, bool named,
                            struct epmt_error *err) {
    char jobid[NAME_MAX + 1], path[PATH_MAX];

    epmt_path_jobid(dir, jobid);
    int ready = prepare_directory(submission, dir, jobid, named, err);
    if (ready <= 0)
        return ready;
    if (!epmt_path_jobfile(dir, path))
        return epmt_errf(err, EPMT_ERR_USAGE, "%s is too long a path", dir);
    return submit_file(submission, path, err);
}

static int submit_one(struct submission *submission, const char *path, bool named,
                      struct epmt_error *err) {
    return epmt_path_kind(path) == EPMT_PATH_JOBDIR ? submit_directory(submission, path, named, err)
                                                    : submit_file(submission, path, err);
}

// Returns 0, or -1 where nothing more is to be done.
static int submit_and_report(struct submission *submission, const char *path, bool named) {
    struct epmt_error err;

    if (!submit_one(submission, path, named, &err))
        return 0;
    report_failure(submission, path, &err);
    return stop_at_error ? -1 : 0;
}

static int submit_all_below(struct submission *submission, const char *dir, bool named) {
    struct epmt_paths paths = {0};
    struct epmt_error err;
    int result = 0;

    if (epmt_paths_find_jobs(&paths, dir, &err)) {
        report_failure(submission, dir, &err);
        result = stop_at_error ? -1 : 0;
    } else if (!paths.count && named) {
        epmt_errf(&err, EPMT_ERR_NOT_FOUND, "there are no jobs in %s", dir);
        report_failure(submission, dir, &err);
        result = stop_at_error ? -1 : 0;
    } else if (!paths.count) {
        epmt_say("submit", "there are no jobs in %s", dir);
    }
    for (int i = 0; i < paths.count && !result; i++)
        result = submit_and_report(submission, paths.items[i], false);
    epmt_paths_free(&paths);
    return result;
}

static int submit_path(struct submission *submission, const char *path) {
    struct epmt_error err;

    switch (epmt_path_kind(path)) {
    case EPMT_PATH_DIR:
        return submit_all_below(submission, path, true);
    case EPMT_PATH_JOBDIR:
    case EPMT_PATH_FILE:
        return submit_and_report(submission, path, true);
    case EPMT_PATH_NONE:
        epmt_errf_errno(&err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO, "cannot read %s",
                        path);
        break;
    case EPMT_PATH_OTHER:
        epmt_errf(&err, EPMT_ERR_BAD_INPUT, "%s is neither a file nor a directory", path);
        break;
    }
    report_failure(submission, path, &err);
    return stop_at_error ? -1 : 0;
}

// The job that the environment or the session names, else all of the user's.
static int submit_what_is_new(struct submission *submission, struct epmt_error *err) {
    struct epmt_job_place place;
    char *slash;

    if (epmt_job_place_find(&place, &submission->cli->settings, submission->cli->envp, err))
        return -1;
    if (epmt_path_kind(place.dir) == EPMT_PATH_JOBDIR) {
        submit_path(submission, place.dir);
        return 0;
    }
    slash = strrchr(place.dir, '/');
    if (slash)
        *slash = '\0';
    submission->quiet = true;
    if (epmt_path_kind(place.dir) == EPMT_PATH_NONE)
        epmt_say("submit", "there are no jobs: %s is not there", place.dir);
    else
        submit_all_below(submission, place.dir, false);
    if (!submission->done && submission->first == EPMT_ERR_OK && !submission->cli->dry_run)
        printf("Nothing new in %s\n", place.dir);
    return 0;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct submission submission = {.cli = cli};

    if (!cli->dry_run) {
        submission.db = epmt_db_open(cli->settings.db_url, EPMT_DB_WRITE, cli->envp, err);
        if (!submission.db)
            return err->code;
    }
    if (!argc && submit_what_is_new(&submission, err))
        submission.first = err->code;
    for (int i = 0; i < argc; i++) {
        if (submit_path(&submission, argv[i]))
            break;
    }
    epmt_db_close(submission.db);
    return submission.first;
}

const struct epmt_command epmt_command_submit = {
    .name = "submit",
    .group = EPMT_GROUP_SUBMIT,
    .arguments = "[FILE.h5|DIR ...]",
    .summary = "Put jobs into the database: those named, this session's, or all that are new.",
    .examples = "epmt submit                    # this session's job, or all that are new\n"
                "epmt submit /shared/epmt       # every job below a directory\n"
                "epmt -n submit 4711.h5         # read and check, change nothing\n",
    .options = options,
    .option = option,
    .run = run,
};
