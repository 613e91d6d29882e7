// SPDX-License-Identifier: Apache-2.0
// What stands behind the ? of a URL, decoded. All of it is valid UTF-8 without control characters.
#ifndef EPMT_ANALYSIS_DASHBOARD_ARGUMENTS_H
#define EPMT_ANALYSIS_DASHBOARD_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

#define EPMT_ARGUMENTS_MAX 200

struct MHD_Connection;

struct epmt_arguments {
    const char *names[EPMT_ARGUMENTS_MAX], *values[EPMT_ARGUMENTS_MAX];
    int count;
};

// The texts stay the connection's. Returns 0 or -1 with err (USAGE).
int epmt_arguments_read(struct epmt_arguments *arguments, struct MHD_Connection *connection,
                        struct epmt_error *err);

// The first of that name, NULL where there is none or it is empty.
const char *epmt_arguments_get(const struct epmt_arguments *arguments, const char *name);

// All of that name, NULL behind the last, at most max - 1. Returns how many.
int epmt_arguments_all(const struct epmt_arguments *arguments, const char *name,
                       const char **values, int max);

// A whole number from min to max; `usual` where there is none. Returns 0 or -1 with err (USAGE).
int epmt_arguments_number(const struct epmt_arguments *arguments, const char *name, int64_t min,
                          int64_t max, int64_t usual, int64_t *number, struct epmt_error *err);

#endif
