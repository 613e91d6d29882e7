// SPDX-License-Identifier: Apache-2.0
// Options and words that say which jobs are meant, for every command that looks at several.
#ifndef EPMT_CLI_SELECT_H
#define EPMT_CLI_SELECT_H

#include "analysis/selection.h"
#include "cli/cmd.h"

// Rows of a command's table of options.
#define EPMT_SELECT_OPTIONS                                                                     \
    {'u', "user", "USER", "jobs of this user; in names * and ? stand for other characters"},    \
        {0, "tag", "KEY:VALUE",                                                                 \
         "jobs with this tag (KEY: whatever its value); may be given again"},                   \
        {0, "exact-tags", NULL, "jobs with these tags and no others"},                          \
        {0, "name", "NAME", "jobs with this name"},                                             \
        {0, "host", "HOST", "jobs that ran on this host"},                                      \
        {0, "program", "PROGRAM", "jobs that ran this program"},                                \
        {0, "exit", "HOW",                                                                      \
         "jobs that ended ok, failed, with failures (of some process), running, incomplete or " \
         "with an exit code"},                                                                  \
        {0, "when", "TIME|JOB", "jobs that were running then, or beside that job"},             \
        {0, "after", "TIME",                                                                    \
         "jobs that started then or later: 2026-11-25, '2026-11-25 14:00', yesterday, "         \
         "'3 days ago', -3; UTC"},                                                              \
    {                                                                                           \
        0, "before", "TIME", "jobs that ended before then"                                      \
    }

// Takes an option, or a word NAME=VALUE, of that name. Returns 1; 0: it is none of these; -1 with
// err (USAGE).
int epmt_select_option(struct epmt_selection *selection, const char *name, const char *argument,
                       struct epmt_error *err);

// True where nothing was said about which jobs.
bool epmt_select_is_empty(const struct epmt_selection *selection);

// Looks up the job that --when named, where it named one. Returns 0 or -1 with err.
int epmt_select_resolve(struct epmt_selection *selection, struct epmt_db *db,
                        struct epmt_error *err);

#endif
