// SPDX-License-Identifier: Apache-2.0
// epmt version: the line that -V prints, and with -v what this epmt reads and writes.
#include <stdio.h>

#include "cli/cmd.h"
#include "storage/ddl.h"
#include "storage/jobfile.h"

static const struct epmt_option options[] = {{0}};

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    (void)argv;
    if (argc) {
        epmt_errf(err, EPMT_ERR_USAGE, "it takes no arguments");
        return err->code;
    }
    puts(EPMT_VERSION_LINE);
    if (cli->verbose)
        printf("job file format %d, database schema %d\nfrom %s\n", EPMT_JOBFILE_VERSION,
               EPMT_DB_VERSION, cli->prefix);
    return EPMT_ERR_OK;
}

const struct epmt_command epmt_command_version = {
    .name = "version",
    .group = EPMT_GROUP_ADMIN,
    .arguments = "",
    .summary = "Print the version.",
    .examples = "epmt version\n"
                "epmt -v version                # formats and the installation too\n",
    .options = options,
    .needs_no_settings = true,
    .run = run,
};
