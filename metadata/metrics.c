// SPDX-License-Identifier: Apache-2.0
#include "metadata/metrics.h"

#include <string.h>

#include "common/hash.h"

#include "common/poison.h"

const struct epmt_column epmt_columns[EPMT_COLUMN_COUNT] = {
#define COLUMN(name, scope, type, unit, fold, source, description) \
    {#name, EPMT_SCOPE_##scope, EPMT_TYPE_##type, unit, EPMT_FOLD_##fold, source, description},
    EPMT_COLUMNS(COLUMN)
#undef COLUMN
};

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

uint64_t epmt_schema_hash(void) {
    static uint64_t known; // the same whoever computes it, so a race is harmless
    uint64_t hash = known;

    if (hash)
        return hash;
    hash = EPMT_HASH_START;
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        const struct epmt_column *column = &epmt_columns[i];
        hash = epmt_hash_bytes(hash, column->name, strlen(column->name) + 1);
        hash = epmt_hash_u64(hash, (uint64_t)column->scope << 8 | (uint64_t)column->type);
    }
    return known = epmt_hash_finish(hash);
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
