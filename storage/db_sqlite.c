// SPDX-License-Identifier: Apache-2.0
// SQLite. The journal is the classic one, not WAL: home directories lie on NFS, where WAL's shared
// memory does not work between hosts.
#include "storage/db_sqlite.h"

#include <stdlib.h>
#include <string.h>

int epmt_lite_failed(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;
    int code = sqlite3_errcode(lite->db) & 0xff;
    const char *text = sqlite3_errmsg(lite->db);

    if (code == SQLITE_NOTADB)
        return epmt_errf(err, EPMT_ERR_DATABASE, "%s is not an epmt database (%s)", db->where,
                         text);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return epmt_errf(err, EPMT_ERR_DATABASE,
                         "database %s is in use by another program (waited %d s)", db->where,
                         db->timeout_s);
    if (code == SQLITE_INTERRUPT)
        return epmt_db_late(db, err);
    if (code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_READONLY)
        return epmt_errf(err, EPMT_ERR_IO, "cannot write database %s: %s", db->where, text);
    if (code == SQLITE_NOMEM)
        return epmt_errf(err, EPMT_ERR_MEMORY, "database %s: out of memory", db->where);
    return epmt_errf(err, EPMT_ERR_DATABASE, "database %s: %s", db->where, text);
}

static void statement_free(struct epmt_lite_statement *statement) {
    sqlite3_finalize(statement->stmt);
    free(statement->place);
    free(statement->bound);
    *statement = (struct epmt_lite_statement){0};
}

static int statement_prepare(struct epmt_db *db, struct epmt_lite_statement *statement,
                             const char *sql, struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;

    *statement = (struct epmt_lite_statement){.sql = sql};
    if (sqlite3_prepare_v3(lite->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->stmt, NULL))
        return epmt_lite_failed(db, err);
    statement->count = sqlite3_bind_parameter_count(statement->stmt);
    statement->place = calloc((size_t)statement->count + 1, sizeof *statement->place);
    statement->bound = calloc((size_t)statement->count + 1, sizeof *statement->bound);
    if (!statement->place || !statement->bound) {
        statement_free(statement);
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    // SQLite numbers $1, $2, ... by where they first stand.
    for (int i = 1; i <= statement->count; i++) {
        const char *name = sqlite3_bind_parameter_name(statement->stmt, i);
        statement->place[i] = name && name[0] == '$' ? (int)strtol(name + 1, NULL, 10) - 1 : -1;
    }
    return 0;
}

static struct epmt_lite_statement *statement_find(struct epmt_db *db, const char *sql,
                                                  struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;
    int i;

    for (i = 0; i < lite->statement_count; i++) {
        if (lite->statements[i].sql == sql)
            return &lite->statements[i];
    }
    if (i == EPMT_LITE_STATEMENTS_MAX)
        statement_free(&lite->statements[--i]);
    if (statement_prepare(db, &lite->statements[i], sql, err)) {
        lite->statement_count = i;
        return NULL;
    }
    lite->statement_count = i + 1;
    return &lite->statements[i];
}

static int bind_value(sqlite3_stmt *stmt, int i, const struct epmt_db_value *value) {
    switch (value->kind) {
    case EPMT_DB_INT:
        return sqlite3_bind_int64(stmt, i, value->i);
    case EPMT_DB_REAL:
        return sqlite3_bind_double(stmt, i, value->r);
    case EPMT_DB_TEXT:
    case EPMT_DB_NUMBER:
        return sqlite3_bind_text64(stmt, i, value->text.data, value->text.len, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case EPMT_DB_NULL:
        break;
    }
    return sqlite3_bind_null(stmt, i);
}

static int bind_all(struct epmt_db *db, const struct epmt_lite_statement *statement,
                    const struct epmt_db_value *values, int count, struct epmt_error *err) {
    static const struct epmt_db_value missing = {.kind = EPMT_DB_NULL};

    for (int i = 1; i <= statement->count; i++) {
        int place = statement->place[i];
        const struct epmt_db_value *value = place >= 0 && place < count ? &values[place] : &missing;
        struct epmt_db_value *bound = &statement->bound[i];
        // What is bound stays so. Most columns of a table are always missing, or always 0.
        if (value->kind == bound->kind &&
            (value->kind == EPMT_DB_NULL || (value->kind == EPMT_DB_INT && value->i == bound->i)))
            continue;
        if (bind_value(statement->stmt, i, value))
            return epmt_lite_failed(db, err);
        *bound = *value;
    }
    return 0;
}

static int hand_names(sqlite3_stmt *stmt, const char **names, epmt_db_row_f row, void *context) {
    int columns = sqlite3_column_count(stmt);

    for (int i = 0; i < columns; i++)
        names[i] = sqlite3_column_name(stmt, i);
    return row(context, columns, names, NULL, NULL);
}

// Memory for one row of a result.
struct result {
    const char **names, **texts;
    bool *numeric;
    char (*reals)[32];
};

static void result_free(struct result *result) {
    free(result->names);
    free(result->texts);
    free(result->numeric);
    free(result->reals);
}

static int result_make(struct result *result, sqlite3_stmt *stmt, struct epmt_error *err) {
    size_t columns = (size_t)sqlite3_column_count(stmt) + 1;

    result->names = calloc(columns, sizeof *result->names);
    result->texts = calloc(columns, sizeof *result->texts);
    result->numeric = calloc(columns, sizeof *result->numeric);
    result->reals = calloc(columns, sizeof *result->reals);
    if (!result->names || !result->texts || !result->numeric || !result->reals)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    return 0;
}

static int hand_row(sqlite3_stmt *stmt, const struct result *result, epmt_db_row_f row,
                    void *context) {
    int columns = sqlite3_column_count(stmt);

    for (int i = 0; i < columns; i++) {
        int type = sqlite3_column_type(stmt, i);
        result->names[i] = sqlite3_column_name(stmt, i);
        result->numeric[i] = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
        result->texts[i] = result->reals[i];
        if (type == SQLITE_FLOAT)
            epmt_db_real_text(result->reals[i], sqlite3_column_double(stmt, i));
        else
            result->texts[i] =
                type == SQLITE_NULL ? NULL : (const char *)sqlite3_column_text(stmt, i);
    }
    return row(context, columns, result->names, result->texts, result->numeric);
}

int epmt_lite_query(struct epmt_db *db, const char *sql, const struct epmt_db_value *values,
                    int count, bool header, epmt_db_row_f row, void *context,
                    struct epmt_error *err) {
    // Also where each statement is too short to be looked at.
    struct epmt_lite_statement *statement =
        epmt_db_in_time(db, err) ? NULL : statement_find(db, sql, err);
    struct result memory = {0};
    int result = -1, step = SQLITE_DONE;

    if (!statement)
        return -1;
    if (result_make(&memory, statement->stmt, err) || bind_all(db, statement, values, count, err))
        goto out;
    if (header && hand_names(statement->stmt, memory.names, row, context)) {
        result = 0;
        goto out;
    }
    while ((step = sqlite3_step(statement->stmt)) == SQLITE_ROW) {
        if (hand_row(statement->stmt, &memory, row, context))
            break;
    }
    if (step == SQLITE_ROW || step == SQLITE_DONE)
        result = 0;
    else
        epmt_lite_failed(db, err);
out:
    sqlite3_reset(statement->stmt);
    result_free(&memory);
    return result;
}

static int run_exec(struct epmt_db *db, const char *sql, const struct epmt_db_value *values,
                    int count, struct epmt_error *err) {
    struct epmt_lite_statement *statement = statement_find(db, sql, err);
    int result = -1;

    if (!statement || bind_all(db, statement, values, count, err))
        return -1;
    int step = sqlite3_step(statement->stmt);
    if (step == SQLITE_DONE || step == SQLITE_ROW)
        result = 0;
    else
        epmt_lite_failed(db, err);
    sqlite3_reset(statement->stmt);
    return result;
}

int epmt_lite_script(struct epmt_db *db, const char *sql, struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;

    return sqlite3_exec(lite->db, sql, NULL, NULL, NULL) ? epmt_lite_failed(db, err) : 0;
}

static int trust(struct epmt_db *db, bool trusted, struct epmt_error *err) {
    // Has no effect within a transaction.
    return epmt_lite_script(db, trusted ? "PRAGMA foreign_keys = OFF" : "PRAGMA foreign_keys = ON",
                            err);
}

// A full disk ends the transaction of a batch.
static bool is_lost(const struct epmt_db *db, struct epmt_error *err) {
    const struct epmt_lite *lite = db->handle;

    if (!sqlite3_get_autocommit(lite->db))
        return false;
    epmt_errf(err, EPMT_ERR_IO, "cannot write database %s: what was submitted last is lost",
              db->where);
    return true;
}

int epmt_lite_begin(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;

    if (lite->in_batch)
        return is_lost(db, err) ? -1 : epmt_lite_script(db, "SAVEPOINT job", err);
    if (epmt_lite_script(db, "BEGIN IMMEDIATE", err))
        return -1;
    // A process may come before its parent.
    if (!epmt_lite_script(db, "PRAGMA defer_foreign_keys = ON", err))
        return 0;
    epmt_lite_script(db, "ROLLBACK", NULL);
    return -1;
}

int epmt_lite_commit(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;

    return epmt_lite_script(db, lite->in_batch ? "RELEASE job" : "COMMIT", err);
}

void epmt_lite_rollback(struct epmt_db *db) {
    struct epmt_lite *lite = db->handle;

    epmt_lite_script(db, lite->in_batch ? "ROLLBACK TO job; RELEASE job" : "ROLLBACK", NULL);
}

// One transaction for all, in which each job can be undone.
static int batch_begin(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;

    if (trust(db, true, err))
        return -1;
    if (epmt_lite_begin(db, err)) {
        trust(db, false, NULL);
        return -1;
    }
    lite->in_batch = true;
    return 0;
}

static int batch_end(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;

    lite->in_batch = false;
    int status = is_lost(db, err) ? -1 : epmt_lite_commit(db, err);
    if (status)
        epmt_lite_rollback(db);
    return trust(db, false, status ? NULL : err) || status ? -1 : 0;
}

// There is one writer at a time.
static int lock(struct epmt_db *db, const char *key, struct epmt_error *err) {
    (void)db, (void)key, (void)err;
    return 0;
}

static int take_number(void *context, int columns, const char *const *names,
                       const char *const *values, const bool *numeric) {
    (void)names, (void)numeric;
    if (columns && values[0])
        *(int64_t *)context = strtoll(values[0], NULL, 10);
    return 1;
}

int epmt_lite_number(struct epmt_db *db, const char *sql, int64_t *number, struct epmt_error *err) {
    *number = 0;
    return epmt_lite_query(db, sql, NULL, 0, false, take_number, number, err);
}

static int reserve(struct epmt_db *db, uint64_t count, int64_t *first, struct epmt_error *err) {
    (void)count;
    return epmt_lite_number(db, "SELECT coalesce(max(\"id\"), 0) + 1 FROM \"processes\"", first,
                            err);
}

static int rows_begin(struct epmt_db *db, const struct epmt_ddl_rows *rows,
                      struct epmt_error *err) {
    return statement_find(db, rows->insert.data, err) ? 0 : -1;
}

static int rows_add(struct epmt_db *db, const struct epmt_ddl_rows *rows,
                    const struct epmt_db_value *values, struct epmt_error *err) {
    return run_exec(db, rows->insert.data, values, rows->count, err);
}

static int rows_end(struct epmt_db *db, const struct epmt_ddl_rows *rows, struct epmt_error *err) {
    (void)db, (void)rows, (void)err;
    return 0;
}

static void close_sqlite(struct epmt_db *db) {
    struct epmt_lite *lite = db->handle;

    for (int i = 0; i < lite->statement_count; i++)
        statement_free(&lite->statements[i]);
    sqlite3_close(lite->db);
    free(lite);
    db->handle = NULL;
}

const struct epmt_db_backend epmt_db_sqlite = {
    .dialect = EPMT_DIALECT_SQLITE,
    .limit = epmt_lite_limit,
    .sql_snapshot = "BEGIN",
    .sql_columns = "SELECT name FROM pragma_table_info($1)",
    .sql_objects = "SELECT substr(type, 1, 1) || ' ' || name FROM sqlite_master WHERE type = "
                   "'view' OR (type = 'index' AND sql IS NOT NULL)",
    .stamp = epmt_lite_stamp,
    .open = epmt_lite_open,
    .close = close_sqlite,
    .begin = epmt_lite_begin,
    .trust = trust,
    .batch_begin = batch_begin,
    .batch_end = batch_end,
    .commit = epmt_lite_commit,
    .rollback = epmt_lite_rollback,
    .lock = lock,
    .reserve = reserve,
    .exec = run_exec,
    .script = epmt_lite_script,
    .query = epmt_lite_query,
    .rows_begin = rows_begin,
    .rows_add = rows_add,
    .rows_end = rows_end,
};
