// SPDX-License-Identifier: Apache-2.0
// All that the database holds of one job, the same whatever database that is: numbers of rows are
// counted within the job, texts are compared byte by byte.
#include <string.h>

#include "storage/db_backend.h"
#include "storage/query.h"

// The process before the job's first one: processes are numbered from 1 on.
#define BEFORE_FIRST "(SELECT min(\"id\") - 1 FROM \"processes\" WHERE \"job_id\" = $1)"

static const char *const orders[EPMT_DDL_TABLE_COUNT] = {
    [EPMT_TABLE_JOB_ATTRIBUTES] = "t.\"scope\", t.\"key\"",
    [EPMT_TABLE_JOB_TAGS] = "t.\"key\"",
    [EPMT_TABLE_STEPS] = "t.\"step\"",
    [EPMT_TABLE_PROCESS_TAGS] = "t.\"process_id\", t.\"key\"",
    [EPMT_TABLE_THREADS] = "t.\"process_id\", t.\"id\"",
};

// A column that is of this database alone: a key, or when the job was put in.
static bool is_of_database(const char *name) {
    return !strcmp(name, "id") || !strcmp(name, "job_id") || !strcmp(name, "submitted_at");
}

static bool has_column(const struct epmt_ddl_column *columns, int count, const char *name) {
    for (int i = 0; i < count; i++) {
        if (!strcmp(columns[i].name, name))
            return true;
    }
    return false;
}

static void add_column(struct epmt_strbuf *sql, const char *name) {
    if (!strcmp(name, "process_id"))
        epmt_strbuf_puts(sql, ", t.\"process_id\" - " BEFORE_FIRST " AS \"process\"");
    else if (!strcmp(name, "parent_id"))
        epmt_strbuf_puts(sql, ", t.\"parent_id\" - " BEFORE_FIRST " AS \"parent\"");
    else if (!is_of_database(name))
        epmt_strbuf_printf(sql, ", t.\"%s\"", name);
}

static void make(struct epmt_strbuf *sql, int table) {
    struct epmt_ddl_column columns[EPMT_DDL_COLUMNS_MAX];
    int count = epmt_ddl_columns(table, EPMT_DIALECT_SQLITE, columns);
    bool of_job = has_column(columns, count, "job_id");
    size_t start;

    epmt_strbuf_puts(sql, "SELECT ");
    start = sql->len;
    if (table == EPMT_TABLE_PROCESSES)
        epmt_strbuf_puts(sql, ", t.\"id\" - " BEFORE_FIRST " AS \"process\"");
    for (int i = 0; i < count; i++)
        add_column(sql, columns[i].name);
    if (!sql->failed)
        memcpy(sql->data + start, "  ", 2); // the first comma
    epmt_strbuf_printf(sql, " FROM \"%s\" t", epmt_ddl_table_name(table));
    if (table == EPMT_TABLE_JOBS)
        epmt_strbuf_puts(sql, " WHERE t.\"id\" = $1");
    else if (of_job)
        epmt_strbuf_puts(sql, " WHERE t.\"job_id\" = $1");
    else
        epmt_strbuf_puts(sql, " JOIN \"processes\" p ON p.\"id\" = t.\"process_id\" "
                              "WHERE p.\"job_id\" = $1");
    epmt_strbuf_printf(sql, " ORDER BY %s", orders[table] ? orders[table] : "t.\"id\"");
}

const char *epmt_db_dump_sql(struct epmt_db *db, int i, const char **name) {
    int table = i + 1; // epmt_schema is of no job
    struct epmt_strbuf *sql = &db->dump[table < EPMT_DDL_TABLE_COUNT ? table : 0];

    if (table >= EPMT_DDL_TABLE_COUNT)
        return NULL;
    *name = epmt_ddl_table_name(table);
    if (!sql->len)
        make(sql, table);
    return sql->failed ? NULL : sql->data;
}
