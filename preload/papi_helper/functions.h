// SPDX-License-Identifier: Apache-2.0
// The functions of PAPI that are called, loaded by name: whether a program uses PAPI itself can be
// seen only as long as nobody has loaded it for us.
#ifndef EPMT_PRELOAD_PAPI_HELPER_FUNCTIONS_H
#define EPMT_PRELOAD_PAPI_HELPER_FUNCTIONS_H

#include <papi.h>

// X(name): PAPI_<name>
#define EPMT_PAPI_FUNCTIONS(X)   \
    X(add_event)                 \
    X(assign_eventset_component) \
    X(attach)                    \
    X(cleanup_eventset)          \
    X(create_eventset)           \
    X(destroy_eventset)          \
    X(disable_component)         \
    X(enum_cmp_event)            \
    X(enum_event)                \
    X(event_name_to_code)        \
    X(get_component_info)        \
    X(get_event_component)       \
    X(get_event_info)            \
    X(library_init)              \
    X(num_components)            \
    X(read)                      \
    X(register_thread)           \
    X(set_cmp_domain)            \
    X(start)                     \
    X(stop)                      \
    X(thread_init)               \
    X(unregister_thread)

struct epmt_papi_functions {
#define EPMT_PAPI_FIELD(name) __typeof__(&PAPI_##name) name;
    EPMT_PAPI_FUNCTIONS(EPMT_PAPI_FIELD)
#undef EPMT_PAPI_FIELD
};

extern struct epmt_papi_functions epmt_papi_call;

// Loads PAPI and fills in the functions. Returns a reason (enum epmt_event_reason).
int epmt_papi_load(void);

// Before PAPI is initialized: disables the components that none of these events needs.
void epmt_papi_disable_others(const char *const *names, unsigned count);

// Lists presets and events of components; part of the link.
void epmt_papi_list(void (*found)(void *context, const struct epmt_papi_event *event),
                    void *context);

#endif
