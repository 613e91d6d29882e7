// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "cli/events/events.h"

#ifdef EPMT_HAVE_PFM
#include <perfmon/pfmlib.h>
#include <perfmon/pfmlib_perf_event.h>

static int initialize(void) {
    static int status = 1;

    if (status > 0)
        status = pfm_initialize();
    return status;
}

static uint32_t excluded(const struct perf_event_attr *attr) {
    return (attr->exclude_user ? EPMT_PERF_USER : 0u) |
           (attr->exclude_kernel ? EPMT_PERF_KERNEL : 0u) | (attr->exclude_hv ? EPMT_PERF_HV : 0u);
}

enum epmt_event_reason epmt_pfm_encode(struct epmt_bytes name, struct epmt_perf_event *event) {
    struct perf_event_attr attr = {0};
    pfm_perf_encode_arg_t argument = {.attr = &attr, .size = sizeof argument};
    char text[EPMT_EVENT_NAME_MAX];

    if (epmt_event_encode_known(name, event))
        return EPMT_REASON_NONE;
    if (!epmt_fmt(text, sizeof text, "%.*s", (int)name.len, name.data))
        return EPMT_REASON_TOO_LONG;
    if (initialize() != PFM_SUCCESS)
        return EPMT_REASON_UNKNOWN;
    int status =
        pfm_get_os_event_encoding(text, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &argument);
    if (status == PFM_ERR_NOTFOUND || status == PFM_ERR_NOTSUPP)
        return EPMT_REASON_UNKNOWN;
    if (status != PFM_SUCCESS)
        return EPMT_REASON_INVALID;
    *event = (struct epmt_perf_event){
        .type = attr.type,
        .exclude = excluded(&attr),
        .config = attr.config,
        .config1 = attr.config1,
        .config2 = attr.config2,
    };
    return EPMT_REASON_NONE;
}

// An event, and with each of its masks where it has some.
static void list_event(const char *pmu, int index, epmt_pfm_list_f found, void *context) {
    pfm_event_info_t event = {.size = sizeof event};
    char name[512], description[1024];
    int masks = 0;

    if (pfm_get_event_info(index, PFM_OS_PERF_EVENT_EXT, &event) != PFM_SUCCESS)
        return;
    for (int i = 0; i < event.nattrs; i++) {
        pfm_event_attr_info_t mask = {.size = sizeof mask};
        if (pfm_get_event_attr_info(index, i, PFM_OS_PERF_EVENT_EXT, &mask) != PFM_SUCCESS ||
            mask.type != PFM_ATTR_UMASK)
            continue;
        masks++;
        snprintf(name, sizeof name, "%s::%s:%s", pmu, event.name, mask.name);
        snprintf(description, sizeof description, "%s: %s", event.desc, mask.desc);
        found(context, name, description);
    }
    snprintf(name, sizeof name, "%s::%s", pmu, event.name);
    if (!masks)
        found(context, name, event.desc);
}

void epmt_pfm_list(epmt_pfm_list_f found, void *context) {
    pfm_pmu_t pmu;

    if (initialize() != PFM_SUCCESS)
        return;
    pfm_for_all_pmus(pmu) {
        pfm_pmu_info_t info = {.size = sizeof info};
        if (pfm_get_pmu_info(pmu, &info) != PFM_SUCCESS || !info.is_present)
            continue;
        for (int i = info.first_event; i != -1; i = pfm_get_event_next(i))
            list_event(info.name, i, found, context);
    }
}

#else // libpfm4 was not there when this was built: what the kernel itself defines is left

#include "metadata/event_names.h"

enum epmt_event_reason epmt_pfm_encode(struct epmt_bytes name, struct epmt_perf_event *event) {
    return epmt_event_encode_known(name, event) ? EPMT_REASON_NONE : EPMT_REASON_UNKNOWN;
}

void epmt_pfm_list(epmt_pfm_list_f found, void *context) {
#define FOUND(name, type, config) found(context, "perf::" name, "event of the kernel");
    EPMT_EVENT_NAMES(FOUND)
#undef FOUND
}
#endif
