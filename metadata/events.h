// SPDX-License-Identifier: Apache-2.0
// Events by name: the list that people give (EPMT_EVENTS), how each is counted, and the text by
// which `epmt run` hands the encodings of libpfm4 to the measured processes, which then need none.
#ifndef EPMT_METADATA_EVENTS_H
#define EPMT_METADATA_EVENTS_H

#include "common/fmt.h"
#include "common/perf.h"
#include "metadata/record.h"

#define EPMT_EVENTS_MAX 32
#define EPMT_EVENT_NAME_MAX 128 // the NUL included
#define EPMT_EVENTS_ENCODED "EPMT_EVENTS_ENCODED"
#define EPMT_EVENTS_SUFFIX ".events" // of the file of encodings in a job directory: .<host>.events

// Why an event is not counted. X(name, sentence): what is so, and what to do.
// clang-format off
#define EPMT_EVENT_REASONS(X) \
    X(NONE, "") \
    X(UNKNOWN, "unknown event; `epmt events` lists those that are known here") \
    X(NOT_ENCODED, "its encoding is not known here; start the program by `epmt run` or `epmt source`") \
    X(TOO_MANY_NAMES, "more than 32 events; ask for less of them") \
    X(TOO_LONG, "the name is too long") \
    X(NOT_PERMITTED, "not permitted by perf_event_paranoid; ask the administrator for a lower level, or for CAP_PERFMON") \
    X(KERNEL_ONLY, "it happens in the kernel, which perf_event_paranoid hides; use vol_ctxsw, invol_ctxsw, minflt and majflt, or ask for level 1 or less") \
    X(NOT_HERE, "the CPU does not offer it here, as in most virtual machines; run on the hardware, or choose a software event") \
    X(INVALID, "the kernel refuses its encoding; look at its attributes in `epmt events`") \
    X(NO_DESCRIPTOR, "no descriptor left for it; raise `ulimit -n`") \
    X(NO_SYSCALL, "the kernel or a sandbox forbids perf_event_open; allow it there") \
    X(BUSY, "the counters of the CPU are taken; ask for fewer events at once") \
    X(NEVER_RAN, "it never got a counter of the CPU; ask for fewer events at once") \
    X(CLOSED, "the program closed its descriptor") \
    X(NOT_BEGUN, "the process ended before the thread had begun to count") \
    X(FAILED, "the kernel could not count it") \
    X(NO_MEMORY, "no memory for counters") \
    X(NO_PAPI, "PAPI is not there; install it, or choose an event of `epmt events perf`") \
    X(PAPI_NOT_LOADED, "PAPI is loaded by `epmt run` and `epmt source` only; start the program by one of them") \
    X(PAPI_OF_PROGRAM, "the program uses PAPI itself, which is left to it") \
    X(PAPI_LATE, "the thread began before PAPI did") \
    X(PAPI_FAILED, "PAPI could not count it; `epmt events --test` says more") \
    X(NOT_PER_THREAD, "it counts the node, not a thread: it stands in the main thread's row")
// clang-format on

enum epmt_event_reason {
#define EPMT_EVENT_REASON_ENUM(name, sentence) EPMT_REASON_##name,
    EPMT_EVENT_REASONS(EPMT_EVENT_REASON_ENUM)
#undef EPMT_EVENT_REASON_ENUM
};

const char *epmt_event_reason_text(enum epmt_event_reason reason);

// The reason of a failed perf_event_open (error: -errno).
enum epmt_event_reason epmt_event_reason_of(const struct epmt_perf_event *event, int error);

// The next name in a list that commas or blanks separate. The words that PAPIEX_OPTIONS had beside
// events (COLLATED_TSV, DEBUG, ...) are passed over. Returns false at the end.
bool epmt_events_next(const char **list, struct epmt_bytes *name);

// True where the name is in the list.
bool epmt_events_has(const char *list, struct epmt_bytes name);

// True for what PAPI counts: presets (PAPI_...) and events of components (rapl:::...).
bool epmt_event_is_papi(struct epmt_bytes name);

// The encoding of an event of the kernel itself, which is the same everywhere: PERF_COUNT_SW_...,
// perf::TASK-CLOCK, cycles:u. Returns false for any other.
bool epmt_event_encode_known(struct epmt_bytes name, struct epmt_perf_event *event);

// The text of encodings: what is appended for one event, and one found again. A reason other than
// NONE stands for an event that has no encoding.
void epmt_event_put_encoded(struct epmt_text_buffer *text, struct epmt_bytes name,
                            const struct epmt_perf_event *event, enum epmt_event_reason reason);
bool epmt_event_find_encoded(const char *text, struct epmt_bytes name,
                             struct epmt_perf_event *event, enum epmt_event_reason *reason);

// "ns" or "count".
const char *epmt_event_unit(const struct epmt_perf_event *event);

#endif
