// SPDX-License-Identifier: Apache-2.0
// epmt dump: everything of a job, wherever it is: a job file, a job directory, an archive, standard
// input, or the database.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/dump.h"
#include "cli/results.h"
#include "cli/say.h"
#include "cli/unpack.h"
#include "common/fmt.h"
#include "storage/jobdir.h"
#include "storage/jobfile.h"
#include "storage/tempdir.h"

static struct epmt_dump_options chosen;

static const struct epmt_option options[] = {
    {'k', "key", "KEY", "print only the value of this key of the job (or of its environment)"},
    {0, "format", "FORMAT", "table (for people), json or csv (for programs)"},
    {'t', "threads", NULL, "the rows of the threads too (csv: instead of the processes')"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (row->letter == 'k')
        chosen.key = argument;
    else if (row->letter == 't')
        chosen.threads = true;
    else
        return epmt_format_parse(argument, &chosen.format, err);
    return 0;
}

// A dump of several: as JSON they are one array.
struct dumping {
    const struct epmt_cli *cli;
    struct epmt_tempdir temporary;
    unsigned unpacked;
    bool several;
    uint64_t count;
    enum epmt_err first; // failure
};

static int make_directory(struct dumping *dumping, char path[PATH_MAX], struct epmt_error *err) {
    const char *top = epmt_environment_get(dumping->cli->envp, "TMPDIR");

    if (dumping->temporary.fd < 0 && epmt_tempdir_make(&dumping->temporary, top, err))
        return -1;
    if (!epmt_fmt(path, PATH_MAX, "%s/%u", dumping->temporary.path, ++dumping->unpacked) ||
        mkdir(path, 0700))
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot make a directory in %s",
                               dumping->temporary.path);
    return 0;
}

// Between two jobs.
static void separate(struct dumping *dumping, const char *shown) {
    if (dumping->several && !chosen.key) {
        if (chosen.format == EPMT_FORMAT_JSON)
            fputs(dumping->count ? ",\n" : "[\n", stdout);
        else if (chosen.format == EPMT_FORMAT_TABLE)
            printf("%s%s:\n", dumping->count ? "\n" : "", shown);
    }
    dumping->count++;
}

static int dump_file(struct dumping *dumping, const struct epmt_held *held,
                     struct epmt_error *err) {
    // Looked at before anything is printed.
    struct epmt_jobfile *file = epmt_jobfile_open(held->path, err);
    int status = -1;

    epmt_jobfile_close(file);
    if (file) {
        separate(dumping, held->shown);
        status = epmt_dump_file(&chosen, held->path, err);
    }
    if (status)
        epmt_held_explain(held, err);
    return status;
}

static int dump_path(struct dumping *dumping, const char *path, size_t trusted, const char *shown,
                     struct epmt_error *err) {
    struct epmt_held held;

    if (epmt_hold(&held, path, trusted, err))
        return -1;
    held.shown = shown;
    int status = dump_file(dumping, &held, err);
    epmt_release(&held);
    return status;
}

// What was not folded is, elsewhere: nothing in the directory changes.
static int dump_directory(struct dumping *dumping, const struct epmt_held *held, const char *jobid,
                          struct epmt_error *err) {
    struct epmt_jobdir_state state;
    struct epmt_jobdir_result result;
    char path[PATH_MAX], dir[PATH_MAX];

    if (epmt_jobdir_look(held->path, jobid, &state, err))
        return -1;
    if (!state.has_metadata && !state.journals && !state.streams) {
        if (!state.has_jobfile)
            return epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no job file in %s", held->shown);
        epmt_fmt(path, sizeof path, "%s/%s%s", held->path, jobid, EPMT_JOBFILE_SUFFIX);
        return dump_path(dumping, path, strlen(held->path), held->shown, err);
    }
    struct epmt_jobfold *fold = epmt_fold_create();
    int status =
        fold ? make_directory(dumping, dir, err) : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (!status)
        status = epmt_jobdir_read(held->path, jobid, NULL, fold, &result, err);
    if (!status && !epmt_fmt(path, sizeof path, "%s/%s%s", dir, jobid, EPMT_JOBFILE_SUFFIX))
        status = epmt_errf(err, EPMT_ERR_USAGE, "%s is too long a path", held->shown);
    if (!status)
        status = epmt_jobfile_write(fold, path, err);
    epmt_fold_destroy(fold);
    return status ? -1 : dump_path(dumping, path, strlen(path), held->shown, err);
}

static void say_failure(struct dumping *dumping, const struct epmt_error *err) {
    epmt_say("dump", "%s", err->text);
    if (dumping->first == EPMT_ERR_OK)
        dumping->first = err->code;
}

static void dump_source(struct dumping *dumping, const struct epmt_source *source,
                        const char *shown);

// The jobs in an archive.
static int dump_archive(struct dumping *dumping, const struct epmt_held *held, const char *stem,
                        struct epmt_error *err) {
    struct epmt_archive_limits limits = epmt_unpack_limits(&dumping->cli->settings);
    struct epmt_unpacked *unpacked = calloc(1, sizeof *unpacked);
    char dir[PATH_MAX], shown[512];
    int status = unpacked ? make_directory(dumping, dir, err)
                          : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");

    if (unpacked && !status)
        status = epmt_unpack(unpacked, held->fd, held->shown, stem, false, &limits, dir, err);
    if (unpacked && !status) {
        dumping->several |= unpacked->inner.count > 1;
        for (size_t i = 0; unpacked->inner.items && i < unpacked->inner.count; i++) {
            const char *inner = unpacked->inner.items[i].path + strlen(unpacked->root);
            epmt_fmt(shown, sizeof shown, "%.*s%s%s", 300, held->shown, *inner ? ": " : "",
                     inner + (*inner == '/'));
            dump_source(dumping, &unpacked->inner.items[i], shown);
        }
        epmt_unpacked_free(unpacked);
    }
    free(unpacked);
    return status;
}

static void name_of(char name[NAME_MAX + 1], const char *path) {
    char *whole = realpath(path, NULL); // "." and "a/.." have names too
    const char *slash = strrchr(whole ? whole : path, '/');

    epmt_fmt(name, NAME_MAX + 1, "%s", slash ? slash + 1 : path);
    free(whole);
}

static int dump_held(struct dumping *dumping, const struct epmt_held *held, const char *path,
                     struct epmt_error *err) {
    char name[NAME_MAX + 1];
    int status = -1;

    if (S_ISDIR(held->st.st_mode)) {
        name_of(name, path);
        status = dump_directory(dumping, held, name, err);
    } else if (!S_ISREG(held->st.st_mode)) {
        epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s is neither a file nor a directory", held->shown);
    } else if (epmt_source_kind_of(held->fd, path) == EPMT_SOURCE_JOBFILE) {
        status = dump_file(dumping, held, err);
    } else {
        epmt_unpack_stem(name, path);
        status = dump_archive(dumping, held, name, err);
    }
    if (status)
        epmt_held_explain(held, err);
    return status;
}

static void dump_source(struct dumping *dumping, const struct epmt_source *source,
                        const char *shown) {
    struct epmt_held held;
    struct epmt_error err;

    if (epmt_hold(&held, source->path, source->trusted, &err)) {
        say_failure(dumping, &err);
        return;
    }
    held.shown = shown;
    if (dump_held(dumping, &held, source->path, &err))
        say_failure(dumping, &err);
    epmt_release(&held);
}

static int dump_job(struct dumping *dumping, const char *name, struct epmt_error *err) {
    const struct epmt_cli *cli = dumping->cli;
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    char id[EPMT_JOB_KEY_MAX];
    int status = db ? epmt_results_find_job(db, name, id, err) : -1;

    if (!status) {
        separate(dumping, name);
        status = epmt_dump_job(&chosen, db, id, err);
    }
    epmt_db_close(db);
    return status;
}

static int dump_argument(struct dumping *dumping, const char *argument, struct epmt_error *err) {
    struct epmt_held held;
    struct stat st;

    if (stat(argument, &st) && errno == ENOENT && !strchr(argument, '/'))
        return epmt_archive_stem(argument) || strstr(argument, EPMT_JOBFILE_SUFFIX)
                   ? epmt_errf_errno(err, EPMT_ERR_NOT_FOUND, "cannot read %s", argument)
                   : dump_job(dumping, argument, err);
    if (epmt_hold(&held, argument, strlen(argument), err))
        return -1;
    int status = dump_held(dumping, &held, argument, err);
    epmt_release(&held);
    return status;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct dumping dumping = {.cli = cli, .temporary = EPMT_TEMPDIR_NONE, .several = argc > 1};
    struct epmt_error why;

    if (!argc) {
        epmt_errf(err, EPMT_ERR_USAGE, "give job files, job directories, archives or job ids");
        return err->code;
    }
    for (int i = 0; i < argc; i++) {
        if (dump_argument(&dumping, argv[i], &why))
            say_failure(&dumping, &why);
    }
    if (dumping.several && !chosen.key && chosen.format == EPMT_FORMAT_JSON)
        puts(dumping.count ? "]" : "[]");
    epmt_tempdir_remove(&dumping.temporary);
    return (int)dumping.first;
}

const struct epmt_command epmt_command_dump = {
    .name = "dump",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "FILE|DIR|ARCHIVE|JOB ...",
    .summary = "Print everything of a job: of its file, directory or archive, or of the database.",
    .examples = "epmt dump 4711.h5              # everything in a job file\n"
                "epmt dump -k jobname 4711.tgz  # one fact\n"
                "epmt dump --format json 4711   # the job in the database, for programs\n",
    .options = options,
    .option = option,
    .run = run,
};
