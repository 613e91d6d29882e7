// SPDX-License-Identifier: Apache-2.0
// What libepmt-papi.so offers. It loads PAPI, which neither libepmt.so nor any program of ours is
// linked with, and counts what perf_event_open alone cannot: presets, derived events, components.
// `epmt run` preloads it beside libepmt.so where such an event is asked for; libepmt.so then finds
// the struct below by its symbol, before any constructor but its own has run.
#ifndef EPMT_COMMON_PAPI_LINK_H
#define EPMT_COMMON_PAPI_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EPMT_PAPI_LINK_SYMBOL "epmt_papi"
#define EPMT_PAPI_LINK_VERSION 2

// One event in one thread.
struct epmt_papi_count {
    uint64_t value;
    uint8_t reason; // enum epmt_event_reason; NONE: value stands
    bool user_only; // the kernel is not in it
};

// One event as it is listed; texts are the helper's.
struct epmt_papi_event {
    const char *name, *component, *description, *unit;
    bool available; // a preset that this CPU has no way to count is listed too
};
typedef void (*epmt_papi_list_f)(void *context, const struct epmt_papi_event *event);

struct epmt_papi_link {
    unsigned version;
    // Before begin: no events but these will be asked for. Without it, all that PAPI has.
    void (*choose)(const char *const *names, unsigned count);
    // Loads and initializes PAPI, once. Returns a reason, NONE for success.
    int (*begin)(void);
    // Starts events in the calling thread; those that cannot be started get their reason. main: it
    // is the main thread, which counts for the node too. Returns a handle, or NULL.
    void *(*start)(const char *const *names, unsigned count, bool main,
                   struct epmt_papi_count *counts);
    // Reads them, from whichever thread.
    void (*read)(void *handle, struct epmt_papi_count *counts);
    // Ends them, in the thread that started them.
    void (*stop)(void *handle);
    // In a child of fork: everything is to be begun anew. Returns as begin.
    int (*forked)(void);
    void (*unit)(const char *name, char *unit, size_t cap); // "" where PAPI says none
    void (*list)(epmt_papi_list_f found, void *context);
    // To be set by libepmt.so: called by the helper's constructor, when the C library and PAPI can
    // be used.
    void (*ready)(void);
};

#endif
