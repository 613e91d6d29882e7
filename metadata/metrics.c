// SPDX-License-Identifier: Apache-2.0
#include "metadata/metrics.h"

#include <string.h>

#include "common/poison.h"

bool epmt_column_in_process(const struct epmt_column *column) {
    return (column->scope & EPMT_SCOPE_PROCESS) || column->fold != EPMT_FOLD_NONE;
}

bool epmt_column_in_thread(const struct epmt_column *column) {
    return (column->scope & EPMT_SCOPE_THREAD) != 0;
}

int epmt_column_find(const char *name) {
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        if (!strcmp(epmt_columns[i].name, name))
            return i;
    }
    return -1;
}

const char *epmt_state_name(int64_t state) {
    switch (state) {
#define NAME(name, number, description) \
    case number:                        \
        return #name;
        EPMT_STATES(NAME)
#undef NAME
    default:
        return "unknown";
    }
}
