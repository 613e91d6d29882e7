// SPDX-License-Identifier: Apache-2.0
// One job, in whatever shape: opened, checked, and waiting for the database. A directory of our own
// is folded where it is; of anybody else's, of an archive's and in a dry run only what can be read
// counts, and the job file is made elsewhere.
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/session.h"
#include "cli/submit_away.h"
#include "cli/submit_priv.h"
#include "common/fmt.h"
#include "common/iox.h"
#include "metadata/tables.h"

// Reads every row, to know that it can be read.
static int read_all(struct epmt_jobfile *file, struct epmt_error *err) {
    static struct epmt_row row; // large
    int more;

    while ((more = epmt_jobfile_next_attribute(file, &row, err)) == 1)
        continue;
    while (!more && (more = epmt_jobfile_next_process(file, &row.record, err)) == 1)
        more = 0;
    while (!more && (more = epmt_jobfile_next_thread(file, &row.record, err)) == 1)
        more = 0;
    for (int i = 0; i < EPMT_TABLE_COUNT; i++) {
        while (!more && (more = epmt_jobfile_next_mpi(file, EPMT_ROW_MPI_FUNCTION + i, &row.record,
                                                      err)) == 1)
            more = 0;
    }
    return more;
}

static void fill_in(struct epmt_waiting *at, struct epmt_jobfile *file, uint64_t gaps) {
    const struct epmt_jobfile_info *info = epmt_jobfile_info(file);

    epmt_fmt(at->report.jobid, sizeof at->report.jobid, "%s", info->jobid);
    at->report.processes = info->process_count;
    at->report.threads = info->thread_count;
    at->report.gaps = gaps;
}

void epmt_submit_jobfile(struct epmt_submit_worker *worker, struct epmt_held *held, uint64_t gaps) {
    struct epmt_error err;
    struct epmt_jobfile *file = epmt_jobfile_open(held->path, &err);

    if (!file || (!worker->db && read_all(file, &err))) {
        epmt_held_explain(held, &err);
        epmt_jobfile_close(file);
        epmt_release(held);
        epmt_submit_fail(worker, NULL, &err);
        return;
    }
    struct epmt_waiting *at =
        epmt_submit_wait(worker, worker->db ? EPMT_JOB_IMPORTED : EPMT_JOB_CHECKED);
    fill_in(at, file, gaps);
    worker->rows += at->report.processes + at->report.threads;
    at->held = *held;
    at->is_held = true;
    epmt_fmt(at->shown, sizeof at->shown, "%s", held->shown);
    at->held.shown = at->shown;
    if (worker->db)
        at->file = file;
    else
        epmt_jobfile_close(file);
}

unsigned epmt_submit_tempdir(struct epmt_submit_worker *worker, char path[PATH_MAX],
                             struct epmt_error *err) {
    const char *top = epmt_environment_get(worker->options->cli->envp, "TMPDIR");

    if (worker->done_count == EPMT_SUBMIT_BATCH_JOBS ||
        worker->done_bytes >= EPMT_SUBMIT_BATCH_BYTES)
        epmt_submit_flush(worker);
    if (worker->tempdir.fd < 0 && epmt_tempdir_make(&worker->tempdir, top, err))
        return 0;
    unsigned number = ++worker->unpacked;
    if (!epmt_fmt(path, PATH_MAX, "%s/%u", worker->tempdir.path, number) || mkdir(path, 0700)) {
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot make a directory in %s", worker->tempdir.path);
        return 0;
    }
    return number;
}

void epmt_submit_tempdir_done(struct epmt_submit_worker *worker, unsigned number, uint64_t bytes) {
    if (!number)
        return;
    if (worker->done_count == EPMT_SUBMIT_BATCH_JOBS)
        epmt_submit_flush(worker);
    worker->done[worker->done_count++] = number;
    worker->done_bytes += bytes;
}

// Makes the job file of a finished fold in the temporary directory, and takes that.
static void submit_fold(struct epmt_submit_worker *worker, const struct epmt_jobfold *fold,
                        const char *jobid, const char *shown, uint64_t gaps) {
    char dir[PATH_MAX], path[PATH_MAX];
    struct epmt_held held;
    struct epmt_error err;
    unsigned number = epmt_submit_tempdir(worker, dir, &err);
    int status = number ? 0 : -1;

    if (!status && !epmt_fmt(path, sizeof path, "%s/%s%s", dir, jobid, EPMT_JOBFILE_SUFFIX))
        status = epmt_errf(&err, EPMT_ERR_IO, "%s: the path is too long", shown);
    if (!status)
        status = epmt_jobfile_write(fold, path, &err);
    if (!status)
        status = epmt_hold(&held, path, strlen(path), &err);
    if (status) {
        epmt_submit_fail(worker, jobid, &err);
    } else {
        held.shown = shown;
        epmt_submit_jobfile(worker, &held, gaps);
    }
    epmt_submit_tempdir_done(worker, number, 0);
}

static void say_checked(struct epmt_submit_worker *worker, const char *jobid,
                        const struct epmt_jobdir_result *result) {
    struct epmt_waiting *at = epmt_submit_wait(worker, EPMT_JOB_CHECKED);

    epmt_fmt(at->report.jobid, sizeof at->report.jobid, "%s", jobid);
    at->report.processes = result->processes;
    at->report.threads = result->threads;
    at->report.gaps = result->damage.gaps;
}

// Without changing anything in the directory.
static void read_directory(struct epmt_submit_worker *worker, struct epmt_submit_directory *dir) {
    struct epmt_jobdir_result result;
    struct epmt_error err;
    struct epmt_jobfold *fold = epmt_fold_create();

    dir->snapshot = epmt_away_snapshot(dir->held->fd, dir->jobid);
    if (!fold) {
        epmt_errf(&err, EPMT_ERR_MEMORY, "%s: out of memory", dir->held->shown);
        epmt_submit_fail(worker, dir->jobid, &err);
    } else if (epmt_jobdir_read(dir->held->path, dir->jobid, dir->user, fold, &result, &err)) {
        epmt_held_explain(dir->held, &err);
        epmt_submit_fail(worker, dir->jobid, &err);
    } else if (!worker->db) {
        say_checked(worker, dir->jobid, &result);
    } else {
        submit_fold(worker, fold, dir->jobid, dir->held->shown, result.damage.gaps);
    }
    epmt_fold_destroy(fold);
}

// The job file of the directory, as it is now.
static void take_jobfile(struct epmt_submit_worker *worker, struct epmt_submit_directory *dir,
                         uint64_t gaps) {
    char path[PATH_MAX], shown[512];
    struct epmt_held held;
    struct epmt_error err;

    dir->snapshot = epmt_away_snapshot(dir->held->fd, dir->jobid);
    epmt_fmt(path, sizeof path, "%s/%s%s", dir->held->path, dir->jobid, EPMT_JOBFILE_SUFFIX);
    if (epmt_hold(&held, path, strlen(dir->held->path), &err)) {
        epmt_held_explain(dir->held, &err);
        epmt_submit_fail(worker, dir->jobid, &err);
        return;
    }
    epmt_fmt(shown, sizeof shown, "%s/%s%s", dir->held->shown, dir->jobid, EPMT_JOBFILE_SUFFIX);
    held.shown = shown;
    epmt_submit_jobfile(worker, &held, gaps);
}

static bool is_ours(const struct epmt_held *held) {
    return held->st.st_uid == geteuid() && !access(held->path, R_OK | W_OK | X_OK);
}

static void say_running(struct epmt_submit_worker *worker, const char *jobid) {
    struct epmt_waiting *at = epmt_submit_wait(worker, EPMT_JOB_RUNNING);

    epmt_fmt(at->report.jobid, sizeof at->report.jobid, "%s", jobid);
}

void epmt_submit_directory(struct epmt_submit_worker *worker, struct epmt_submit_directory *dir) {
    struct epmt_jobdir_state state;
    struct epmt_jobdir_result result;
    struct epmt_error err;

    if (epmt_jobdir_look(dir->held->path, dir->jobid, &state, &err)) {
        epmt_held_explain(dir->held, &err);
        epmt_submit_fail(worker, dir->jobid, &err);
    } else if (state.running || (!dir->named && !dir->packed && state.has_metadata &&
                                 epmt_session_is_open(dir->held->path))) {
        say_running(worker, dir->jobid);
    } else if (!state.has_metadata && !state.journals && !state.streams) {
        take_jobfile(worker, dir, 0);
    } else if (dir->packed || !worker->db || !is_ours(dir->held)) {
        read_directory(worker, dir);
    } else if (epmt_jobdir_fold(dir->held->path, dir->jobid, true, NULL, 0, &result, &err)) {
        epmt_held_explain(dir->held, &err);
        epmt_submit_fail(worker, dir->jobid, &err);
    } else {
        take_jobfile(worker, dir, result.damage.gaps);
    }
}

void epmt_submit_stream(struct epmt_submit_worker *worker, const struct epmt_held *held) {
    struct epmt_fold_damage damage = {0};
    struct epmt_jobdir_result result;
    struct epmt_error err;
    struct epmt_jobfold *fold = epmt_fold_create();
    char dir[PATH_MAX], jobid[256];
    unsigned number = 0;
    size_t len = 0;
    int error = 0, status = 0;
    void *data = epmt_map_file(held->fd, &len, &error);

    if (!fold || error)
        status =
            epmt_errf(&err, error ? EPMT_ERR_IO : EPMT_ERR_MEMORY, "cannot read %s", held->shown);
    if (!status && data)
        status = epmt_fold_add_bytes(fold, data, len, &damage, &err);
    struct epmt_bytes id =
        status ? (struct epmt_bytes){0} : epmt_fold_attribute(fold, "job", "jobid");
    if (!status && (!id.len || id.len >= sizeof jobid || memchr(id.data, '/', id.len)))
        status = epmt_errf(&err, EPMT_ERR_BAD_INPUT,
                           "%s: it does not say which job it is of: give its job directory",
                           held->shown);
    if (!status) {
        epmt_fmt(jobid, sizeof jobid, "%.*s", (int)id.len, id.data);
        number = epmt_submit_tempdir(worker, dir, &err);
        status = number ? epmt_jobdir_read(dir, jobid, "", fold, &result, &err) : -1;
    }
    if (data)
        munmap(data, len);
    if (status)
        epmt_submit_fail(worker, NULL, &err);
    else if (!worker->db)
        say_checked(worker, jobid, &result);
    else
        submit_fold(worker, fold, jobid, held->shown, damage.gaps);
    epmt_submit_tempdir_done(worker, number, 0);
    epmt_fold_destroy(fold);
}
