// SPDX-License-Identifier: Apache-2.0
// epmt schema: the statements that make the database, for those who must read or run them.
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/table.h"
#include "storage/db_url.h"
#include "storage/ddl_tables.h"

static bool tables_only;
static enum epmt_format format;

static const struct epmt_option options[] = {
    {'t', "tables", NULL, "list the tables and their columns, with what they mean"},
    {0, "format", "FORMAT", "of the tables: table (for people), json or csv"},
    {0},
};

static int option(struct epmt_cli *cli, const struct epmt_option *row, const char *argument,
                  struct epmt_error *err) {
    (void)cli;
    if (row->letter != 't')
        return epmt_format_parse(argument, &format, err);
    tables_only = true;
    return 0;
}

// That of the argument, else that of the database which is set.
static int find_dialect(struct epmt_cli *cli, int argc, char **argv, enum epmt_dialect *dialect,
                        struct epmt_error *err) {
    if (argc > 1)
        return epmt_errf(err, EPMT_ERR_USAGE, "give one kind of database: sqlite or postgresql");
    if (!argc) {
        *dialect = epmt_db_place_dialect(cli->settings.db_url, cli->envp);
        return 0;
    }
    for (int i = EPMT_DIALECT_SQLITE; i <= EPMT_DIALECT_POSTGRESQL; i++) {
        *dialect = i;
        if (!strcmp(argv[0], epmt_dialect_name(i)))
            return 0;
    }
    return epmt_errf(err, EPMT_ERR_USAGE, "%s is no kind of database: sqlite or postgresql",
                     argv[0]);
}

static void print_tables(enum epmt_dialect dialect) {
    struct epmt_ddl_column columns[EPMT_DDL_COLUMNS_MAX] = {0};

    for (int table = 0; table < EPMT_DDL_TABLE_COUNT; table++) {
        int count = epmt_ddl_columns(table, dialect, columns);
        printf("%sTABLE %s: %s\n", table ? "\n" : "", epmt_ddl_table_name(table),
               epmt_ddl_table_comment(table));
        for (int i = 0; i < count; i++) {
            // The type alone, without what constrains it.
            int len = (int)strcspn(columns[i].type, " ");
            printf("    %-22s %-8.*s %s\n", columns[i].name, len, columns[i].type,
                   columns[i].comment);
        }
    }
}

// The unit stands in brackets at the end of what a column means.
static size_t meaning_len(const char *comment, struct epmt_db_value *unit) {
    const char *bracket = strrchr(comment, '[');
    size_t len = strlen(comment);

    unit->kind = EPMT_DB_NULL;
    if (!bracket || bracket == comment || comment[len - 1] != ']')
        return len;
    *unit = epmt_db_text(bracket + 1, strlen(bracket) - 2);
    return (size_t)(bracket - 1 - comment);
}

static int list_tables(enum epmt_dialect dialect, struct epmt_error *err) {
    static const struct epmt_table_column names[] = {{.name = "table"},
                                                     {.name = "column"},
                                                     {.name = "type"},
                                                     {.name = "unit"},
                                                     {.name = "meaning"}};
    struct epmt_ddl_column columns[EPMT_DDL_COLUMNS_MAX] = {0};
    struct epmt_output output;

    epmt_output_begin(&output, stdout, format);
    epmt_output_rows(&output, NULL, names, 5);
    for (int table = 0; table < EPMT_DDL_TABLE_COUNT; table++) {
        const char *name = epmt_ddl_table_name(table);
        int count = epmt_ddl_columns(table, dialect, columns);
        for (int i = 0; i < count; i++) {
            const struct epmt_ddl_column *column = &columns[i];
            struct epmt_db_value values[] = {epmt_db_text(name, strlen(name)),
                                             epmt_db_text(column->name, strlen(column->name)),
                                             epmt_db_text(column->type, strcspn(column->type, " ")),
                                             {0},
                                             {0}};
            values[4] = epmt_db_text(column->comment, meaning_len(column->comment, &values[3]));
            epmt_output_row(&output, values);
        }
    }
    return epmt_output_end(&output, err);
}

static int run(struct epmt_cli *cli, int argc, char **argv, struct epmt_error *err) {
    enum epmt_dialect dialect = EPMT_DIALECT_SQLITE;
    struct epmt_strbuf sql = {0};

    if (find_dialect(cli, argc, argv, &dialect, err))
        return err->code;
    if (format != EPMT_FORMAT_TABLE) {
        if (tables_only)
            return list_tables(dialect, err) ? (int)err->code : EPMT_ERR_OK;
        epmt_errf(err, EPMT_ERR_USAGE, "--format is of the tables: give --tables");
        return err->code;
    }
    if (tables_only) {
        print_tables(dialect);
        return EPMT_ERR_OK;
    }
    epmt_ddl_create(&sql, dialect);
    int status = sql.failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : 0;
    if (!status)
        fputs(sql.data, stdout);
    epmt_strbuf_free(&sql);
    return status ? (int)err->code : EPMT_ERR_OK;
}

const struct epmt_command epmt_command_schema = {
    .name = "schema",
    .group = EPMT_GROUP_ADMIN,
    .arguments = "[sqlite|postgresql]",
    .summary = "Print the statements that make the database, or its tables and columns.",
    .examples = "epmt schema postgresql         # statements\n"
                "epmt schema --tables           # what the columns mean\n"
                "epmt schema --tables --format json   # with their units, for programs\n",
    .options = options,
    .option = option,
    .run = run,
};
