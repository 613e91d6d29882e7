// SPDX-License-Identifier: Apache-2.0
// The command line, parsed by the tables of options (cli/cmd.h); their help comes from the same
// rows.
#ifndef EPMT_CLI_OPTIONS_H
#define EPMT_CLI_OPTIONS_H

#include <stdio.h>

#include "cli/cmd.h"

// The options that are epmt's own; ends with a row whose name is NULL. -v and -h may stand
// anywhere, -a, -n and --drop before the name of a command that has them too.
extern const struct epmt_option epmt_global_options[];

extern const struct epmt_command *const epmt_command_table[]; // ends with NULL

// The command of that name, or the only one that begins so. NULL with err (USAGE), which names the
// candidates where there are several.
const struct epmt_command *epmt_command_find(const char *name, struct epmt_error *err);

// What parsing found.
struct epmt_parsed {
    const struct epmt_command *command; // NULL: none named
    bool help, version;
    int argc; // the arguments that are left, in argv
    char **argv;
};

// Parses argv: reorders it, so that the arguments stand together, NULL behind them. Returns 0, or
// -1 with err (USAGE); parsed->command is set as soon as it is known.
int epmt_options_parse(struct epmt_cli *cli, int argc, char **argv, struct epmt_parsed *parsed,
                       struct epmt_error *err);

// True for a command that prints tables: it has an option --format, and is given --columns.
bool epmt_command_has_tables(const struct epmt_command *command);

// The n-th option of a command, its own first, then --columns where it has tables, -h and -v.
// NULL behind the last.
const struct epmt_option *epmt_command_option(const struct epmt_command *command, int n);

#endif
