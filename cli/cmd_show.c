// SPDX-License-Identifier: Apache-2.0
// epmt show: one job of the database, as a report or whole.
#include "cli/cmd.h"
#include "cli/show_counters.h"
#include "cli/show_mpi.h"
#include "cli/show_report.h"

static enum epmt_format format;
static bool full, threads, mpi, counters;

static const struct epmt_option options[] = {
    {0, "format", "FORMAT", "table (for people), json or csv (for programs: all columns)"},
    {'f', "full", NULL, "list all its steps and processes (json and csv always do)"},
    {'c', "counters", NULL, "show its counters alone, and their ratios (csv: of every thread)"},
    {'m', "mpi", NULL,
     "show what it spent in MPI, on what, and how unevenly (csv: every rank and function)"},
    {'t', "threads", NULL, "list the threads too (csv: instead of the processes)"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (row->letter == 'f')
        full = true;
    else if (row->letter == 't')
        threads = true;
    else if (row->letter == 'c')
        counters = true;
    else if (row->letter == 'm')
        mpi = true;
    else
        return epmt_format_parse(argument, &format, err);
    return 0;
}

static int show_csv(struct epmt_db *db, const char *id, struct epmt_output *output,
                    struct epmt_error *err) {
    const struct epmt_query *query = counters  ? &epmt_query_counters
                                     : threads ? &epmt_query_threads
                                               : &epmt_query_processes;

    return epmt_results_print(output, NULL, db, query, id, false, err);
}

static int show(struct epmt_db *db, const char *name, struct epmt_output *output,
                struct epmt_error *err) {
    char id[EPMT_JOB_KEY_MAX];

    if (epmt_results_find_job(db, name, id, err))
        return -1;
    if (mpi)
        return epmt_show_mpi(output, db, id, err);
    if (format == EPMT_FORMAT_CSV)
        return show_csv(db, id, output, err);
    if (counters)
        return epmt_show_counters(output, db, id, true, err);
    if (format == EPMT_FORMAT_TABLE && !full && !threads && !epmt_output_has_selection())
        return epmt_show_report(output, db, id, err);
    if (epmt_results_print(output, "job", db, &epmt_query_job, id, true, err) ||
        epmt_results_print(output, "steps", db, &epmt_query_steps, id, false, err) ||
        epmt_results_print(output, "processes", db, &epmt_query_processes, id, false, err))
        return -1;
    if (threads && epmt_results_print(output, "threads", db, &epmt_query_threads, id, false, err))
        return -1;
    return epmt_show_counters(output, db, id, false, err);
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_output output;

    if (argc != 1) {
        epmt_errf(err, EPMT_ERR_USAGE, "give one JOB: its job id or the beginning of its uuid");
        return err->code;
    }
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    if (!db)
        return err->code;
    epmt_output_begin(&output, stdout, format);
    int result = show(db, argv[0], &output, err);
    if (epmt_output_end(&output, result ? NULL : err))
        result = -1;
    epmt_db_close(db);
    return result ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_show = {
    .name = "show",
    .group = EPMT_GROUP_ANALYSE,
    .arguments = "JOB",
    .summary = "Show one job of the database: what stands out, what ran when, who used most.",
    .examples = "epmt show 4711                 # one screen\n"
                "epmt show 4711 --full          # all steps and processes\n"
                "epmt show 4711 --mpi           # time in MPI, by function and rank\n"
                "epmt show 4711 --counters      # events that were counted, and their ratios\n",
    .options = options,
    .option = option,
    .run = run,
};
