// SPDX-License-Identifier: Apache-2.0
// The encodings that libepmt.so knows by itself are those of libpfm4. Prints how many were
// compared.
#include <perfmon/pfmlib.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <string.h>

#include "metadata/events.h"
#include "pfm_names.h"

static int compare(const char *name, int *compared) {
    static const char *const modes[] = {"", ":u", ":k", ":u:k"};
    int wrong = 0;

    for (int i = 0; i < 4; i++) {
        struct perf_event_attr attr;
        pfm_perf_encode_arg_t argument = {.attr = &attr, .size = sizeof argument};
        struct epmt_perf_event event;
        char text[128];
        memset(&attr, 0, sizeof attr);
        snprintf(text, sizeof text, "perf::%s%s", name, modes[i]);
        // One that this libpfm4 does not have cannot be compared.
        if (pfm_get_os_event_encoding(text, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT_EXT,
                                      &argument) != PFM_SUCCESS)
            continue;
        ++*compared;
        bool known = epmt_event_encode_known((struct epmt_bytes){text, strlen(text)}, &event);
        if (known && event.type == attr.type && event.config == attr.config &&
            !(event.exclude & EPMT_PERF_USER) == !attr.exclude_user &&
            !(event.exclude & EPMT_PERF_KERNEL) == !attr.exclude_kernel &&
            !(event.exclude & EPMT_PERF_HV) == !attr.exclude_hv)
            continue;
        printf("%s: type %u config %llx\n", text, attr.type, (unsigned long long)attr.config);
        wrong++;
    }
    return wrong;
}

int main(void) {
    int wrong = 0, compared = 0;

    if (pfm_initialize() != PFM_SUCCESS)
        return 2;
    for (const char *const *name = pfm_names; *name; name++)
        wrong += compare(*name, &compared);
    printf("compared %d wrong %d\n", compared, wrong);
    return wrong || compared < 100;
}
