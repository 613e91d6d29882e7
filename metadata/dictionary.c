// SPDX-License-Identifier: Apache-2.0
#include "metadata/dictionary.h"

#include <string.h>

#include "common/hash.h"
#include "metadata/metrics.h"
#include "metadata/mpi_tables.h"

#include "common/poison.h"

#define COLUMN(name, scope, type, unit, fold, source, description) \
    {#name, EPMT_SCOPE_##scope, EPMT_TYPE_##type, unit, EPMT_FOLD_##fold, source, description},

const struct epmt_column epmt_columns[EPMT_COLUMN_COUNT] = {EPMT_COLUMNS(COLUMN)};

#define TABLE(LIST, kind, name, title) \
    static const struct epmt_column name##_columns[] = {LIST(COLUMN)};
EPMT_MPI_TABLES(TABLE)
#undef TABLE

const struct epmt_dictionary *epmt_dictionary_of(enum epmt_row_kind kind) {
    static const struct epmt_dictionary rows = {epmt_columns, EPMT_COLUMN_COUNT};
    static const struct epmt_dictionary tables[EPMT_MPI_TABLE_COUNT] = {
#define TABLE(LIST, kind, name, title) \
    [EPMT_ROW_##kind -                 \
        EPMT_ROW_MPI_FUNCTION] = {name##_columns, sizeof name##_columns / sizeof *name##_columns},
        EPMT_MPI_TABLES(TABLE)
#undef TABLE
    };

    if (kind == EPMT_ROW_PROCESS || kind == EPMT_ROW_THREAD)
        return &rows;
    if (kind < EPMT_ROW_MPI_FUNCTION || kind >= EPMT_ROW_MPI_FUNCTION + EPMT_MPI_TABLE_COUNT)
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

static uint64_t hash_columns(uint64_t hash, const struct epmt_dictionary *dictionary) {
    for (int i = 0; i < dictionary->count; i++) {
        const struct epmt_column *column = &dictionary->columns[i];
        hash = epmt_hash_bytes(hash, column->name, strlen(column->name) + 1);
        hash = epmt_hash_u64(hash, (uint64_t)column->scope << 8 | (uint64_t)column->type);
    }
    return hash;
}

uint64_t epmt_schema_hash(void) {
    static uint64_t known; // the same whoever computes it, so a race is harmless
    uint64_t hash = known;

    if (hash)
        return hash;
    hash = hash_columns(EPMT_HASH_START, epmt_dictionary_of(EPMT_ROW_PROCESS));
    for (int i = 0; i < EPMT_MPI_TABLE_COUNT; i++)
        hash = hash_columns(hash, epmt_dictionary_of(EPMT_ROW_MPI_FUNCTION + i));
    return known = epmt_hash_finish(hash);
}
