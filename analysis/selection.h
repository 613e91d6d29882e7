// SPDX-License-Identifier: Apache-2.0
// Which jobs are meant: by user, tags, programs, times and how they ended, as one condition in SQL.
#ifndef EPMT_ANALYSIS_SELECTION_H
#define EPMT_ANALYSIS_SELECTION_H

#include "analysis/when.h"
#include "storage/db_backend.h"

#define EPMT_SELECTION_TAGS_MAX 16
#define EPMT_SELECTION_JOBS_MAX 10000
// Values and patterns of one selection, with one of what asks; and how many a query may have.
#define EPMT_SELECTION_PATTERNS_MAX (EPMT_SELECTION_TAGS_MAX + 4)
#define EPMT_SELECTION_VALUES_MAX (2 * EPMT_SELECTION_TAGS_MAX + 12)
#define EPMT_SELECTIONS_MAX 8

// X(name): how a job ended. ok and failed go by its exit code, signal or scheduler, where these are
// not known by those of its processes; failures: some process failed, whatever the job made of it.
#define EPMT_ENDS(X) X(any) X(ok) X(failed) X(failures) X(running) X(incomplete) X(code)

// X(name): reasons of a scheduler that say that the job failed, whatever its exit code.
#define EPMT_ENDED_BY_SCHEDULER(X) \
    X(BOOT_FAIL)                   \
    X(CANCELLED) X(DEADLINE) X(FAILED) X(NODE_FAIL) X(OUT_OF_MEMORY) X(PREEMPTED) X(TIMEOUT)
#define EPMT_SELECTION_REASON(name) ", '" #name "'"

// 1 where the job j failed, else 0.
#define EPMT_SELECTION_FAILED                                                                    \
    "(CASE WHEN j.\"exitcode\" <> 0 OR substr(j.\"reason\", 1, 6) = 'signal' OR "                \
    "j.\"reason\" IN ('killed'" EPMT_ENDED_BY_SCHEDULER(                                         \
        EPMT_SELECTION_REASON) ") "                                                              \
                               "THEN 1 WHEN j.\"exitcode\" IS NULL AND j.\"failed\" > 0 THEN 1 " \
                               "ELSE 0 END)"

// The same of a reason alone.
bool epmt_reason_is_failure(const char *reason);

enum epmt_end {
#define EPMT_END_ENUM(name) EPMT_END_##name,
    EPMT_ENDS(EPMT_END_ENUM)
#undef EPMT_END_ENUM
};

// {0} selects all jobs; texts stay the caller's, and have * for any characters and ? for one. Times
// are us since epoch, 0: not asked for.
struct epmt_selection {
    const char *user, *name, *host, *program;
    const char *tags[EPMT_SELECTION_TAGS_MAX]; // "key:value" or "key": all of them
    int tag_count;
    bool exact_tags; // and no others
    enum epmt_end end;
    int64_t exitcode;                 // of EPMT_END_code
    int64_t after, before;            // started then or later, ended before then
    int64_t running_from, running_to; // was running at some time between
    const int64_t *jobs;              // ids; NULL: any
    size_t job_count;
};

// Values of a query; start with the dialect of the database, {.dialect = ...}.
struct epmt_parameters {
    enum epmt_dialect dialect;
    struct epmt_db_value values[EPMT_SELECTIONS_MAX * EPMT_SELECTION_VALUES_MAX];
    char *patterns[EPMT_SELECTIONS_MAX * EPMT_SELECTION_PATTERNS_MAX]; // texts that belong to it
    int count, pattern_count;
    bool failed; // too many, or out of memory
};

// Adds a value; returns n of $n.
int epmt_parameters_add(struct epmt_parameters *parameters, struct epmt_db_value value);
void epmt_parameters_free(struct epmt_parameters *parameters);

// Appends that the text `expression` has the pattern, in which * stands for any characters and ?
// for one; an index on it is used. Both databases tell small letters from large ones.
void epmt_match_add(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                    const char *expression, const char *pattern);

// True where nothing was asked for.
bool epmt_selection_is_all(const struct epmt_selection *selection);

// Appends `SELECT j."id" FROM "jobs" j WHERE ...` with its parameters.
void epmt_selection_add(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                        const struct epmt_selection *selection);

// Understands a word of EPMT_ENDS (but any and code), or an exit code. Returns 0 or -1 with err
// (USAGE).
int epmt_selection_parse_end(struct epmt_selection *selection, const char *text,
                             struct epmt_error *err);

// Asks with these parameters. sql may go afterwards. Returns 0 or -1 with err (MEMORY too where
// sql or the parameters failed).
int epmt_selection_query(struct epmt_db *db, const struct epmt_strbuf *sql,
                         const struct epmt_parameters *parameters, bool header, epmt_db_row_f row,
                         void *context, struct epmt_error *err);

#endif
