// SPDX-License-Identifier: Apache-2.0
// Asking before something cannot be undone.
#ifndef EPMT_CLI_ASK_H
#define EPMT_CLI_ASK_H

#include <stdbool.h>

#include "storage/db.h"

// Asks on standard error whether all jobs and tables are to go from the database. True where the
// answer on standard input is y or yes.
bool epmt_ask_drop(const struct epmt_db *db);

#endif
