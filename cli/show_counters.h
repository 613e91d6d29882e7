// SPDX-License-Identifier: Apache-2.0
// epmt show: the counters of a job, and the ratios that people make of them.
#ifndef EPMT_CLI_SHOW_COUNTERS_H
#define EPMT_CLI_SHOW_COUNTERS_H

#include "cli/results.h"

// Prints them for the job with that id, where it has any. Returns 0 or -1 with err.
int epmt_show_counters(struct epmt_output *output, struct epmt_db *db, const char *id,
                       struct epmt_error *err);

#endif
