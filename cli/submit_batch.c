// SPDX-License-Identifier: Apache-2.0
// From job files that are open and checked into the database. What is said of a job, and what
// becomes of its input, comes after the commit.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/submit_away.h"
#include "cli/submit_priv.h"
#include "common/fmt.h"

static double now_s(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// Of the workers of one submit only one writes into a database that knows one writer: waiting here
// is fair and costs nothing.
static void set_lock(const struct epmt_submit_worker *worker, short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

    if (!worker->one_writer || worker->lock < 0)
        return;
    while (fcntl(worker->lock, F_SETLKW, &lock) && errno == EINTR)
        continue;
}

static void explain(const struct epmt_waiting *at, struct epmt_error *err) {
    if (at->is_held)
        epmt_held_explain(&at->held, err);
}

// Another submit with --remove may have taken away what was found a moment ago, or is at it: its
// files go one after the other.
static bool is_taken_away(const struct epmt_submit_worker *worker, uint32_t number) {
    const struct epmt_source *source = &worker->sources->items[number];
    const struct timespec pause = {.tv_nsec = 4000000};
    struct stat st;

    if (source->named || source->kind == EPMT_SOURCE_STDIN)
        return false;
    for (int i = 0; i < 25; i++) {
        if (lstat(source->path, &st) && errno == ENOENT)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static void fail(const struct epmt_submit_worker *worker, struct epmt_waiting *at,
                 struct epmt_error *err) {
    if (is_taken_away(worker, at->report.source)) {
        at->report.outcome = EPMT_JOB_GONE;
        return;
    }
    explain(at, err);
    at->report.outcome = EPMT_JOB_FAILED;
    at->report.code = err->code;
    epmt_fmt(at->report.text, sizeof at->report.text, "%s", err->text);
}

static int submit(struct epmt_submit_worker *worker, struct epmt_waiting *at,
                  struct epmt_error *err) {
    struct epmt_submit_result result = {0};
    double start = now_s();

    if (epmt_db_submit(worker->db, at->file, &result, err))
        return -1;
    at->report.outcome = result.outcome == EPMT_SUBMIT_NEW     ? EPMT_JOB_IMPORTED
                         : result.outcome == EPMT_SUBMIT_GROWN ? EPMT_JOB_COMPLETED
                                                               : EPMT_JOB_UNCHANGED;
    at->report.processes = result.processes;
    at->report.threads = result.threads;
    at->report.orphans = result.orphans;
    at->report.seconds = now_s() - start;
    // Who wants to be stopped by what is not as expected is told of this too.
    if (at->report.outcome == EPMT_JOB_UNCHANGED && worker->options->stop &&
        worker->sources->items[at->report.source].named)
        return epmt_errf(err, EPMT_ERR_EXISTS, "job %s is already in the database",
                         at->report.jobid);
    return 0;
}

// Each by itself, from the beginning of its file: what made the batch fail is said of the job it
// is about.
static void submit_one_by_one(struct epmt_submit_worker *worker) {
    struct epmt_error err;

    for (unsigned i = 0; i < worker->count; i++) {
        struct epmt_waiting *at = &worker->waiting[i];
        if (!at->file)
            continue;
        epmt_jobfile_close(at->file);
        at->file = epmt_jobfile_open(at->held.path, &err);
        if (!at->file || submit(worker, at, &err))
            fail(worker, at, &err);
    }
}

static unsigned count_files(const struct epmt_submit_worker *worker) {
    unsigned files = 0;

    for (unsigned i = 0; i < worker->count; i++)
        files += worker->waiting[i].file != NULL;
    return files;
}

static void submit_waiting(struct epmt_submit_worker *worker) {
    unsigned files = count_files(worker);
    struct epmt_error err;
    bool batch = files > 1;

    if (!files)
        return;
    set_lock(worker, F_WRLCK);
    if (batch && epmt_db_batch_begin(worker->db, &err)) {
        submit_one_by_one(worker);
        batch = false;
    } else {
        for (unsigned i = 0; i < worker->count; i++) {
            struct epmt_waiting *at = &worker->waiting[i];
            if (at->file && submit(worker, at, &err))
                fail(worker, at, &err);
        }
    }
    if (batch && epmt_db_batch_end(worker->db, &err))
        submit_one_by_one(worker);
    set_lock(worker, F_UNLCK);
}

// Where the input itself is at fault, others need not try it again.
static bool is_damage(enum epmt_err code) {
    return code == EPMT_ERR_BAD_INPUT || code == EPMT_ERR_VERSION || code == EPMT_ERR_MEMORY;
}

static void note_failure(struct epmt_submit_worker *worker, const struct epmt_job_report *report) {
    switch (report->outcome) {
    case EPMT_JOB_FAILED:
        worker->failed = true;
        worker->damaged |= is_damage(report->code);
        break;
    case EPMT_JOB_RUNNING:
    case EPMT_JOB_GONE:
        worker->failed = true;
        break;
    default:
        break;
    }
}

static void warn(struct epmt_job_report *report, const char *text) {
    epmt_fmt(report->text, sizeof report->text, "%s", text);
}

// What becomes of the source.
static void end_source(struct epmt_submit_worker *worker, struct epmt_waiting *at) {
    const struct epmt_submit_options *options = worker->options;
    struct epmt_error err;
    int status = 0;

    if (at->is_held && !options->cli->dry_run) {
        if (worker->damaged && options->move_dir) {
            status = epmt_away_move(&at->held, options->move_dir, &err);
            at->report.pushed_away = !status;
        } else if (!worker->failed && options->remove) {
            status = epmt_away_remove(&at->held, at->report.jobid, at->snapshot, &err);
            at->report.removed = !status;
        }
    }
    if (status < 0) {
        at->report.code = err.code;
        warn(&at->report, err.text);
    }
    worker->failed = worker->damaged = false;
}

static void say(struct epmt_submit_worker *worker, const struct epmt_job_report *report) {
    ssize_t n;

    do
        n = send(worker->fd, report, sizeof *report, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    worker->deaf |= n < 0;
}

void epmt_submit_flush(struct epmt_submit_worker *worker) {
    if (worker->db)
        submit_waiting(worker);
    for (unsigned i = 0; i < worker->count; i++) {
        struct epmt_waiting *at = &worker->waiting[i];
        epmt_jobfile_close(at->file);
        note_failure(worker, &at->report);
        if (at->report.outcome == EPMT_JOB_END)
            end_source(worker, at);
        say(worker, &at->report);
        if (at->is_held)
            epmt_release(&at->held);
    }
    worker->count = 0;
    worker->rows = 0;
    for (unsigned i = 0; i < worker->done_count; i++) {
        char name[16];
        epmt_fmt(name, sizeof name, "%u", worker->done[i]);
        epmt_tempdir_drop(&worker->tempdir, name);
    }
    worker->done_count = 0;
    worker->done_bytes = 0;
}

void epmt_submit_fail(struct epmt_submit_worker *worker, const char *jobid,
                      const struct epmt_error *err) {
    bool taken = is_taken_away(worker, worker->source);
    struct epmt_waiting *at = epmt_submit_wait(worker, taken ? EPMT_JOB_GONE : EPMT_JOB_FAILED);

    if (taken)
        return;
    at->report.code = err->code;
    epmt_fmt(at->report.jobid, sizeof at->report.jobid, "%s", jobid ? jobid : "");
    epmt_fmt(at->report.text, sizeof at->report.text, "%s", err->text);
}

struct epmt_waiting *epmt_submit_wait(struct epmt_submit_worker *worker,
                                      enum epmt_job_outcome outcome) {
    if (worker->count == EPMT_SUBMIT_BATCH_JOBS || worker->rows >= EPMT_SUBMIT_BATCH_ROWS)
        epmt_submit_flush(worker);
    struct epmt_waiting *at = &worker->waiting[worker->count++];
    memset(at, 0, sizeof *at);
    at->held.fd = at->held.parent = -1;
    at->report.source = worker->source;
    at->report.outcome = outcome;
    return at;
}
