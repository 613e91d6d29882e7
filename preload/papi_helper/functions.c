// SPDX-License-Identifier: Apache-2.0
// Loads PAPI, and lists what it has.
#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "common/papi_link.h"
#include "metadata/events.h"
#include "preload/papi_helper/functions.h"

#include "common/poison.h"

struct epmt_papi_functions epmt_papi_call;

int epmt_papi_load(void) {
    static const struct {
        const char *name;
        size_t offset;
    } wanted[] = {
#define WANTED(name) {"PAPI_" #name, offsetof(struct epmt_papi_functions, name)},
        EPMT_PAPI_FUNCTIONS(WANTED)
#undef WANTED
    };

    // One event set at a time may count in a thread, so that ours would be in the program's way.
    if (dlopen(EPMT_PAPI_SONAME, RTLD_NOW | RTLD_NOLOAD))
        return EPMT_REASON_PAPI_OF_PROGRAM;
    void *library = dlopen(EPMT_PAPI_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return EPMT_REASON_NO_PAPI;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *function = dlsym(library, wanted[i].name);
        if (!function)
            return EPMT_REASON_NO_PAPI;
        memcpy((char *)&epmt_papi_call + wanted[i].offset, &function, sizeof function);
    }
    return EPMT_REASON_NONE;
}

static bool is_of(const char *event, size_t len, const char *component) {
    return strlen(component) == len && !strncmp(event, component, len);
}

// Of "net:::eth0", say, the component "net"; presets, which name none, are of perf_event.
static bool needs(const char *event, const PAPI_component_info_t *component) {
    const char *end = strstr(event, ":::");

    if (!end)
        return !strcmp(component->name, "perf_event");
    size_t len = (size_t)(end - event);
    return is_of(event, len, component->name) || is_of(event, len, component->short_name);
}

void epmt_papi_disable_others(const char *const *names, unsigned count) {
    const struct epmt_papi_functions *papi = &epmt_papi_call;
    uint64_t needed = 0;
    int components = papi->num_components();

    if (components > 64)
        return;
    for (unsigned k = 0; k < count; k++) {
        uint64_t of_this = 0;
        for (int i = 0; i < components; i++) {
            const PAPI_component_info_t *component = papi->get_component_info(i);
            if (component && needs(names[k], component))
                of_this |= UINT64_C(1) << i;
        }
        if (!of_this) // PAPI may know better
            return;
        needed |= of_this;
    }
    for (int i = 0; i < components; i++) {
        if (!(needed >> i & 1))
            papi->disable_component(i);
    }
}

static void give(epmt_papi_list_f found, void *context, int code, const char *component) {
    PAPI_event_info_t info;

    memset(&info, 0, sizeof info);
    if (epmt_papi_call.get_event_info(code, &info) != PAPI_OK)
        return;
    bool preset = (code & PAPI_PRESET_MASK) != 0;
    struct epmt_papi_event event = {
        .name = info.symbol,
        .component = preset ? "preset" : component,
        .description = info.long_descr,
        .unit = info.units,
        .available = !preset || info.count,
    };
    found(context, &event);
}

// Of each component but the one whose events are the kernel's: those need no PAPI.
void epmt_papi_list(epmt_papi_list_f found, void *context) {
    const struct epmt_papi_functions *papi = &epmt_papi_call;
    int code = PAPI_PRESET_MASK;

    for (int more = papi->enum_event(&code, PAPI_ENUM_FIRST); more == PAPI_OK;
         more = papi->enum_event(&code, PAPI_ENUM_EVENTS))
        give(found, context, code, "");
    for (int i = 0; i < papi->num_components(); i++) {
        const PAPI_component_info_t *component = papi->get_component_info(i);
        if (!component || component->disabled || !strcmp(component->name, "perf_event"))
            continue;
        code = (int)PAPI_NATIVE_MASK;
        for (int more = papi->enum_cmp_event(&code, PAPI_ENUM_FIRST, i); more == PAPI_OK;
             more = papi->enum_cmp_event(&code, PAPI_ENUM_EVENTS, i))
            give(found, context, code, component->name);
    }
}
