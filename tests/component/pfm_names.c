// SPDX-License-Identifier: Apache-2.0
#include "pfm_names.h"

#include <stddef.h>
#include <stdint.h>

#include "metadata/event_names.h"

const char *const pfm_names[] = {
#define NAME(name, type, config) name,
    EPMT_EVENT_NAMES(NAME)
#undef NAME
        NULL};
