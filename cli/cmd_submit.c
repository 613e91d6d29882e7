// SPDX-License-Identifier: Apache-2.0
// epmt submit: job files, job directories and archives into the database. A job is there wholly or
// not at all; the failure of one does not keep the others out.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/say.h"
#include "cli/submit_print.h"
#include "cli/unpack.h"
#include "common/fmt.h"
#include "metadata/jobplace.h"
#include "storage/db.h"

#define WORKERS_MAX 64

static struct {
    bool stop, remove, drop, force;
    int64_t workers;
    const char *move_dir;
    enum epmt_format format;
} chosen = {.workers = 1};

static const struct epmt_option options[] = {
    {'n', "dry-run", NULL, "read and check everything, but change nothing"},
    {'r', "remove", NULL, "remove what was put into the database, or is there already"},
    {'m', "move-away", "DIR", "move what is damaged into this directory"},
    {'e', "error", NULL, "stop at the first failure; a named job that is there already is one"},
    {0, "drop", NULL, "first remove all jobs and tables from the database; asks before"},
    {'f', "force", NULL, "do not ask"},
    {'p', "jobs", "N", "read and submit with N processes"},
    {0, "num-cpus", "N", "the same"},
    {0, "format", "FORMAT", "table (a line per job, for people), json or csv (for programs)"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (row->letter == 'e')
        chosen.stop = true;
    else if (row->letter == 'r')
        chosen.remove = true;
    else if (row->letter == 'm')
        chosen.move_dir = argument;
    else if (row->letter == 'f')
        chosen.force = true;
    else if (!strcmp(row->name, "drop"))
        chosen.drop = true;
    else if (!strcmp(row->name, "format"))
        return epmt_format_parse(argument, &chosen.format, err);
    else if (!epmt_parse_whole_i64(argument, &chosen.workers) || chosen.workers < 1 ||
             chosen.workers > WORKERS_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "option --%s takes a number from 1 to %d", row->name,
                         WORKERS_MAX);
    return 0;
}

struct submission {
    struct epmt_submit_options options;
    struct epmt_sources sources;
    struct epmt_submit_print print;
    bool stopped;
};

static void complain(void *context, const char *path, const struct epmt_error *err) {
    struct submission *submission = context;

    epmt_submit_print_failure(&submission->print, path, err);
    submission->stopped |= submission->options.stop;
}

static void add_argument(struct submission *submission, const char *path) {
    size_t before = submission->sources.count;
    enum epmt_err first = submission->print.first;
    struct epmt_error err;

    if (!epmt_sources_add(&submission->sources, path, &err)) {
        if (submission->sources.count != before || submission->print.first != first)
            return;
        epmt_errf(&err, EPMT_ERR_NOT_FOUND, "there are no jobs in %s", path);
    }
    complain(submission, path, &err);
}

static int is_there(const char *path) {
    struct stat st;

    return !stat(path, &st);
}

// The job that the environment or the session names, else all of the user's.
static int add_what_is_new(struct submission *submission, struct epmt_job_place *place,
                           struct epmt_error *err) {
    const struct epmt_cli *cli = submission->options.cli;
    struct epmt_held held;

    if (epmt_job_place_find(place, &cli->settings, cli->envp, err))
        return -1;
    if (is_there(place->dir) && !epmt_hold(&held, place->dir, strlen(place->dir), err)) {
        char *slash = strrchr(place->dir, '/');
        bool job = S_ISDIR(held.st.st_mode) && epmt_source_is_jobdir(held.fd, slash + 1);
        epmt_release(&held);
        if (job) {
            add_argument(submission, place->dir);
            return 0;
        }
    }
    char *slash = strrchr(place->dir, '/');
    if (slash)
        *slash = '\0';
    submission->print.quiet = true;
    submission->sources.archives = false;
    if (!is_there(place->dir))
        epmt_say("submit", "there are no jobs: %s is not there", place->dir);
    else if (epmt_sources_add(&submission->sources, place->dir, err))
        return -1;
    else if (!submission->sources.count)
        epmt_say("submit", "there are no jobs in %s", place->dir);
    return 0;
}

static int drop(const struct epmt_cli *cli, struct epmt_error *err) {
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_ADMIN, cli->envp, err);
    int status = 0;

    if (!db && err->code == EPMT_ERR_NOT_FOUND) {
        *err = (struct epmt_error){.code = EPMT_ERR_OK}; // there is nothing to be removed
        return 0;
    }
    if (!db)
        return -1;
    if (!chosen.force && !epmt_ask_drop(db))
        status = epmt_errf(err, EPMT_ERR_FAIL, "nothing was removed, and nothing submitted");
    else
        status = epmt_db_drop(db, err);
    epmt_db_close(db);
    return status;
}

// Makes the tables where they are missing. What is wrong with all of it is said once.
static int prepare_database(const struct submission *submission, struct epmt_error *err) {
    const struct epmt_cli *cli = submission->options.cli;

    if (cli->dry_run)
        return 0;
    if (chosen.drop && drop(cli, err))
        return -1;
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_WRITE, cli->envp, err);
    epmt_db_close(db);
    return db ? 0 : -1;
}

static void set_options(struct submission *submission, const struct epmt_cli *cli) {
    submission->options = (struct epmt_submit_options){
        .cli = cli,
        .stop = chosen.stop,
        .remove = chosen.remove,
        .move_dir = chosen.move_dir,
        .workers = (unsigned)chosen.workers,
        .limits = epmt_unpack_limits(&cli->settings),
    };
    submission->print.options = &submission->options;
    submission->print.sources = &submission->sources;
    submission->print.format = chosen.format;
    submission->sources.archives = true;
    submission->sources.complain = complain;
    submission->sources.context = submission;
}

static int check_arguments(const struct epmt_cli *cli, int argc, char **argv,
                           struct epmt_error *err) {
    struct stat st;
    int inputs = 0;

    for (int i = 0; i < argc; i++)
        inputs += !strcmp(argv[i], "-");
    if (inputs > 1)
        return epmt_errf(err, EPMT_ERR_USAGE, "there is one standard input: - can be given once");
    if (chosen.drop && cli->dry_run)
        return epmt_errf(err, EPMT_ERR_USAGE, "--drop cannot be undone: it goes without --dry-run");
    if (chosen.drop && inputs && !chosen.force)
        return epmt_errf(err, EPMT_ERR_USAGE, "--drop with jobs from standard input needs --force");
    if (chosen.move_dir && (stat(chosen.move_dir, &st) || !S_ISDIR(st.st_mode)))
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "%s is no directory to move anything to",
                         chosen.move_dir);
    return 0;
}

static int submit(struct submission *submission, int argc, char **argv, struct epmt_error *err) {
    struct epmt_job_place place;
    int status = 0;

    if (prepare_database(submission, err))
        return -1;
    epmt_submit_print_begin(&submission->print);
    if (!argc)
        status = add_what_is_new(submission, &place, err);
    for (int i = 0; i < argc && !submission->stopped; i++)
        add_argument(submission, argv[i]);
    if (submission->sources.count < submission->options.workers)
        submission->options.workers =
            submission->sources.count ? (unsigned)submission->sources.count : 1;
    epmt_progress_begin(&submission->print.progress, submission->sources.count);
    fflush(stdout); // once, not by each worker
    if (!status && !submission->stopped && submission->sources.count)
        status = epmt_submit_all(&submission->options, &submission->sources,
                                 epmt_submit_print_report, &submission->print, err);
    if (epmt_submit_print_end(&submission->print, status ? NULL : err))
        status = -1;
    if (!status && !argc && submission->print.quiet && !submission->print.done &&
        submission->print.first == EPMT_ERR_OK && !submission->options.cli->dry_run &&
        chosen.format == EPMT_FORMAT_TABLE)
        printf("Nothing new in %s\n", place.dir);
    return status;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct submission submission = {0};

    if (check_arguments(cli, argc, argv, err))
        return err->code;
    set_options(&submission, cli);
    int status = submit(&submission, argc, argv, err);
    epmt_sources_free(&submission.sources);
    return status ? (int)err->code : (int)submission.print.first;
}

const struct epmt_command epmt_command_submit = {
    .name = "submit",
    .group = EPMT_GROUP_SUBMIT,
    .arguments = "[FILE|DIR|ARCHIVE|- ...]",
    .summary = "Put jobs into the database: those named, this session's, or all that are new.",
    .examples = "epmt submit                    # this session's job, or all that are new\n"
                "epmt submit /shared/epmt       # every job below a directory\n"
                "epmt -n submit 4711.h5         # read and check, change nothing\n",
    .options = options,
    .option = option,
    .run = run,
};
