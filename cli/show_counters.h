// SPDX-License-Identifier: Apache-2.0
// epmt show: the counters of a job, and the ratios that people make of them.
#ifndef EPMT_CLI_SHOW_COUNTERS_H
#define EPMT_CLI_SHOW_COUNTERS_H

#include "cli/results.h"

// Prints them for the job with that id, where it has any; where they were asked for and it has
// none, that is an error. Returns 0 or -1 with err (NOT_FOUND).
int epmt_show_counters(struct epmt_output *output, struct epmt_db *db, const char *id, bool asked,
                       struct epmt_error *err);

#endif
