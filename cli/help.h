// SPDX-License-Identifier: Apache-2.0
// The help of commands, from the rows of their tables (cli/cmd.h).
#ifndef EPMT_CLI_HELP_H
#define EPMT_CLI_HELP_H

#include <stdio.h>

#include "cli/cmd.h"

// Prints the help of a command, or (NULL) of epmt.
void epmt_help_print(FILE *to, const struct epmt_command *command);

// Prints the help of epmt and the settings in force, with where each came from.
void epmt_help_print_all(FILE *to, const struct epmt_cli *cli);

// Writes "-k, --key KEY" to data[cap]; returns data.
char *epmt_option_label(const struct epmt_option *option, char *data, size_t cap);

// The title of a group of commands.
const char *epmt_group_title(enum epmt_command_group group);

// Calls each(context, line, len, comment, comment_len) for every line of a command's examples;
// what stands behind " # " is the comment, len is without the blanks before it.
void epmt_help_examples(const struct epmt_command *command,
                        void (*each)(void *context, const char *line, int len, const char *comment,
                                     int comment_len),
                        void *context);

#endif
