// SPDX-License-Identifier: Apache-2.0
// Inside of the counters, for preload/counters*.c alone.
#ifndef EPMT_PRELOAD_COUNTERS_PRIV_H
#define EPMT_PRELOAD_COUNTERS_PRIV_H

#include "common/guard.h"
#include "common/papi_link.h"
#include "metadata/events.h"

// Most bytes of a sentence of EPMT_EVENT_REASONS.
#define EPMT_REASON_LEN_MAX 160

// An event that is asked for.
struct epmt_counted {
    struct epmt_bytes name; // ended by NUL
    struct epmt_perf_event perf;
    bool papi;
    uint8_t reason;     // why it is counted in no thread; NONE: it is tried in each
    uint8_t papi_index; // among those of PAPI
    char unit[16];      // of PAPI
};

// It in one thread.
struct epmt_counter {
    struct epmt_perf_counter perf;
    uint8_t reason;
    bool is_ours; // when it was last read
};

struct epmt_thread_counters {
    struct epmt_thread_counters *next, *next_unused;
    bool used;
    void *papi;
    uint64_t papi_start_ns;
    struct epmt_counter counters[];
};

struct epmt_counters {
    struct epmt_lock lock;               // of the lists
    struct epmt_thread_counters *blocks; // all that were ever in use
    struct epmt_thread_counters *unused;
    char *piece; // what is left of the last piece of memory for names and blocks
    size_t piece_left;
    struct epmt_lock papi_lock;  // of descriptors that PAPI opens and closes
    struct epmt_papi_link *papi; // NULL: not there
    bool papi_is_ready;
    uint8_t papi_count;
    unsigned count;
    int least_fd, last_fd;
    struct epmt_counted events[EPMT_EVENTS_MAX];
    const char *papi_names[EPMT_EVENTS_MAX];
};

// Finds the encodings of those that are not PAPI's, or the reason why there is none.
void epmt_counters_encode(struct epmt_counters *all);

// Finds libepmt-papi.so where it is preloaded; it will call epmt_counters_papi_ready.
void epmt_counters_link_papi(struct epmt_counters *all);
void epmt_counters_papi_ready(void);

void epmt_counters_set_excluded(struct epmt_record *row, const struct epmt_perf_event *event,
                                uint32_t exclude);
void epmt_counters_set_reason(struct epmt_record *row, enum epmt_event_reason reason);

#endif
