// SPDX-License-Identifier: Apache-2.0
// epmt annotate: notes facts about a job, as keys and values: of the job that runs, in a job
// directory, a job file, an archive of one, or in the database.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/results.h"
#include "cli/unpack.h"
#include "common/fmt.h"
#include "metadata/jobplace.h"
#include "storage/annotate.h"
#include "storage/tempdir.h"

static bool replace;

static const struct epmt_option options[] = {
    {0, "replace", NULL, "drop the annotations that are there"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)row, (void)argument, (void)err;
    replace = true;
    return 0;
}

static void name_of(char name[NAME_MAX + 1], const char *dir) {
    char *whole = realpath(dir, NULL); // "." and "a/.." have names too
    const char *path = whole ? whole : dir, *slash = strrchr(path, '/');

    epmt_fmt(name, NAME_MAX + 1, "%s", slash ? slash + 1 : path);
    free(whole);
}

static int annotate_directory(const char *dir, const struct epmt_annotations *annotations,
                              struct epmt_error *err) {
    char jobid[NAME_MAX + 1];

    name_of(jobid, dir);
    return epmt_annotate_jobdir(dir, jobid, annotations, err);
}

static int annotate_unpacked(const struct epmt_unpacked *unpacked, const char *path,
                             const struct epmt_annotations *annotations, struct epmt_error *err) {
    const struct epmt_source *job = unpacked->inner.items;

    if (!job || unpacked->inner.count != 1)
        return epmt_errf(err, EPMT_ERR_USAGE, "%s: it holds %lu jobs: annotate one", path,
                         (unsigned long)unpacked->inner.count);
    return job->kind == EPMT_SOURCE_JOBDIR ? annotate_directory(job->path, annotations, err)
                                           : epmt_annotate_jobfile(job->path, annotations, err);
}

// Unpacked, annotated, packed again; only then it takes the place of what was there.
static int annotate_archive(const struct epmt_cli *cli, const struct epmt_held *held,
                            const char *path, const struct epmt_annotations *annotations,
                            struct epmt_error *err) {
    struct epmt_archive_limits limits = epmt_unpack_limits(&cli->settings);
    struct epmt_unpacked *unpacked = calloc(1, sizeof *unpacked);
    struct epmt_tempdir temporary = EPMT_TEMPDIR_NONE;
    char stem[NAME_MAX + 1];
    int status = unpacked
                     ? epmt_tempdir_make(&temporary, epmt_environment_get(cli->envp, "TMPDIR"), err)
                     : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");

    epmt_unpack_stem(stem, path);
    if (unpacked && !status)
        status = epmt_unpack(unpacked, held->fd, path, stem, false, &limits, temporary.path, err);
    if (unpacked && !status) {
        status = annotate_unpacked(unpacked, path, annotations, err);
        if (!status)
            status = epmt_archive_rewrite(held->fd, unpacked->root, path, err);
        epmt_unpacked_free(unpacked);
    }
    epmt_tempdir_remove(&temporary);
    free(unpacked);
    return status;
}

static int annotate_path(const struct epmt_cli *cli, const char *name,
                         const struct epmt_annotations *annotations, struct epmt_error *err) {
    struct epmt_held held;
    char *path = realpath(name, NULL); // what a link stands for is written, not the link
    int status = -1;

    if (!path || epmt_hold(&held, path, strlen(path), err)) {
        if (!path)
            epmt_errf_errno(err, EPMT_ERR_NOT_FOUND, "cannot read %s", name);
        free(path);
        return -1;
    }
    if (S_ISDIR(held.st.st_mode))
        status = annotate_directory(path, annotations, err);
    else if (!S_ISREG(held.st.st_mode))
        epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s is neither a file nor a directory", name);
    else if (epmt_source_kind_of(held.fd, path) == EPMT_SOURCE_JOBFILE)
        status = epmt_annotate_jobfile(path, annotations, err);
    else
        status = annotate_archive(cli, &held, path, annotations, err);
    epmt_release(&held);
    free(path);
    return status;
}

static int annotate_job(const struct epmt_cli *cli, const char *name,
                        const struct epmt_annotations *annotations, struct epmt_error *err) {
    const char *url = cli->settings.db_url;
    char id[EPMT_JOB_KEY_MAX];
    struct epmt_db *db = epmt_db_open(url, EPMT_DB_READ, cli->envp, err); // it is not made

    epmt_db_close(db);
    db = db ? epmt_db_open(url, EPMT_DB_WRITE, cli->envp, err) : NULL;
    int status = !db || epmt_results_find_job(db, name, id, err)
                     ? -1
                     : epmt_db_annotate(db, strtoll(id, NULL, 10), annotations, err);
    epmt_db_close(db);
    return status;
}

// The job that the environment or the session names.
static int annotate_this(const struct epmt_cli *cli, const struct epmt_annotations *annotations,
                         struct epmt_error *err) {
    struct epmt_job_place place;

    if (epmt_job_place_find(&place, &cli->settings, cli->envp, err))
        return -1;
    if (access(place.dir, F_OK))
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "job %s was not started: there is no %s",
                         place.jobid, place.dir);
    return epmt_annotate_jobdir(place.dir, place.jobid, annotations, err);
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_annotations annotations = {.replace = replace};
    struct stat st;
    // A path may have an equals sign too.
    bool file = argc && !stat(argv[0], &st);
    bool target = file || (argc && !strchr(argv[0], '='));
    int status = epmt_annotations_parse(&annotations, argv + target, argc - target, err);

    if (!status && !target)
        status = annotate_this(cli, &annotations, err);
    else if (!status && (file || strchr(argv[0], '/')))
        status = annotate_path(cli, argv[0], &annotations, err);
    else if (!status)
        status = annotate_job(cli, argv[0], &annotations, err);
    epmt_annotations_free(&annotations);
    return status ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_annotate = {
    .name = "annotate",
    .group = EPMT_GROUP_SUBMIT,
    .arguments = "[FILE|DIR|ARCHIVE|JOB] KEY=VALUE ...",
    .summary = "Note facts about a job: this session's, one in a file, or one in the database.",
    .examples = "epmt annotate model=am4 run=7          # the job that runs\n"
                "epmt annotate 4711.tgz checked=yes     # a packed one\n"
                "epmt annotate 4711 EPMT_JOB_TAGS=exp:a # in the database; sets its tags too\n",
    .options = options,
    .option = option,
    .run = run,
};
