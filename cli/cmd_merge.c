// SPDX-License-Identifier: Apache-2.0
// epmt merge: the parts of one job as one job file. It reads its parts and leaves them as they are;
// which comes first, and how often one is given, makes no difference.
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/paths.h"
#include "cli/say.h"
#include "common/fmt.h"
#include "storage/jobfile.h"
#include "storage/merge.h"

static const char *output, *jobid_given;
static bool ended, forced;

static const struct epmt_option options[] = {
    {'o', "output", "FILE", "the job file to write; one of another job is not replaced"},
    {'j', "jobid", "ID", "the job id, where no part says it (journals alone do not)"},
    {'e', "ended", NULL, "the job is over: who has not ended was killed"},
    {'f', "force", NULL, "parts of different jobs become one; replace whatever FILE is"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)err;
    if (row->letter == 'o')
        output = argument;
    else if (row->letter == 'j')
        jobid_given = argument;
    else if (row->letter == 'e')
        ended = true;
    else
        forced = true;
    return 0;
}

static bool is_part(const char *name) {
    static const char *const suffixes[] = {EPMT_JOBFILE_SUFFIX, EPMT_JOURNAL_SUFFIX,
                                           EPMT_STREAM_SUFFIX};
    size_t len = strlen(name);

    if (!strcmp(name, EPMT_METADATA_NAME))
        return true;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t end = strlen(suffixes[i]);
        if (name[0] != '.' && len > end && !strcmp(name + len - end, suffixes[i]))
            return true;
    }
    return false;
}

// What lies in a directory. Returns the number of parts, or -1 with err.
static int add_directory(struct epmt_merge *merge, const char *dir, struct epmt_error *err) {
    DIR *open = opendir(dir);
    int count = 0;

    if (!open)
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot open %s", dir);
    for (struct dirent *entry; count >= 0 && (entry = readdir(open));) {
        char path[PATH_MAX];
        if (!is_part(entry->d_name))
            continue;
        bool fits = epmt_fmt(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (!fits)
            count = epmt_errf(err, EPMT_ERR_IO, "%s: the path is too long", dir);
        else
            count = epmt_merge_add(merge, path, err) ? -1 : count + 1;
    }
    closedir(open);
    if (!count)
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no part of a job in %s", dir);
    return count;
}

static int add(struct epmt_merge *merge, const char *path, struct epmt_error *err) {
    enum epmt_path_kind kind = epmt_path_kind(path);

    if (kind == EPMT_PATH_NONE)
        return epmt_errf_errno(err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO,
                               "cannot open %s", path);
    if (kind == EPMT_PATH_OTHER)
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s: no regular file", path);
    return kind == EPMT_PATH_FILE ? epmt_merge_add(merge, path, err)
                                  : add_directory(merge, path, err);
}

static int merge_all(struct epmt_merge *merge, int count, char **paths, struct epmt_error *err) {
    merge->any_job = forced;
    for (int i = 0; i < count; i++) {
        if (add(merge, paths[i], err) < 0)
            return -1;
    }
    if (epmt_merge_finish(merge, jobid_given, ended, err) ||
        (!forced && epmt_merge_check_target(merge, output, err)) ||
        epmt_jobfile_write(merge->fold, output, err))
        return -1;
    if (merge->damage.gaps)
        epmt_say("merge", "%" PRIu64 " damaged stretches (%" PRIu64 " bytes) are left out: %s",
                 merge->damage.gaps, merge->damage.gap_bytes, merge->damage.first.text);
    printf("%s: %" PRIu64 " processes, %" PRIu64 " threads\n", output,
           epmt_fold_process_count(merge->fold), epmt_fold_thread_count(merge->fold));
    return 0;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_merge merge;
    int status;

    (void)cli;
    if (!argc || !output) {
        epmt_errf(err, EPMT_ERR_USAGE, "give the parts of a job, and -o FILE to write");
        return err->code;
    }
    if (epmt_merge_init(&merge))
        status = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    else
        status = merge_all(&merge, argc, argv, err);
    epmt_merge_fini(&merge);
    return status ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_merge = {
    .name = "merge",
    .group = EPMT_GROUP_SUBMIT,
    .arguments = "FILE|DIR ... -o FILE",
    .summary = "Join parts of one job (job files, journals, streams, metadata) into one job file.",
    .examples = "epmt merge part1.h5 part2.h5 -o 77.h5      # job files of two hosts or steps\n"
                "epmt merge 77.h5 node7.journal -o 77.h5    # what came late\n"
                "epmt merge -e /tmp/epmt/me/77 -o 77.h5     # all that lies in a job directory\n"
                "epmt merge old.h5 -o new.h5                # rewrite an older format version\n",
    .options = options,
    .option = option,
    .run = run,
};
