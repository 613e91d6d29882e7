// SPDX-License-Identifier: Apache-2.0
// epmt check: the installation, each check in a line of its own. epmt check FILE: what is wrong in
// a job file, a line each, and where.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/checks.h"
#include "cli/cmd.h"
#include "cli/paths.h"
#include "cli/say.h"
#include "storage/jobfile_check.h"

// A file that is wrong throughout is not told row by row.
#define LINES_MAX 100

static bool quiet;
static enum epmt_format format;

static const struct epmt_option options[] = {
    {'q', "quiet", NULL, "say nothing of files that are good"},
    {0, "format", "FORMAT", "of the installation: table (for people), json or csv"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (!row->letter)
        return epmt_format_parse(argument, &format, err);
    quiet = true;
    return 0;
}

struct report {
    const char *path;
    uint64_t lines;
};

static void print_finding(void *context, const struct epmt_finding *finding) {
    struct report *report = context;

    if ((finding->note && quiet) || ++report->lines > LINES_MAX)
        return;
    printf("%s: ", report->path);
    if (*finding->table)
        printf("%s", finding->table);
    if (finding->row != EPMT_CHECK_NO_ROW)
        printf(" row %" PRIu64, finding->row);
    if (finding->column)
        printf("%scolumn %s", *finding->table ? " " : "", finding->column);
    printf("%s%s%s\n", *finding->table || finding->column ? ": " : "",
           finding->note ? "note: " : "", finding->text);
}

// Returns 0 for a good file, 1 for a bad one, -1 with err.
static int check(const char *path, struct epmt_error *err) {
    struct epmt_check_result result;
    struct report report = {.path = path};

    if (epmt_jobfile_check(path, print_finding, &report, &result, err))
        return -1;
    if (report.lines > LINES_MAX)
        printf("%s: and %" PRIu64 " lines more\n", path, report.lines - LINES_MAX);
    if (!result.wrong && !quiet)
        printf("%s: good: format version %" PRId64 ", %" PRIu64 " processes, %" PRIu64
               " threads, %" PRIu64 " rows of MPI\n",
               path, result.info.format_version, result.info.process_count,
               result.info.thread_count, result.info.mpi_rows);
    return result.wrong ? 1 : 0;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    int status = EPMT_ERR_OK;

    if (!argc) {
        status = epmt_checks_run(cli, format, err);
        return status < 0 ? (int)err->code : status;
    }
    for (int i = 0; i < argc; i++) {
        struct epmt_error why;
        char path[PATH_MAX];
        const char *file = argv[i];
        if (epmt_path_kind(file) == EPMT_PATH_JOBDIR && epmt_path_jobfile(file, path))
            file = path;
        int result = check(file, &why);
        if (result < 0)
            epmt_say("check", "%s", why.text);
        if (result && status == EPMT_ERR_OK)
            status = result < 0 ? (int)why.code : EPMT_ERR_BAD_INPUT;
    }
    return status;
}

const struct epmt_command epmt_command_check = {
    .name = "check",
    .group = EPMT_GROUP_ADMIN,
    .arguments = "[FILE|DIR ...]",
    .summary = "Check the installation; or job files: damage, references, counts, values.",
    .loads_settings = true,
    .examples =
        "epmt check                        # what works here, and what to do where it does not\n"
        "epmt check 77.h5                  # a line per finding, status 4 where there are any\n"
        "epmt check -q /archive/*/*.h5     # many files, only what is wrong\n",
    .options = options,
    .option = option,
    .run = run,
};
