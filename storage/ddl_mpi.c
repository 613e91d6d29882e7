// SPDX-License-Identifier: Apache-2.0
// The tables of MPI and counters in SQL, from their dictionaries. Where a row is of a process,
// process_id stands for its image; statistics and facts are the job's.
#include <string.h>

#include "metadata/counter_tables.h"
#include "storage/ddl.h"

static const char *const names[EPMT_MPI_TABLE_COUNT] = {
#define NAME(list, kind, name, path, title) #name,
    EPMT_FURTHER_TABLES(NAME)
#undef NAME
};

bool epmt_ddl_in_mpi_table(const struct epmt_column *column) {
    return column->scope != EPMT_SCOPE_WIRE && strcmp(column->name, "image") != 0;
}

bool epmt_ddl_is_of_job(enum epmt_row_kind kind) {
    return kind == EPMT_ROW_MPI_IMBALANCE || kind == EPMT_ROW_MPI_VARIABLE;
}

static void create_table(struct epmt_strbuf *sql, enum epmt_dialect dialect,
                         enum epmt_row_kind kind) {
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);
    const char *number = epmt_ddl_type(EPMT_TYPE_INT, dialect);
    const char *name = names[kind - EPMT_ROW_MPI_FUNCTION];

    epmt_strbuf_printf(sql, "CREATE TABLE \"%s\" (\n  \"id\" %s", name,
                       epmt_ddl_primary_key(dialect));
    if (epmt_ddl_is_of_job(kind))
        epmt_strbuf_printf(
            sql, ",\n  \"job_id\" %s NOT NULL REFERENCES \"jobs\"(\"id\") ON DELETE CASCADE",
            number);
    if (kind != EPMT_ROW_MPI_IMBALANCE)
        epmt_strbuf_printf(
            sql, ",\n  \"process_id\" %s%s REFERENCES \"processes\"(\"id\") ON DELETE CASCADE",
            number, epmt_ddl_is_of_job(kind) ? "" : " NOT NULL");
    for (int i = 0; i < dictionary->count; i++) {
        const struct epmt_column *column = &dictionary->columns[i];
        if (epmt_ddl_in_mpi_table(column))
            epmt_strbuf_printf(sql, ",\n  \"%s\" %s", column->name,
                               epmt_ddl_type(column->type, dialect));
    }
    epmt_strbuf_puts(sql, "\n);\n");
    if (epmt_ddl_is_of_job(kind))
        epmt_strbuf_printf(sql, "CREATE INDEX \"%s_job\" ON \"%s\"(\"job_id\", \"step\");\n", name,
                           name);
    if (kind != EPMT_ROW_MPI_IMBALANCE)
        epmt_strbuf_printf(sql, "CREATE INDEX \"%s_process\" ON \"%s\"(\"process_id\");\n", name,
                           name);
}

void epmt_ddl_mpi(struct epmt_strbuf *sql, enum epmt_dialect dialect) {
    for (int i = 0; i < EPMT_MPI_TABLE_COUNT; i++)
        create_table(sql, dialect, EPMT_ROW_MPI_FUNCTION + i);
}

void epmt_ddl_insert_mpi(struct epmt_strbuf *sql, enum epmt_row_kind kind) {
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);
    int parameters = 0;

    epmt_strbuf_printf(sql, "INSERT INTO \"%s\" (", names[kind - EPMT_ROW_MPI_FUNCTION]);
    if (epmt_ddl_is_of_job(kind) && ++parameters)
        epmt_strbuf_puts(sql, "\"job_id\"");
    if (kind != EPMT_ROW_MPI_IMBALANCE)
        epmt_strbuf_printf(sql, "%s\"process_id\"", parameters++ ? ", " : "");
    for (int i = 0; i < dictionary->count; i++) {
        if (epmt_ddl_in_mpi_table(&dictionary->columns[i])) {
            epmt_strbuf_printf(sql, ", \"%s\"", dictionary->columns[i].name);
            parameters++;
        }
    }
    epmt_strbuf_puts(sql, ") VALUES (");
    for (int i = 1; i <= parameters; i++)
        epmt_strbuf_printf(sql, "%s$%d", i > 1 ? ", " : "", i);
    epmt_strbuf_puts(sql, ")");
}
