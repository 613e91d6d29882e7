// SPDX-License-Identifier: Apache-2.0
// epmt list: what is in the database, one line each.
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/results.h"

static enum epmt_format format;

static const struct epmt_option options[] = {
    {0, "format", "FORMAT", "table (for people), json or csv (for programs: all columns)"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)row;
    return epmt_format_parse(argument, &format, err);
}

static const struct epmt_query *find_query(const char *name) {
    static const struct epmt_query *const queries[] = {&epmt_query_jobs, &epmt_query_steps,
                                                       &epmt_query_processes, &epmt_query_threads};

    for (unsigned i = 0; i < sizeof queries / sizeof *queries; i++) {
        if (!strcmp(queries[i]->name, name))
            return queries[i];
    }
    return !strcmp(name, "procs") ? &epmt_query_processes : NULL;
}

static int list(struct epmt_db *db, const struct epmt_query *query, int argc, char **argv,
                struct epmt_output *output, struct epmt_error *err) {
    if (!argc)
        return epmt_results_print(output, NULL, db, query, NULL, false, err);
    char(*ids)[EPMT_JOB_KEY_MAX] = calloc((size_t)argc, sizeof *ids);
    int result = ids ? 0 : epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    for (int i = 0; i < argc && !result; i++)
        result = epmt_results_find_job(db, argv[i], ids[i], err);
    if (!result)
        result = epmt_results_print_jobs(output, NULL, db, query, ids, argc, err);
    free(ids);
    return result;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    const struct epmt_query *query = argc ? find_query(argv[0]) : NULL;
    struct epmt_output output;

    if (query) {
        argc--;
        argv++;
    } else {
        query = &epmt_query_jobs;
    }
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    if (!db)
        return err->code;
    epmt_output_begin(&output, stdout, format);
    int result = list(db, query, argc, argv, &output, err);
    // Output that has begun is ended, whatever happened.
    if (epmt_output_end(&output, result ? NULL : err))
        result = -1;
    epmt_db_close(db);
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_list = {
    .name = "list",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "[jobs|steps|processes|threads] [JOB ...]",
    .summary = "List the jobs in the database, or what belongs to them.",
    .examples = "epmt list                      # jobs\n"
                "epmt list processes 4711       # of one job\n"
                "epmt list --format csv         # for programs\n",
    .options = options,
    .option = option,
    .run = run,
};
