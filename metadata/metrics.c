// SPDX-License-Identifier: Apache-2.0
#include "metadata/metrics.h"

#include <string.h>

#include "common/hash.h"
#include "common/hot.h"

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

// What a reader must know to understand the bytes of a record.
static const char schema[] =
#define TEXT_OF(name, scope, type, unit, fold, source, description) #name " " #scope " " #type ","
    EPMT_COLUMNS(TEXT_OF)
#undef TEXT_OF
    ;

uint64_t epmt_schema_hash(void) {
    static EPMT_HOT(1) uint64_t known; // the same whoever computes it, so a race is harmless
    uint64_t hash = known;

    if (hash)
        return hash;
    // Every process computes it: in words, not in bytes.
    return known = epmt_hash_finish(epmt_hash_words(EPMT_HASH_START, schema, sizeof schema));
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
