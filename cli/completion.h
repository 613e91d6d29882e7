// SPDX-License-Identifier: Apache-2.0
// Completion of the command line in bash, zsh and fish, from the tables of commands and options.
#ifndef EPMT_CLI_COMPLETION_H
#define EPMT_CLI_COMPLETION_H

#include "common/err.h"

// Prints the code for a shell. Returns 0 or -1 with err (USAGE for another shell).
int epmt_completion_print(const char *shell, struct epmt_error *err);

#endif
