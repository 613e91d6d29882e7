// SPDX-License-Identifier: Apache-2.0
// epmt delete: takes jobs out of the database. Files of jobs stay where they are.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cmd.h"
#include "cli/printable.h"
#include "cli/results.h"
#include "cli/say.h"
#include "storage/retire.h"

static const struct epmt_option options[] = {
    {'n', "dry-run", NULL, "only tell what would be deleted"},
    {'f', "force", NULL, "also jobs that reference models (epmt models) were made from"},
    {0},
};

static bool force;

static int delete_one(struct epmt_cli *cli, struct epmt_db *db, const char *name,
                      struct epmt_error *err) {
    char id[EPMT_JOB_KEY_MAX];

    if (epmt_results_find_job(db, name, id, err))
        return -1;
    if (!cli->dry_run && epmt_db_delete_job(db, strtoll(id, NULL, 10), force, err))
        return -1;
    printf("%s - job: %s\n", cli->dry_run ? "Would be deleted" : "Deleted", epmt_printable(name));
    return 0;
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    enum epmt_err first = EPMT_ERR_OK;
    struct epmt_error why;

    if (!argc) {
        epmt_errf(err, EPMT_ERR_USAGE,
                  "say which jobs: by job id, or by the beginning of the uuid");
        return err->code;
    }
    // Not made where there is none.
    struct epmt_db *db = epmt_db_open(cli->settings.db_url, EPMT_DB_READ, cli->envp, err);
    epmt_db_close(db);
    if (!db)
        return err->code;
    db = epmt_db_open(cli->settings.db_url, EPMT_DB_WRITE, cli->envp, err);
    if (!db)
        return err->code;
    for (int i = 0; i < argc; i++) {
        if (!delete_one(cli, db, argv[i], &why))
            continue;
        epmt_say("delete", "%s", why.text);
        if (first == EPMT_ERR_OK)
            first = why.code;
    }
    epmt_db_close(db);
    return (int)first;
}

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli, (void)argument, (void)err;
    force = force || row->letter == 'f';
    return 0;
}

const struct epmt_command epmt_command_delete = {
    .name = "delete",
    .group = EPMT_GROUP_ADMIN,
    .arguments = "JOB ...",
    .summary = "Delete jobs from the database, with all that belongs to them.",
    .examples = "epmt delete 4711              # by its job id\n"
                "epmt delete 0f7a52            # by the beginning of its uuid\n",
    .options = options,
    .option = option,
    .run = run,
};
