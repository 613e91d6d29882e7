// SPDX-License-Identifier: Apache-2.0
// epmt migrate: the database of an older epmt up to date, in place.
#include <stdio.h>

#include "cli/cmd.h"
#include "storage/db.h"

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    struct epmt_db_migration migration;

    (void)argv;
    if (argc) {
        epmt_errf(err, EPMT_ERR_USAGE, "there are no arguments: EPMT_DB_URL names the database");
        return err->code;
    }
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_ADMIN, cli->envp, err);
    if (!db)
        return err->code;
    int status = epmt_db_migrate(db, &migration, err);
    if (!status && migration.from == migration.to && !migration.changes)
        printf("Up to date: %s has schema version %ld\n", epmt_db_where(db), (long)migration.to);
    else if (!status)
        printf("Migrated %s from schema version %ld to %ld: %lu tables and columns added, %lu jobs "
               "computed\n",
               epmt_db_where(db), (long)migration.from, (long)migration.to,
               (unsigned long)migration.changes, (unsigned long)migration.jobs);
    epmt_db_close(db);
    return status ? (int)err->code : EPMT_ERR_OK;
}

static const struct epmt_option options[] = {{0}};

const struct epmt_command epmt_command_migrate = {
    .name = "migrate",
    .group = EPMT_GROUP_ADMIN,
    .arguments = "",
    .summary = "Bring the database of an older epmt up to date in place, with all its jobs.",
    .examples = "epmt migrate                   # once, after an update of epmt\n",
    .options = options,
    .run = run,
};
