// SPDX-License-Identifier: Apache-2.0
// epmt drop: all jobs out of the database, and its tables too.
#include <stdio.h>

#include "cli/ask.h"
#include "cli/cmd.h"
#include "storage/db.h"

static bool force;

static const struct epmt_option options[] = {
    {'f', "force", NULL, "do not ask"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)row, (void)argument, (void)err;
    force = true;
    return 0;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    int status = 0;

    (void)argv;
    if (argc) {
        epmt_errf(err, EPMT_ERR_USAGE, "there are no arguments: EPMT_DB_URL names the database");
        return err->code;
    }
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_ADMIN, cli->envp, err);
    if (!db)
        return err->code;
    if (!force && !epmt_ask_drop(db))
        status = epmt_errf(err, EPMT_ERR_FAIL, "nothing was removed");
    else if (cli->dry_run)
        printf("Would be removed: all jobs and tables in %s\n", epmt_db_where(db));
    else
        status = epmt_db_drop(db, err);
    if (!status && !cli->dry_run)
        printf("Removed all jobs and tables from %s\n", epmt_db_where(db));
    epmt_db_close(db);
    return status ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_drop = {
    .name = "drop",
    .group = EPMT_GROUP_ADMIN,
    .arguments = "",
    .summary = "Remove all jobs and all tables of epmt from the database.",
    .examples = "epmt drop                      # asks first\n",
    .options = options,
    .option = option,
    .run = run,
};
