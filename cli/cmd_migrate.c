// SPDX-License-Identifier: Apache-2.0
// epmt migrate: the database of an older epmt up to date, in place.
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "storage/db.h"

static const char *add_count(const char *before, uint64_t count, const char *one) {
    if (!count)
        return before;
    printf("%s%lu %s%s", before, (unsigned long)count, one,
           count == 1              ? ""
           : !strcmp(one, "index") ? "es"
                                   : "s");
    return ", ";
}

static void print_migration(const char *where, const struct epmt_db_migration *migration) {
    const char *between = ": ";

    if (migration->from == migration->to && !migration->tables && !migration->columns &&
        !migration->indexes && !migration->views && !migration->remade) {
        printf("Up to date: %s has schema version %ld\n", where, (long)migration->to);
        return;
    }
    if (migration->from == migration->to)
        printf("Completed %s, of schema version %ld", where, (long)migration->to);
    else
        printf("Migrated %s from schema version %ld to %ld", where, (long)migration->from,
               (long)migration->to);
    between = add_count(between, migration->tables, "table");
    between = add_count(between, migration->columns, "column");
    between = add_count(between, migration->indexes, "index");
    between = add_count(between, migration->views, "view");
    if (between[0] == ',')
        printf(" added");
    if (migration->jobs)
        printf("%s%lu job%s computed", between, (unsigned long)migration->jobs,
               migration->jobs == 1 ? "" : "s");
    if (migration->remade && !migration->views)
        printf("%s%s", between, "views made anew");
    putchar('\n');
}

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
    if (!status)
        print_migration(epmt_db_where(db), &migration);
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
