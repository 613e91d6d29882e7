// SPDX-License-Identifier: Apache-2.0
#include "metadata/dictionary.h"

#include "common/hash.h"
#include "common/hot.h"
#include "metadata/metrics.h"
#include "metadata/tables.h"

#include "common/poison.h"

#define COLUMN(name, scope, type, unit, fold, source, description) \
    {#name, EPMT_SCOPE_##scope, EPMT_TYPE_##type, unit, EPMT_FOLD_##fold, source, description},

const struct epmt_column epmt_columns[EPMT_COLUMN_COUNT] = {EPMT_COLUMNS(COLUMN)};

#define TYPE_OF(name, scope, type, unit, fold, source, description) EPMT_TYPE_##type,

static const uint8_t row_types[EPMT_COLUMN_COUNT] = {EPMT_COLUMNS(TYPE_OF)};

#define TABLE(LIST, kind, name, path, title)                           \
    static const struct epmt_column name##_columns[] = {LIST(COLUMN)}; \
    static const uint8_t name##_types[] = {LIST(TYPE_OF)};
EPMT_FURTHER_TABLES(TABLE)
#undef TABLE

const struct epmt_dictionary *epmt_dictionary_of(enum epmt_row_kind kind) {
    static const struct epmt_dictionary rows = {epmt_columns, row_types, EPMT_COLUMN_COUNT};
    static const struct epmt_dictionary tables[EPMT_TABLE_COUNT] = {
#define TABLE(LIST, kind, name, path, title) \
    [EPMT_ROW_##kind - EPMT_ROW_MPI_FUNCTION] = {name##_columns, name##_types, sizeof name##_types},
        EPMT_FURTHER_TABLES(TABLE)
#undef TABLE
    };

    if (kind == EPMT_ROW_PROCESS || kind == EPMT_ROW_THREAD || kind == EPMT_ROW_WAITED)
        return &rows;
    if (kind < EPMT_ROW_MPI_FUNCTION || kind >= EPMT_FIRST_TABLE + EPMT_TABLE_COUNT)
        return NULL;
    return &tables[kind - EPMT_ROW_MPI_FUNCTION];
}

bool epmt_column_stored(const struct epmt_column *column, enum epmt_row_kind kind) {
    if (kind == EPMT_ROW_PROCESS)
        return epmt_column_in_process(column);
    if (kind == EPMT_ROW_THREAD)
        return epmt_column_in_thread(column);
    return column->scope != EPMT_SCOPE_WIRE;
}

// What a reader must know to understand the bytes of a row.
static const char schema[] =
#define TEXT_OF(name, scope, type, unit, fold, source, description) #name " " #scope " " #type ","
#define TABLE(LIST, kind, name, path, title) "; " LIST(TEXT_OF)
    EPMT_COLUMNS(TEXT_OF) EPMT_FURTHER_TABLES(TABLE)
#undef TABLE
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
