// SPDX-License-Identifier: Apache-2.0
// The events that are to be counted, and what epmt-events says of them. That program knows libpfm4
// and PAPI; epmt does not load them.
#ifndef EPMT_CLI_EVENTS_ASK_H
#define EPMT_CLI_EVENTS_ASK_H

#include "cli/cmd.h"
#include "metadata/events.h"
#include "storage/strbuf.h"

// Appends the events that the settings ask for on this host: `events`, then those of the first
// pattern of `events_byhost` that matches its name, then of `events_bycpu`, each once, separated by
// commas.
void epmt_events_wanted(const struct epmt_cli *cli, struct epmt_strbuf *list);

// Whether one of them is PAPI's.
bool epmt_events_need_papi(const char *list);

// Runs `epmt-events VERB ARGUMENT` and appends what it prints. Returns 0 or -1 with err.
int epmt_events_ask(const struct epmt_cli *cli, const char *verb, const char *argument,
                    struct epmt_strbuf *answer, struct epmt_error *err);

// Splits a line of its answer at the tabulators, in place. Returns the number of fields.
int epmt_events_fields(char *line, char **fields, int max);

// Calls problem for each event of the list that cannot be counted here, with the reason and what to
// do. `epmt run -v` and `epmt check` say it in a line each. Returns how many, or -1 with err.
typedef void (*epmt_events_problem_f)(void *context, const char *event, const char *reason);
int epmt_events_check(const struct epmt_cli *cli, const char *list, epmt_events_problem_f problem,
                      void *context, struct epmt_error *err);

#endif
