// SPDX-License-Identifier: Apache-2.0
// epmt dbsize: what takes the room in the database.
#include <string.h>

#include "cli/cmd.h"
#include "cli/results.h"
#include "storage/db.h"

static enum epmt_format format;

static const struct epmt_option options[] = {
    {0, "format", "FORMAT", "table (for people), json or csv (for programs)"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)row;
    return epmt_format_parse(argument, &format, err);
}

static int print(struct epmt_db *db, const char *what, struct epmt_output *output,
                 struct epmt_error *err) {
    const char *sql = epmt_query_size(epmt_db_dialect(db), what);
    struct epmt_query query = {.name = "size", .for_people = sql, .for_programs = sql};

    if (!sql)
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "%s has no size: all, database, table, index or tablespace", what);
    return epmt_results_print(output, NULL, db, &query, NULL, false, err);
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_output output;

    if (argc > 1) {
        epmt_errf(err, EPMT_ERR_USAGE, "give one of all, database, table, index and tablespace");
        return err->code;
    }
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_ADMIN, cli->envp, err);
    if (!db)
        return err->code;
    epmt_output_begin(&output, stdout, format);
    int status = print(db, argc ? argv[0] : "all", &output, err);
    if (epmt_output_end(&output, status ? NULL : err))
        status = -1;
    epmt_db_close(db);
    return status ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_dbsize = {
    .name = "dbsize",
    .group = EPMT_GROUP_ADMIN,
    .arguments = "[all|database|table|index|tablespace]",
    .summary = "Show how much room the database takes, by table and index.",
    .examples = "epmt dbsize table --format json\n",
    .options = options,
    .option = option,
    .run = run,
};
