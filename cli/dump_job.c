// SPDX-License-Identifier: Apache-2.0
// The rows of a job in the database, with what only a job file has put back: the key of the process
// image where a table refers to its process.
#include <stdlib.h>
#include <string.h>

#include "cli/dump.h"
#include "storage/annotate.h"
#include "storage/ddl_tables.h"

static const char sql_facts[] =
    "SELECT \"scope\", \"key\", \"value\" FROM \"job_attributes\" WHERE \"job_id\" = $1 AND "
    "\"scope\" NOT IN ('" EPMT_ANNOTATED_SCOPE "', '" EPMT_UNANNOTATED_SCOPE "')";

struct source {
    struct epmt_db *db;
    const char *id;
    struct epmt_strbuf sql[EPMT_DDL_TABLE_COUNT]; // as long as the database is open
    enum epmt_row_kind kind;
    bool failed;
};

static int table_of(enum epmt_row_kind kind) {
    for (int i = 0; i < EPMT_DDL_TABLE_COUNT; i++) {
        if (epmt_ddl_table_kind(i) == kind)
            return i;
    }
    return -1;
}

static void add_columns(struct epmt_strbuf *sql, enum epmt_row_kind kind) {
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);
    const char *comma = "";

    for (int i = 0; i < dictionary->count; i++) {
        const struct epmt_column *column = &dictionary->columns[i];
        if (!epmt_dump_has(kind, column))
            continue;
        epmt_strbuf_printf(sql, "%s%s.\"%s\"", comma, epmt_ddl_stands(kind, column) ? "t" : "p",
                           column->name);
        comma = ", ";
    }
}

static void make_sql(struct epmt_strbuf *sql, int table, enum epmt_row_kind kind) {
    bool of_job = kind == EPMT_ROW_PROCESS || (kind != EPMT_ROW_THREAD && epmt_ddl_of_job(kind));
    bool of_process = kind != EPMT_ROW_PROCESS && (!of_job || epmt_ddl_image(kind) >= 0);

    epmt_strbuf_puts(sql, "SELECT ");
    add_columns(sql, kind);
    epmt_strbuf_printf(sql, " FROM \"%s\" t", epmt_ddl_table_name(table));
    if (of_process)
        epmt_strbuf_printf(sql, "%s JOIN \"processes\" p ON p.\"id\" = t.\"process_id\"",
                           of_job ? " LEFT" : "");
    epmt_strbuf_printf(sql, " WHERE %s.\"job_id\" = $1 ORDER BY t.\"id\"", of_job ? "t" : "p");
}

static struct epmt_db_value value_of(const char *text, enum epmt_type type) {
    if (!text)
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    if (type == EPMT_TYPE_INT || type == EPMT_TYPE_UINT)
        return epmt_db_int(strtoll(text, NULL, 10));
    if (type == EPMT_TYPE_REAL)
        return (struct epmt_db_value){.kind = EPMT_DB_REAL, .r = strtod(text, NULL)};
    return epmt_db_text(text, strlen(text));
}

static int take_row(void *context, int columns, const char *const *names, const char *const *texts,
                    const bool *numeric) {
    struct epmt_dump *dump = context;
    const struct source *source = dump->source;
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(source->kind);
    struct epmt_db_value values[EPMT_COLUMN_COUNT];
    int count = 0;

    (void)names, (void)numeric;
    for (int i = 0; i < dictionary->count && count < columns; i++) {
        if (!epmt_dump_has(source->kind, &dictionary->columns[i]))
            continue;
        values[count] = value_of(texts[count], dictionary->columns[i].type);
        count++;
    }
    epmt_dump_row(dump, values);
    return 0;
}

static int query(struct epmt_dump *dump, const char *sql, epmt_db_row_f row) {
    struct source *source = dump->source;
    struct epmt_db_value id = epmt_db_int(strtoll(source->id, NULL, 10));

    return source->db->backend->query(source->db, sql, &id, 1, false, row, dump, dump->err);
}

static int rows(struct epmt_dump *dump, enum epmt_row_kind kind) {
    struct source *source = dump->source;
    int table = table_of(kind);

    if (table < 0)
        return 0;
    struct epmt_strbuf *sql = &source->sql[table];
    if (!sql->len)
        make_sql(sql, table, kind);
    if (sql->failed)
        return epmt_errf(dump->err, EPMT_ERR_MEMORY, "out of memory");
    source->kind = kind;
    return query(dump, sql->data, take_row);
}

static int take_fact(void *context, int columns, const char *const *names, const char *const *texts,
                     const bool *numeric) {
    struct epmt_dump *dump = context;
    struct source *source = dump->source;
    struct epmt_bytes bytes[3];

    (void)columns, (void)names, (void)numeric;
    for (int i = 0; i < 3; i++)
        bytes[i] = (struct epmt_bytes){texts[i] ? texts[i] : "", texts[i] ? strlen(texts[i]) : 0};
    source->failed =
        epmt_fold_add_attribute(dump->facts, bytes[0], bytes[1], bytes[2], dump->err) != 0;
    return source->failed;
}

static int read_facts(struct epmt_dump *dump) {
    const struct source *source = dump->source;

    dump->facts = epmt_fold_create();
    if (!dump->facts)
        return epmt_errf(dump->err, EPMT_ERR_MEMORY, "out of memory");
    if (query(dump, sql_facts, take_fact) || source->failed)
        return -1;
    return epmt_fold_finish(dump->facts, false, dump->err);
}

int epmt_dump_job(const struct epmt_dump_options *options, struct epmt_db *db, const char *id,
                  struct epmt_error *err) {
    struct source *source = calloc(1, sizeof *source);
    struct epmt_dump dump = {.options = options, .source = source, .rows = rows, .err = err};
    int status = -1;

    if (!source)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    source->db = db;
    source->id = id;
    if (!read_facts(&dump))
        status = epmt_dump_print(&dump);
    epmt_fold_destroy(dump.facts);
    // The statements made from these texts are not used any more: the caller closes the database.
    for (int i = 0; i < EPMT_DDL_TABLE_COUNT; i++)
        epmt_strbuf_free(&source->sql[i]);
    free(source);
    return status;
}
