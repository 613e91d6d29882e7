// SPDX-License-Identifier: Apache-2.0
// Narrowing what a query lists to the rows that somebody wants: NAME=VALUE, and a limit.
#ifndef EPMT_CLI_NARROW_H
#define EPMT_CLI_NARROW_H

#include <stdbool.h>
#include <stdint.h>

#define EPMT_FILTERS_MAX 8

// Rows whose column has the value, in which * stands for any characters and ? for one. The texts
// stay the caller's.
struct epmt_filter {
    const char *columns[EPMT_FILTERS_MAX];
    const char *values[EPMT_FILTERS_MAX];
    int count;
    int64_t limit; // of rows; -1: none
};

// Has the queries of epmt_results_print* narrowed so from then on (NULL: no more).
void epmt_filter_use(const struct epmt_filter *filter);
const struct epmt_filter *epmt_filter_in_use(void); // NULL: none

// True where the filter names a column that is not among these; *missing is its name then.
bool epmt_filter_lacks(const char *const *names, int count, const char **missing);

// The query with the filter in use around it; its patterns are the parameters from $first on. Lives
// as long as the program; NULL: out of memory. The columns must have been looked at before
// (epmt_filter_lacks): they become part of it.
const char *epmt_filter_query(const char *sql, int first);

// A value as LIKE takes it; to be freed; NULL: out of memory.
char *epmt_filter_pattern(const char *value);

#endif
