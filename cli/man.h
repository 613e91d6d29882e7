// SPDX-License-Identifier: Apache-2.0
// The manual pages, mdoc(7), from the tables of commands, options, settings and errors.
#ifndef EPMT_CLI_MAN_H
#define EPMT_CLI_MAN_H

#include "common/err.h"

// Prints a page: epmt.1, epmt-<command>.1 or epmt.conf.5; or, for "list", the names of all pages.
// Returns 0 or -1 with err (USAGE for another name).
int epmt_man_print(const char *page, struct epmt_error *err);

#endif
