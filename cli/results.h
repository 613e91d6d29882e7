// SPDX-License-Identifier: Apache-2.0
// Results of queries as sections of the output; jobs by what people call them.
#ifndef EPMT_CLI_RESULTS_H
#define EPMT_CLI_RESULTS_H

#include "analysis/listing.h"
#include "cli/table.h"
#include "storage/query.h"

#define EPMT_JOB_KEY_MAX 24

// Finds the job that `name` means: its job id, or 4 or more letters of its uuid's beginning. Writes
// its id as text to id. Returns 0, or -1 with err (NOT_FOUND; USAGE with the candidates where
// several match).
int epmt_results_find_job(struct epmt_db *db, const char *name, char id[EPMT_JOB_KEY_MAX],
                          struct epmt_error *err);

// Finds several jobs. Writes their ids to *ids (to be freed; NULL where argc is 0). Returns 0, or
// -1 with err and *ids NULL.
int epmt_results_find_jobs(struct epmt_db *db, int argc, char *const *argv, int64_t **ids,
                           struct epmt_error *err);

// Prints what a query lists as a section; of one job where id is not NULL. `record`: the one row
// as pairs. In CSV only sections that are meant for it should be printed. Returns 0 or -1 with err.
int epmt_results_print(struct epmt_output *output, const char *section, struct epmt_db *db,
                       const struct epmt_query *query, const char *id, bool record,
                       struct epmt_error *err);

// As epmt_results_print, of one step of the job, in CSV and JSON too what is meant for people.
int epmt_results_print_step(struct epmt_output *output, const char *section, struct epmt_db *db,
                            const struct epmt_query *query, const char *id, const char *step,
                            bool record, struct epmt_error *err);

// Prints a list as the only section. Returns 0 or -1 with err.
int epmt_results_print_list(struct epmt_output *output, struct epmt_db *db,
                            const struct epmt_list_request *request, struct epmt_error *err);

#endif
