// SPDX-License-Identifier: Apache-2.0
// epmt report: the job page of the dashboard as one file that needs nothing else.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/json_job.h"
#include "analysis/page.h"
#include "cli/cmd.h"
#include "cli/report_file.h"
#include "cli/results.h"
#include "common/fmt.h"
#include "common/iox.h"
#include "storage/replace.h"

static const char *output;

static const struct epmt_option options[] = {
    {'o', "output", "FILE", "where the page goes; - or nothing: to standard output"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)row, (void)err;
    output = argument;
    return 0;
}

static bool to_stdout(void) {
    return !output || !strcmp(output, "-") || !strcmp(output, "/dev/stdout");
}

// A pipe, a terminal, /dev/null: it is no file of ours to put another in its place.
static int write_into(const char *path, int flags, const struct epmt_strbuf *page,
                      struct epmt_error *err) {
    int fd = open(path, flags | O_WRONLY | O_CLOEXEC | O_NOCTTY, 0666);
    int error = fd < 0 ? -errno : epmt_write_all(fd, epmt_strbuf_text(page), page->len);

    if (fd >= 0 && close(fd) && !error)
        error = -errno;
    errno = -error;
    return error ? epmt_errf_errno(err, EPMT_ERR_IO, "cannot write %s", path) : 0;
}

// Beside its name first: nobody ever mails half a page.
static int write_beside(const char *path, mode_t mode, const struct epmt_strbuf *page,
                        struct epmt_error *err) {
    struct epmt_replace file;

    if (epmt_replace_begin(&file, path, err))
        return -1;
    int error = fchmod(file.fd, mode) ? -errno : 0;
    if (!error)
        error = epmt_write_all(file.fd, epmt_strbuf_text(page), page->len);
    if (error) {
        errno = -error;
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot write %s", path);
        epmt_replace_abort(&file);
        return -1;
    }
    return epmt_replace_commit(&file, err);
}

static int write_file(const char *path, const struct epmt_strbuf *page, struct epmt_error *err) {
    char target[PATH_MAX];
    mode_t mask = umask(0);
    struct stat st;

    umask(mask);
    if (stat(path, &st)) {
        // A link to what is not there yet leads to the page too.
        return lstat(path, &st) ? write_beside(path, 0666 & ~mask, page, err)
                                : write_into(path, O_CREAT, page, err);
    }
    if (!S_ISREG(st.st_mode))
        return write_into(path, 0, page, err);
    // Not the link, but what it leads to.
    if (!realpath(path, target))
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot write %s", path);
    return write_beside(target, st.st_mode & 07777, page, err);
}

static int write_page(const struct epmt_cli *cli, const json_t *data, struct epmt_error *err) {
    struct epmt_strbuf page = {0};
    char web[PATH_MAX];

    epmt_fmt(web, sizeof web, "%s/share/epmt/web", cli->prefix);
    int status = epmt_page_embed(&page, web, "job.html", data, err);
    if (!status && !to_stdout()) {
        status = write_file(output, &page, err);
    } else if (!status) {
        fwrite(epmt_strbuf_text(&page), 1, page.len, stdout);
        if (fflush(stdout) || ferror(stdout))
            status = epmt_errf_errno(err, EPMT_ERR_IO, "cannot write the page");
    }
    epmt_strbuf_free(&page);
    return status;
}

static int take_id(void *context, int columns, const char *const *names, const char *const *values,
                   const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    if (values && values[0])
        epmt_fmt(context, EPMT_JOB_KEY_MAX, "%s", values[0]);
    return 0;
}

static int report(const struct epmt_cli *cli, struct epmt_db *db, const char *id,
                  struct epmt_error *err) {
    json_t *data;

    if (epmt_json_job(db, strtoll(id, NULL, 10), &data, err))
        return -1;
    int status = write_page(cli, data, err);
    json_decref(data);
    return status;
}

static int report_file(const struct epmt_cli *cli, const char *path, struct epmt_error *err) {
    struct epmt_report_file file;
    char id[EPMT_JOB_KEY_MAX] = "";
    int status = epmt_report_file_open(&file, cli, path, err);

    if (!status)
        status = epmt_db_query(file.db, "SELECT id FROM jobs", NULL, take_id, id, err);
    if (!status)
        status = report(cli, file.db, id, err);
    epmt_report_file_close(&file);
    return status;
}

static int report_job(const struct epmt_cli *cli, const char *name, struct epmt_error *err) {
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    char id[EPMT_JOB_KEY_MAX];

    if (!db)
        return -1;
    int status = epmt_results_find_job(db, name, id, err) ? -1 : report(cli, db, id, err);
    epmt_db_close(db);
    return status;
}

// A job id may be the name of a directory here: a path is meant where it is a file, or looks so.
static bool is_file(const char *name) {
    struct stat st;

    return !strcmp(name, "-") || strchr(name, '/') || (!stat(name, &st) && S_ISREG(st.st_mode));
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    if (argc != 1) {
        epmt_errf(err, EPMT_ERR_USAGE, "give one JOB of the database, or one job file");
        return err->code;
    }
    if (to_stdout() && isatty(STDOUT_FILENO)) {
        epmt_errf(err, EPMT_ERR_USAGE, "a page is nothing for a terminal: give -o FILE");
        return err->code;
    }
    int status = is_file(argv[0]) ? report_file(cli, argv[0], err) : report_job(cli, argv[0], err);
    return status ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_report = {
    .name = "report",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "JOB|FILE",
    .summary = "Write one job as a page for browsers: one file, to mail or to archive.",
    .examples = "epmt report 4711 -o 4711.html\n"
                "epmt report ./4711.h5 -o 4711.html   # a job file that is in no database\n",
    .options = options,
    .option = option,
    .run = run,
};
