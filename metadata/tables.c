// SPDX-License-Identifier: Apache-2.0
#include "metadata/tables.h"

#include <string.h>

#include "common/poison.h"

static const struct {
    char path[24], title[64];
} tables[] = {
#define TABLE(list, kind, name, path, title) {path, title},
    EPMT_FURTHER_TABLES(TABLE)
#undef TABLE
};

_Static_assert(sizeof tables / sizeof *tables == EPMT_TABLE_COUNT, "the count is the lists'");

const char *epmt_table_path(enum epmt_row_kind kind) {
    return tables[kind - EPMT_FIRST_TABLE].path;
}

const char *epmt_table_title(enum epmt_row_kind kind) {
    return tables[kind - EPMT_FIRST_TABLE].title;
}

bool epmt_table_is_of_process(enum epmt_row_kind kind) {
    const struct epmt_column *first = &epmt_dictionary_of(kind)->columns[0];

    return first->scope == EPMT_SCOPE_KEY && !strcmp(first->name, "image");
}

bool epmt_table_is_of_mpi(enum epmt_row_kind kind) {
    return !strncmp(epmt_table_path(kind), "/mpi/", 5);
}
