// SPDX-License-Identifier: Apache-2.0
// Every identifier is quoted: "end" and "user" are words of SQL.
#include "storage/ddl.h"

#include <inttypes.h>
#include <string.h>

#include "storage/ddl_tables.h"

const struct epmt_job_column epmt_job_columns[EPMT_JOB_COLUMN_COUNT] = {
#define COLUMN(name, type, from, description) \
    {#name, EPMT_TYPE_##type, EPMT_JOB_COLUMN_##from, description},
    EPMT_JOB_COLUMNS(COLUMN)
#undef COLUMN
};

const char *epmt_dialect_name(enum epmt_dialect dialect) {
    return dialect == EPMT_DIALECT_SQLITE ? "sqlite" : "postgresql";
}

enum epmt_fold epmt_job_fold(int column) {
    if (epmt_columns[column].fold == EPMT_FOLD_SUM)
        return EPMT_FOLD_SUM;
    switch (column) {
#define SUM_CASE(name, how) \
    case EPMT_COL_##name:   \
        return EPMT_FOLD_##how;
        EPMT_JOB_SUMS(SUM_CASE)
#undef SUM_CASE
    default:
        return EPMT_FOLD_NONE;
    }
}

// What people filter by, and what points to other tables.
static const char *const indexes[][2] = {
    {"jobs_jobid", "\"jobs\"(\"jobid\")"},
    {"model_jobs_uuid", "\"model_jobs\"(\"uuid\")"},
    {"jobs_user_start", "\"jobs\"(\"user\", \"start\")"},
    {"jobs_start", "\"jobs\"(\"start\")"},
    {"job_tags_key", "\"job_tags\"(\"key\", \"value\")"},
    {"processes_job_rank", "\"processes\"(\"job_id\", \"mpirank\")"},
    // Of ranks alone, so that they are found also beside a job of a million others.
    {"processes_job_step", "\"processes\"(\"job_id\", \"step\") WHERE \"step\" IS NOT NULL"},
    // With the job, so that whether a job ran a program, or on a host, is one look.
    {"processes_exename_job", "\"processes\"(\"exename\", \"job_id\")"},
    {"processes_hostname_job", "\"processes\"(\"hostname\", \"job_id\")"},
    {"processes_parent", "\"processes\"(\"parent_id\")"},
    {"process_tags_key", "\"process_tags\"(\"key\", \"value\")"},
    {"threads_process", "\"threads\"(\"process_id\")"},
};

void epmt_ddl_indexes(struct epmt_strbuf *sql) {
    static const char create[] = "CREATE INDEX IF NOT EXISTS";

    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++)
        epmt_strbuf_printf(sql, "%s \"%s\" ON %s;\n", create, indexes[i][0], indexes[i][1]);
    for (int table = EPMT_TABLE_ROWS; table < EPMT_DDL_TABLE_COUNT; table++) {
        enum epmt_row_kind kind = epmt_ddl_table_kind(table);
        const char *name = epmt_ddl_table_name(table);
        if (epmt_ddl_of_job(kind))
            epmt_strbuf_printf(sql, "%s \"%s_job\" ON \"%s\"(\"job_id\"%s);\n", create, name, name,
                               epmt_ddl_has_step(kind) ? ", \"step\"" : "");
        if (epmt_ddl_image(kind) >= 0)
            epmt_strbuf_printf(sql, "%s \"%s_process\" ON \"%s\"(\"process_id\");\n", create, name,
                               name);
    }
}

static void add_literal(struct epmt_strbuf *sql, const char *text) {
    epmt_strbuf_puts(sql, "'");
    for (; *text; text++) {
        epmt_strbuf_add(sql, text, 1);
        if (*text == '\'')
            epmt_strbuf_puts(sql, "'");
    }
    epmt_strbuf_puts(sql, "'");
}

void epmt_ddl_comments(struct epmt_strbuf *sql, enum epmt_dialect dialect) {
    struct epmt_ddl_column columns[EPMT_DDL_COLUMNS_MAX];

    if (dialect != EPMT_DIALECT_POSTGRESQL)
        return;
    for (int table = 0; table < EPMT_DDL_TABLE_COUNT; table++) {
        const char *name = epmt_ddl_table_name(table);
        int count = epmt_ddl_columns(table, dialect, columns);
        epmt_strbuf_printf(sql, "COMMENT ON TABLE \"%s\" IS ", name);
        add_literal(sql, epmt_ddl_table_comment(table));
        epmt_strbuf_puts(sql, ";\n");
        for (int i = 0; i < count; i++) {
            epmt_strbuf_printf(sql, "COMMENT ON COLUMN \"%s\".\"%s\" IS ", name, columns[i].name);
            add_literal(sql, columns[i].comment);
            epmt_strbuf_puts(sql, ";\n");
        }
    }
}

void epmt_ddl_identity(struct epmt_strbuf *sql, enum epmt_dialect dialect) {
    epmt_strbuf_printf(sql,
                       "DELETE FROM \"epmt_schema\";\n"
                       "INSERT INTO \"epmt_schema\" VALUES ('version', '%d');\n"
                       "INSERT INTO \"epmt_schema\" VALUES ('dictionary', '%016" PRIx64 "');\n"
                       "INSERT INTO \"epmt_schema\" VALUES ('views', '%016" PRIx64 "');\n"
                       "INSERT INTO \"epmt_schema\" VALUES ('creator', 'epmt " EPMT_VERSION "');\n",
                       EPMT_DB_VERSION, epmt_schema_hash(), epmt_ddl_views_hash(dialect));
}

void epmt_ddl_create(struct epmt_strbuf *sql, enum epmt_dialect dialect) {
    for (int table = 0; table < EPMT_DDL_TABLE_COUNT; table++)
        epmt_ddl_table(sql, table, dialect);
    epmt_ddl_indexes(sql);
    epmt_ddl_views(sql, dialect);
    epmt_ddl_comments(sql, dialect);
    epmt_ddl_identity(sql, dialect);
}

void epmt_ddl_drop(struct epmt_strbuf *sql) {
    epmt_ddl_drop_views(sql);
    for (int table = EPMT_DDL_TABLE_COUNT - 1; table >= 0; table--)
        epmt_strbuf_printf(sql, "DROP TABLE IF EXISTS \"%s\";\n", epmt_ddl_table_name(table));
}

static void set_columns(struct epmt_strbuf *sql, int first, const char *comma, int parameter) {
    for (int i = first; i < EPMT_JOB_COLUMN_COUNT; i++) {
        epmt_strbuf_printf(sql, "%s \"%s\" = $%d", comma, epmt_job_columns[i].name, parameter++);
        comma = ",";
    }
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        if (epmt_job_fold(i) != EPMT_FOLD_NONE)
            epmt_strbuf_printf(sql, ", \"%s\" = $%d", epmt_columns[i].name, parameter++);
    }
    epmt_strbuf_puts(sql, " WHERE \"id\" = $1");
}

void epmt_ddl_update_job(struct epmt_strbuf *sql) {
    epmt_strbuf_puts(sql, "UPDATE \"jobs\" SET \"digest\" = $2");
    set_columns(sql, 0, ",", 3);
}

void epmt_ddl_update_counted(struct epmt_strbuf *sql) {
    epmt_strbuf_puts(sql, "UPDATE \"jobs\" SET");
    set_columns(sql, EPMT_JOB_COL_duration, "", 2);
}
