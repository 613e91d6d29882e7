// SPDX-License-Identifier: Apache-2.0
// SQLite. The journal is the classic one, not WAL: home directories lie on NFS, where WAL's shared
// memory does not work between hosts.
#include "storage/db_backend.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/db_file.h"

#define STATEMENTS_MAX 64
// Pages held in memory during a large submit, in KiB.
#define CACHE_KIB 32768

struct statement {
    const char *sql; // the caller's
    sqlite3_stmt *stmt;
    int count;
    int *place; // of parameter i of SQLite: the value's
};

struct sqlite {
    sqlite3 *db;
    struct statement statements[STATEMENTS_MAX];
    int statement_count;
};

static int failed(struct epmt_db *db, struct epmt_error *err) {
    struct sqlite *lite = db->handle;
    int code = sqlite3_errcode(lite->db) & 0xff;
    const char *text = sqlite3_errmsg(lite->db);

    if (code == SQLITE_NOTADB)
        return epmt_errf(err, EPMT_ERR_DATABASE, "%s is not an epmt database (%s)", db->where,
                         text);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return epmt_errf(err, EPMT_ERR_DATABASE,
                         "database %s is in use by another program (waited %d s)", db->where,
                         db->timeout_s);
    if (code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_READONLY)
        return epmt_errf(err, EPMT_ERR_IO, "cannot write database %s: %s", db->where, text);
    if (code == SQLITE_NOMEM)
        return epmt_errf(err, EPMT_ERR_MEMORY, "database %s: out of memory", db->where);
    return epmt_errf(err, EPMT_ERR_DATABASE, "database %s: %s", db->where, text);
}

static void statement_free(struct statement *statement) {
    sqlite3_finalize(statement->stmt);
    free(statement->place);
    *statement = (struct statement){0};
}

static int statement_prepare(struct epmt_db *db, struct statement *statement, const char *sql,
                             struct epmt_error *err) {
    struct sqlite *lite = db->handle;

    *statement = (struct statement){.sql = sql};
    if (sqlite3_prepare_v3(lite->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->stmt, NULL))
        return failed(db, err);
    statement->count = sqlite3_bind_parameter_count(statement->stmt);
    statement->place = calloc((size_t)statement->count + 1, sizeof *statement->place);
    if (!statement->place) {
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

static struct statement *statement_find(struct epmt_db *db, const char *sql,
                                        struct epmt_error *err) {
    struct sqlite *lite = db->handle;
    int i;

    for (i = 0; i < lite->statement_count; i++) {
        if (lite->statements[i].sql == sql)
            return &lite->statements[i];
    }
    if (i == STATEMENTS_MAX)
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

static int bind_all(struct epmt_db *db, const struct statement *statement,
                    const struct epmt_db_value *values, int count, struct epmt_error *err) {
    static const struct epmt_db_value missing = {.kind = EPMT_DB_NULL};

    for (int i = 1; i <= statement->count; i++) {
        int place = statement->place[i];
        if (bind_value(statement->stmt, i, place >= 0 && place < count ? &values[place] : &missing))
            return failed(db, err);
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

static int run_query(struct epmt_db *db, const char *sql, const struct epmt_db_value *values,
                     int count, bool header, epmt_db_row_f row, void *context,
                     struct epmt_error *err) {
    struct statement *statement = statement_find(db, sql, err);
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
        failed(db, err);
out:
    sqlite3_reset(statement->stmt);
    result_free(&memory);
    return result;
}

static int run_exec(struct epmt_db *db, const char *sql, const struct epmt_db_value *values,
                    int count, struct epmt_error *err) {
    struct statement *statement = statement_find(db, sql, err);
    int result = -1;

    if (!statement || bind_all(db, statement, values, count, err))
        return -1;
    int step = sqlite3_step(statement->stmt);
    if (step == SQLITE_DONE || step == SQLITE_ROW)
        result = 0;
    else
        failed(db, err);
    sqlite3_reset(statement->stmt);
    return result;
}

static int run_script(struct epmt_db *db, const char *sql, struct epmt_error *err) {
    struct sqlite *lite = db->handle;

    return sqlite3_exec(lite->db, sql, NULL, NULL, NULL) ? failed(db, err) : 0;
}

static int begin(struct epmt_db *db, struct epmt_error *err) {
    if (run_script(db, "BEGIN IMMEDIATE", err))
        return -1;
    // A process may come before its parent.
    if (!run_script(db, "PRAGMA defer_foreign_keys = ON", err))
        return 0;
    run_script(db, "ROLLBACK", NULL);
    return -1;
}

static int commit(struct epmt_db *db, struct epmt_error *err) {
    return run_script(db, "COMMIT", err);
}

static void rollback(struct epmt_db *db) {
    run_script(db, "ROLLBACK", NULL);
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

static int get_number(struct epmt_db *db, const char *sql, int64_t *number,
                      struct epmt_error *err) {
    *number = 0;
    return run_query(db, sql, NULL, 0, false, take_number, number, err);
}

static int reserve(struct epmt_db *db, uint64_t count, int64_t *first, struct epmt_error *err) {
    (void)count;
    return get_number(db, "SELECT coalesce(max(\"id\"), 0) + 1 FROM \"processes\"", first, err);
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
    struct sqlite *lite = db->handle;

    for (int i = 0; i < lite->statement_count; i++)
        statement_free(&lite->statements[i]);
    sqlite3_close(lite->db);
    free(lite);
    db->handle = NULL;
}

struct identity {
    int64_t application, version, tables;
};

static int get_identity(struct epmt_db *db, struct identity *id, struct epmt_error *err) {
    return get_number(db, "PRAGMA application_id", &id->application, err) ||
                   get_number(db, "PRAGMA user_version", &id->version, err) ||
                   get_number(db, "SELECT count(*) FROM sqlite_master", &id->tables, err)
               ? -1
               : 0;
}

static int stamp(struct epmt_db *db, bool is_epmt, struct epmt_error *err) {
    char sql[96];

    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             is_epmt ? EPMT_DB_APPLICATION : 0, is_epmt ? EPMT_DB_VERSION : 0);
    return run_script(db, sql, err);
}

static int make_tables(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_strbuf sql = {0};
    int result = -1;

    epmt_ddl_create(&sql, EPMT_DIALECT_SQLITE);
    if (sql.failed)
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    else
        result = run_script(db, sql.data, err) || stamp(db, true, err) ? -1 : 0;
    epmt_strbuf_free(&sql);
    return result;
}

static bool is_empty(const struct identity *id) {
    return !id->application && !id->version && !id->tables;
}

// Makes the tables where there is nothing yet. Somebody else may do so at the same time.
static int make_if_empty(struct epmt_db *db, struct identity *id, struct epmt_error *err) {
    if (begin(db, err))
        return -1;
    if (get_identity(db, id, err))
        goto out;
    if (is_empty(id) && make_tables(db, err))
        goto out;
    if (get_identity(db, id, err))
        goto out;
    return commit(db, err);
out:
    rollback(db);
    return -1;
}

static int take_dictionary(void *context, int columns, const char *const *names,
                           const char *const *values, const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    *(uint64_t *)context = values[0] ? strtoull(values[0], NULL, 16) : 0;
    return 1;
}

static int set_schema(struct epmt_db *db, const struct identity *id, struct epmt_error *err) {
    if (is_empty(id))
        return 0;
    if (id->application != EPMT_DB_APPLICATION)
        return epmt_errf(err, EPMT_ERR_DATABASE, "%s is not an epmt database", db->where);
    db->is_epmt = true;
    db->version = id->version;
    return run_query(db, "SELECT \"value\" FROM \"epmt_schema\" WHERE \"key\" = 'dictionary'", NULL,
                     0, false, take_dictionary, &db->dictionary, err);
}

static int open_file(struct epmt_db *db, const char *path, int flags, struct epmt_error *err) {
    struct sqlite *lite = db->handle;

    errno = 0;
    // A file that may only be read is opened for reading.
    int code = sqlite3_open_v2(path, &lite->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code) {
        int number = lite->db ? sqlite3_system_errno(lite->db) : 0;
        errno = number ? number : errno;
        return errno ? epmt_errf_errno(err, EPMT_ERR_IO, "cannot open database %s", db->where)
                     : epmt_errf(err, EPMT_ERR_IO, "cannot open database %s", db->where);
    }
    sqlite3_busy_timeout(lite->db, db->timeout_s * 1000);
    sqlite3_extended_result_codes(lite->db, 1);
    return 0;
}

static int prepare_connection(struct epmt_db *db, enum epmt_db_mode mode, struct epmt_error *err) {
    char sql[64];

    // A schema in a file from elsewhere must not run functions on our behalf.
    snprintf(sql, sizeof sql, "PRAGMA cache_size = -%d", CACHE_KIB);
    if (run_script(db, sql, err) || run_script(db, "PRAGMA foreign_keys = ON", err) ||
        run_script(db, "PRAGMA trusted_schema = OFF", err))
        return -1;
    return mode == EPMT_DB_READ ? run_script(db, "PRAGMA query_only = ON", err) : 0;
}

// Makes the file with its tables in one go: what fails, or is killed, leaves none behind. Somebody
// else may do so at the same time.
static int make_file(struct epmt_db *db, struct epmt_error *err) {
    struct sqlite *lite = db->handle;
    sqlite3_int64 len = 0;
    int result = -1;

    if (open_file(db, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err))
        return -1;
    if (make_tables(db, err))
        return -1;
    unsigned char *bytes = sqlite3_serialize(lite->db, "main", &len, 0);
    if (!bytes)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    result = epmt_create_whole(db->where, bytes, (size_t)len, 0666);
    sqlite3_free(bytes);
    sqlite3_close(lite->db);
    lite->db = NULL;
    if (!result || result == -EEXIST)
        return 0;
    errno = -result;
    return epmt_errf_errno(err, EPMT_ERR_IO, "cannot make database %s", db->where);
}

static int open_sqlite(struct epmt_db *db, const struct epmt_db_place *place,
                       enum epmt_db_mode mode, struct epmt_error *err) {
    struct sqlite *lite = calloc(1, sizeof *lite);
    struct identity id;

    db->handle = lite;
    db->where = strdup(place->path);
    if (!lite || !db->where)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (access(db->where, F_OK)) {
        if (mode != EPMT_DB_WRITE)
            return epmt_errf(err, EPMT_ERR_NOT_FOUND,
                             "there is no database %s yet: `epmt submit` makes it", db->where);
        if (make_file(db, err))
            return -1;
    }
    if (open_file(db, db->where, SQLITE_OPEN_READWRITE, err) || prepare_connection(db, mode, err) ||
        get_identity(db, &id, err))
        return -1;
    if (mode == EPMT_DB_WRITE && is_empty(&id) && make_if_empty(db, &id, err))
        return -1;
    return set_schema(db, &id, err);
}

const struct epmt_db_backend epmt_db_sqlite = {
    .dialect = EPMT_DIALECT_SQLITE,
    .sql_columns = "SELECT name FROM pragma_table_info($1)",
    .stamp = stamp,
    .open = open_sqlite,
    .close = close_sqlite,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .lock = lock,
    .reserve = reserve,
    .exec = run_exec,
    .script = run_script,
    .query = run_query,
    .rows_begin = rows_begin,
    .rows_add = rows_add,
    .rows_end = rows_end,
};
