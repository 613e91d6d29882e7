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
