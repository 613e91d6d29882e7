// SPDX-License-Identifier: Apache-2.0
// The dictionary inside a job file: /columns, a row per column of each table that is there.
#include <string.h>

#include "metadata/tables.h"
#include "storage/jobfile_parts.h"

#define DESCRIBED_MAX (2 + EPMT_TABLE_COUNT + EPMT_SMALL_TABLE_COUNT)

struct column_source {
    struct epmt_layout tables[DESCRIBED_MAX];
    int count; // of them
};

static struct epmt_cell text_cell(const char *string) {
    return (struct epmt_cell){true, {.text = {string, strlen(string)}}};
}

// The member that stands in a row of /columns; *table is made the layout it is of.
static const struct epmt_member *member_of(const struct column_source *source, uint64_t row,
                                           const struct epmt_layout **table) {
    *table = source->tables;
    while (row >= (uint64_t)(*table)->value_count)
        row -= (uint64_t)(*table)++->value_count;
    return &(*table)->members[row];
}

static const char *scope_name(enum epmt_scope scope) {
    switch (scope) {
    case EPMT_SCOPE_PROCESS:
        return "process";
    case EPMT_SCOPE_THREAD:
        return "thread";
    case EPMT_SCOPE_BOTH:
        return "both";
    case EPMT_SCOPE_KEY:
        return "key";
    case EPMT_SCOPE_VALUE:
    case EPMT_SCOPE_WIRE:
        break;
    }
    return "value";
}

static const char *missing_name(const struct epmt_member *member) {
    static const char *const sentinels[] = {
        "-9223372036854775808", "18446744073709551615", "nan", "missing", "see valid", "see valid"};

    return epmt_member_is_text(member) && member->column < 0 ? "empty" : sentinels[member->kind];
}

static void column_row(void *context, uint64_t row, struct epmt_cell *cells) {
    static const char *const folds[] = {"none", "sum", "min", "max"};
    static const char *const types[] = {"int", "uint", "real", "state", "text", "list"};
    const struct epmt_layout *table;
    const struct epmt_member *member = member_of(context, row, &table);
    const struct epmt_column *column = NULL;

    if (member->column >= 0)
        column = &epmt_dictionary_of(table->kind)->columns[member->column];
    cells[0] = text_cell(table->path + 1);
    cells[1] = text_cell(member->name);
    cells[2] = (struct epmt_cell){column != NULL, {.i = member - table->members}};
    cells[3] = text_cell(types[member->kind]);
    cells[4] = text_cell(member->unit);
    cells[5] = text_cell(column ? scope_name(column->scope) : "value");
    cells[6] = text_cell(column ? folds[column->fold] : "none");
    cells[7] = text_cell(missing_name(member));
    cells[8] = text_cell(member->source);
    cells[9] = text_cell(member->description);
}

// Of the tables that are there only where they have rows those are described.
int epmt_jobfile_write_columns(const struct epmt_jobfold *fold, struct epmt_table_writer *writer,
                               struct epmt_error *err) {
    struct column_source source = {.count = 2};
    struct epmt_layout layout;
    uint64_t rows = 0;

    epmt_layout_of_rows(&source.tables[0], EPMT_ROW_PROCESS);
    epmt_layout_of_rows(&source.tables[1], EPMT_ROW_THREAD);
    for (int i = 0; i < EPMT_TABLE_COUNT; i++) {
        if (epmt_fold_mpi_count(fold, EPMT_FIRST_TABLE + i))
            epmt_layout_of_rows(&source.tables[source.count++], EPMT_FIRST_TABLE + i);
    }
    for (int i = 0; i < EPMT_SMALL_TABLE_COUNT; i++)
        epmt_layout_of_small(&source.tables[source.count++], i);
    for (int i = 0; i < source.count; i++)
        rows += (uint64_t)source.tables[i].value_count;
    epmt_layout_of_small(&layout, EPMT_TABLE_COLUMNS);
    return epmt_table_write(writer, &layout, rows, column_row, &source, err);
}
