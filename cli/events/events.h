// SPDX-License-Identifier: Apache-2.0
// Inside of epmt-events, the program that knows libpfm4 and PAPI: neither is loaded into the epmt
// command or into a measured process. What it prints is for `epmt` to read: fields that tabulators
// separate.
#ifndef EPMT_CLI_EVENTS_EVENTS_H
#define EPMT_CLI_EVENTS_EVENTS_H

#include "common/papi_link.h"
#include "metadata/events.h"

// Finds the encoding of an event that is not PAPI's. Returns the reason where there is none.
enum epmt_event_reason epmt_pfm_encode(struct epmt_bytes name, struct epmt_perf_event *event);

// Calls found for each event that libpfm4 knows here, with its name and description.
typedef void (*epmt_pfm_list_f)(void *context, const char *name, const char *description);
void epmt_pfm_list(epmt_pfm_list_f found, void *context);

// PAPI by libepmt-papi.so, begun; or NULL with *reason.
struct epmt_papi_link *epmt_events_papi(enum epmt_event_reason *reason);

// Print all events whose name, source or description matches, or what a measurement of each gives.
int epmt_events_list(const char *pattern);
int epmt_events_test(const char *names, bool measure);

#endif
