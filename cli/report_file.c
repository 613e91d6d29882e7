// SPDX-License-Identifier: Apache-2.0
#include "cli/report_file.h"

#include <stdio.h>
#include <string.h>

#include "cli/submit.h"
#include "cli/unpack.h"
#include "common/fmt.h"

struct outcome {
    const char *path;
    unsigned jobs;
    struct epmt_error *err;
    bool failed;
};

static void fail(struct outcome *outcome, enum epmt_err code, const char *text) {
    if (!outcome->failed)
        epmt_errf(outcome->err, code, "%s", text);
    outcome->failed = true;
}

static int take(void *context, const struct epmt_job_report *report) {
    struct outcome *outcome = context;
    char text[EPMT_ERROR_TEXT_MAX];

    if (report->outcome == EPMT_JOB_FAILED || report->outcome == EPMT_JOB_FATAL) {
        fail(outcome, report->code, report->text);
    } else if (report->outcome == EPMT_JOB_RUNNING) {
        epmt_fmt(text, sizeof text, "%s: the job is still running", outcome->path);
        fail(outcome, EPMT_ERR_FAIL, text);
    }
    outcome->jobs += report->outcome == EPMT_JOB_IMPORTED;
    return 0;
}

static void complain(void *context, const char *path, const struct epmt_error *err) {
    (void)path;
    fail(context, err->code, err->text);
}

static int submit(const struct epmt_cli *cli, const char *path, struct epmt_error *err) {
    struct outcome outcome = {.path = path, .err = err};
    struct epmt_submit_options options = {
        .cli = cli,
        .workers = 1,
        .limits = epmt_unpack_limits(&cli->settings),
    };
    struct epmt_sources sources = {.archives = true, .complain = complain, .context = &outcome};
    int status = epmt_sources_add(&sources, path, err);

    if (!status && sources.count)
        status = epmt_submit_all(&options, &sources, take, &outcome, err);
    epmt_sources_free(&sources);
    if (status || outcome.failed)
        return -1;
    if (!outcome.jobs)
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no job in %s", path);
    if (outcome.jobs > 1)
        return epmt_errf(err, EPMT_ERR_USAGE, "there are %u jobs in %s: give one", outcome.jobs,
                         path);
    return 0;
}

int epmt_report_file_open(struct epmt_report_file *file, const struct epmt_cli *cli,
                          const char *path, struct epmt_error *err) {
    struct epmt_cli with = *cli;
    char url[PATH_MAX];

    *file = (struct epmt_report_file){.dir = EPMT_TEMPDIR_NONE};
    if (epmt_tempdir_make(&file->dir, epmt_environment_get(cli->envp, "TMPDIR"), err))
        return -1;
    epmt_fmt(url, sizeof url, "sqlite:///%s/job.db", file->dir.path);
    with.settings.db_url = url;
    with.dry_run = false;
    // The tables are there before the worker comes.
    file->db = epmt_db_open(url, EPMT_DB_WRITE, cli->envp, err);
    if (!file->db)
        return -1;
    return submit(&with, path, err);
}

void epmt_report_file_close(struct epmt_report_file *file) {
    epmt_db_close(file->db);
    epmt_tempdir_remove(&file->dir);
}
