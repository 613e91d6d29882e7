// SPDX-License-Identifier: Apache-2.0
// PostgreSQL, by libpq. Several may write at once: the lock is one of the job, by its uuid.
#include "storage/db_postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARAMETERS_MAX 512

// Types of values as the server knows them.
#define OID_INT8 20
#define OID_FLOAT8 701
#define OID_NUMERIC 1700

// Two submitters must not make the tables, or take ids of processes, at the same time.
#define LOCK_SCHEMA "1162890580"
#define LOCK_IDS "1162890581"

struct parameters {
    Oid types[PARAMETERS_MAX];
    const char *values[PARAMETERS_MAX];
    char numbers[PARAMETERS_MAX][32];
    size_t places[PARAMETERS_MAX]; // of texts, in pg->texts
};

static int check(struct epmt_db *db, PGresult *result, struct epmt_error *err) {
    ExecStatusType status = PQresultStatus(result);
    int failed = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK
                     ? 0
                     : epmt_pg_failed(db, result, err);

    PQclear(result);
    return failed;
}

static int run_script(struct epmt_db *db, const char *sql, struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;

    return check(db, PQexec(pg->connection, sql), err);
}

// As texts, which the server takes for every type.
static int set_parameters(struct epmt_db *db, struct parameters *parameters,
                          const struct epmt_db_value *values, int count, struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;

    if (count > PARAMETERS_MAX)
        return epmt_errf(err, EPMT_ERR_FAIL, "a statement has too many parameters");
    epmt_strbuf_reset(&pg->texts);
    for (int i = 0; i < count; i++) {
        parameters->types[i] = 0;
        parameters->values[i] = NULL;
        if (values[i].kind == EPMT_DB_INT) {
            parameters->types[i] = OID_INT8;
            snprintf(parameters->numbers[i], 32, "%" PRId64, values[i].i);
        } else if (values[i].kind == EPMT_DB_REAL) {
            parameters->types[i] = OID_FLOAT8;
            epmt_db_real_text(parameters->numbers[i], values[i].r);
        } else if (values[i].kind != EPMT_DB_NULL) {
            parameters->places[i] = pg->texts.len;
            epmt_strbuf_add(&pg->texts, values[i].text.data, values[i].text.len);
            epmt_strbuf_add(&pg->texts, "", 1);
        }
    }
    if (pg->texts.failed)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    for (int i = 0; i < count; i++) {
        if (parameters->types[i])
            parameters->values[i] = parameters->numbers[i];
        else if (values[i].kind != EPMT_DB_NULL)
            parameters->values[i] = pg->texts.data + parameters->places[i];
    }
    return 0;
}

// Writes the name under which sql is prepared, preparing it where it is not.
static int prepare(struct epmt_db *db, const char *sql, const struct parameters *parameters,
                   int count, char name[16], struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;
    int i;

    for (i = 0; i < pg->statement_count && pg->statements[i] != sql;)
        i++;
    if (i == EPMT_PG_STATEMENTS_MAX) {
        i--;
        pg->statement_count = i;
        snprintf(name, 16, "DEALLOCATE e%d", i);
        if (run_script(db, name, err))
            return -1;
    }
    snprintf(name, 16, "e%d", i);
    if (i < pg->statement_count)
        return 0;
    if (check(db, PQprepare(pg->connection, name, sql, count, parameters->types), err))
        return -1;
    pg->statements[i] = sql;
    pg->statement_count = i + 1;
    return 0;
}

static int run_exec(struct epmt_db *db, const char *sql, const struct epmt_db_value *values,
                    int count, struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;
    struct parameters parameters;
    char name[16];

    if (set_parameters(db, &parameters, values, count, err) ||
        prepare(db, sql, &parameters, count, name, err))
        return -1;
    return check(db, PQexecPrepared(pg->connection, name, count, parameters.values, NULL, NULL, 0),
                 err);
}

// Memory for one row of a result.
struct row {
    int columns;
    const char **names, **texts;
    bool *numeric;
    char (*reals)[32];
};

static void row_free(struct row *row) {
    free(row->names);
    free(row->texts);
    free(row->numeric);
    free(row->reals);
}

static int row_make(struct row *row, const PGresult *result, struct epmt_error *err) {
    size_t columns = (size_t)PQnfields(result) + 1;

    if (row->names)
        return 0;
    row->columns = PQnfields(result);
    row->names = calloc(columns, sizeof *row->names);
    row->texts = calloc(columns, sizeof *row->texts);
    row->numeric = calloc(columns, sizeof *row->numeric);
    row->reals = calloc(columns, sizeof *row->reals);
    if (!row->names || !row->texts || !row->numeric || !row->reals)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    return 0;
}

static void take_value(struct row *row, const PGresult *result, int i) {
    Oid type = PQftype(result, i);
    const char *text = PQgetvalue(result, 0, i);

    row->names[i] = PQfname(result, i);
    row->texts[i] = PQgetisnull(result, 0, i) ? NULL : text;
    row->numeric[i] = row->texts[i] && (type == OID_INT8 || type == 21 || type == 23 ||
                                        type == 700 || type == OID_FLOAT8 || type == OID_NUMERIC);
    if (row->texts[i] &&
        (type == 700 || type == OID_FLOAT8 || (type == OID_NUMERIC && strchr(text, '.')))) {
        epmt_db_real_text(row->reals[i], strtod(text, NULL));
        row->texts[i] = row->reals[i];
    }
}

// Returns non-zero where nothing more is wanted.
static int hand_over(struct row *row, const PGresult *result, bool *header, epmt_db_row_f take,
                     void *context) {
    if (*header) {
        *header = false;
        for (int i = 0; i < row->columns; i++)
            row->names[i] = PQfname(result, i);
        if (take(context, row->columns, row->names, NULL, NULL))
            return 1;
    }
    if (!PQntuples(result))
        return 0;
    for (int i = 0; i < row->columns; i++)
        take_value(row, result, i);
    return take(context, row->columns, row->names, row->texts, row->numeric);
}

// Stops a result of which the rest is not wanted; within a transaction it is read to its end.
static void stop(const struct epmt_pg *pg) {
    char unread[256];
    PGcancel *cancel = pg->in_transaction ? NULL : PQgetCancel(pg->connection);

    if (cancel)
        PQcancel(cancel, unread, sizeof unread);
    PQfreeCancel(cancel);
}

// The server knows a limit for each statement alone: what is left is told anew, a second at a time,
// as each telling is a round trip.
static int set_limit(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;
    char sql[80];

    if (!db->limit_s)
        return 0;
    int64_t left = epmt_db_left_ms(db);
    if (left <= 0)
        return epmt_db_late(db, err);
    if (pg->limit_ms && pg->limit_ms - left < 1000 && left > 1000)
        return 0;
    snprintf(sql, sizeof sql, "SET statement_timeout = %" PRId64, left);
    pg->limit_ms = left;
    return run_script(db, sql, err);
}

static int run_query(struct epmt_db *db, const char *sql, const struct epmt_db_value *values,
                     int count, bool header, epmt_db_row_f take, void *context,
                     struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;
    struct parameters parameters;
    struct row row = {0};
    PGresult *result;
    bool done = false;
    int status = 0;
    char name[16];

    if (set_limit(db, err) || set_parameters(db, &parameters, values, count, err) ||
        prepare(db, sql, &parameters, count, name, err))
        return -1;
    if (!PQsendQueryPrepared(pg->connection, name, count, parameters.values, NULL, NULL, 0))
        return epmt_pg_failed(db, NULL, err);
    PQsetSingleRowMode(pg->connection);
    while ((result = PQgetResult(pg->connection))) {
        ExecStatusType kind = PQresultStatus(result);
        if (done || status)
            ; // the rest
        else if (kind != PGRES_SINGLE_TUPLE && kind != PGRES_TUPLES_OK && kind != PGRES_COMMAND_OK)
            status = epmt_pg_failed(db, result, err);
        else if (row_make(&row, result, err))
            status = -1;
        else if (hand_over(&row, result, &header, take, context)) {
            done = true;
            stop(pg);
        }
        PQclear(result);
    }
    row_free(&row);
    if (!status && !done && PQstatus(pg->connection) != CONNECTION_OK)
        return epmt_pg_failed(db, NULL, err);
    return status;
}

static int begin(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;

    if (run_script(db, "BEGIN", err))
        return -1;
    pg->in_transaction = true;
    return 0;
}

static int commit(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;

    if (run_script(db, "COMMIT", err))
        return -1;
    pg->in_transaction = false;
    return 0;
}

static void rollback(struct epmt_db *db) {
    struct epmt_pg *pg = db->handle;

    epmt_pg_rows_abandon(db);
    run_script(db, "ROLLBACK", NULL);
    pg->in_transaction = false;
}

// Only a superuser may turn the checks off.
static int trust(struct epmt_db *db, bool trusted, struct epmt_error *err) {
    (void)db, (void)trusted, (void)err;
    return 0;
}

// Each job stays a transaction of its own; the disk is waited for once, at the end.
static int batch_begin(struct epmt_db *db, struct epmt_error *err) {
    return run_script(db, "SET synchronous_commit = off", err);
}

static int batch_end(struct epmt_db *db, struct epmt_error *err) {
    // A transaction with a number is written out with all before it.
    return run_script(db, "RESET synchronous_commit", err) ||
                   run_script(db, "BEGIN; SELECT pg_current_xact_id(); COMMIT", err)
               ? -1
               : 0;
}

static int ignore(void *context, int columns, const char *const *names, const char *const *values,
                  const bool *numeric) {
    (void)context, (void)columns, (void)names, (void)values, (void)numeric;
    return 0;
}

static int lock(struct epmt_db *db, const char *key, struct epmt_error *err) {
    static const char sql[] = "SELECT pg_advisory_xact_lock(hashtextextended($1, 1162890582))";
    struct epmt_db_value value = epmt_db_text(key, strlen(key));

    return run_query(db, sql, &value, 1, false, ignore, NULL, err);
}

static int take_number(void *context, int columns, const char *const *names,
                       const char *const *values, const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    if (values[0])
        *(int64_t *)context = strtoll(values[0], NULL, 10);
    return 0;
}

// Ids are taken for good, transaction or not, so the lock is held for this moment only.
static int reserve(struct epmt_db *db, uint64_t count, int64_t *first, struct epmt_error *err) {
    static const char take[] = "SELECT setval(s.name, nextval(s.name) + $1 - 1) - $1 + 1 "
                               "FROM (SELECT pg_get_serial_sequence('processes', 'id') AS name) s";
    struct epmt_db_value number = epmt_db_int((int64_t)count);

    if (!count)
        return 0;
    if (run_script(db, "SELECT pg_advisory_lock(" LOCK_IDS ")", err))
        return -1;
    int status = run_query(db, take, &number, 1, false, take_number, first, err);
    // An end of the connection gives the lock back too; a failed transaction must be ended first.
    if (status)
        run_script(db, "ROLLBACK", NULL);
    return run_script(db, "SELECT pg_advisory_unlock(" LOCK_IDS ")", status ? NULL : err) || status
               ? -1
               : 0;
}

struct schema {
    int64_t version;
    uint64_t dictionary;
};

static int take_schema(void *context, int columns, const char *const *names,
                       const char *const *values, const bool *numeric) {
    struct schema *schema = context;

    (void)columns, (void)names, (void)numeric;
    if (!values[0] || !values[1])
        return 0;
    if (!strcmp(values[0], "version"))
        schema->version = strtoll(values[1], NULL, 10);
    else if (!strcmp(values[0], "dictionary"))
        schema->dictionary = strtoull(values[1], NULL, 16);
    return 0;
}

// Looks for tables of our names. What is found is ours where epmt_schema is among them.
static int look(struct epmt_db *db, int64_t *tables, struct epmt_error *err) {
    static const char find[] =
        "SELECT (SELECT count(*) FROM (VALUES (to_regclass('jobs')), (to_regclass('processes')), "
        "(to_regclass('threads'))) t(name) WHERE t.name IS NOT NULL)";
    static const char find_schema[] =
        "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('epmt_schema') AND "
        "attname IN ('key', 'value')";
    static const char read[] = "SELECT \"key\", \"value\" FROM \"epmt_schema\"";
    struct schema schema = {0};
    int64_t columns = 0;

    if (run_query(db, find, NULL, 0, false, take_number, tables, err) ||
        run_query(db, find_schema, NULL, 0, false, take_number, &columns, err))
        return -1;
    if (columns == 2 && run_query(db, read, NULL, 0, false, take_schema, &schema, err))
        return -1;
    db->is_epmt = schema.version > 0;
    db->version = schema.version;
    db->dictionary = schema.dictionary;
    if (!db->is_epmt && *tables)
        return epmt_errf(err, EPMT_ERR_DATABASE,
                         "%s is not an epmt database: it has other tables of the same names",
                         db->where);
    return 0;
}

// Makes the tables where there are none. Somebody else may do so at the same time.
static int make_tables(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_strbuf sql = {0};
    int64_t tables = 0;
    int status = -1;

    epmt_ddl_create(&sql, EPMT_DIALECT_POSTGRESQL);
    if (sql.failed)
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    else if (!begin(db, err)) {
        if (!run_script(db, "SELECT pg_advisory_xact_lock(" LOCK_SCHEMA ")", err) &&
            !look(db, &tables, err) && (db->is_epmt || !run_script(db, sql.data, err)) &&
            !look(db, &tables, err) && !commit(db, err))
            status = 0;
        else
            rollback(db);
    }
    epmt_strbuf_free(&sql);
    return status;
}

static int open_postgres(struct epmt_db *db, const struct epmt_db_place *place,
                         enum epmt_db_mode mode, struct epmt_error *err) {
    // What the session must not take over from the server's or the user's settings.
    static const char settings[] = "SET standard_conforming_strings = on; SET extra_float_digits = "
                                   "1; SET lock_timeout = '%ds'%s";
    // What is asked is answered in milliseconds by an index: compiling it first takes longer, and a
    // page of some job's threads is not found by merging all threads.
    static const char reading[] = "; SET default_transaction_read_only = on; SET jit = off; SET "
                                  "enable_mergejoin = off";
    int64_t tables = 0;
    char sql[256];

    if (epmt_pg_connect(db, place, err))
        return -1;
    snprintf(sql, sizeof sql, settings, db->timeout_s, mode == EPMT_DB_READ ? reading : "");
    if (run_script(db, sql, err) || look(db, &tables, err))
        return -1;
    return db->is_epmt || mode != EPMT_DB_WRITE ? 0 : make_tables(db, err);
}

static int limit(struct epmt_db *db, int seconds, struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;
    char sql[80];

    pg->limit_ms = 0;
    snprintf(sql, sizeof sql, "SET lock_timeout = '%ds'",
             seconds < db->timeout_s ? seconds : db->timeout_s);
    return run_script(db, sql, err) ? -1 : set_limit(db, err);
}

static int stamp(struct epmt_db *db, bool is_epmt, struct epmt_error *err) {
    (void)db, (void)is_epmt, (void)err;
    return 0;
}

const struct epmt_db_backend epmt_db_postgres = {
    .dialect = EPMT_DIALECT_POSTGRESQL,
    .limit = limit,
    .sql_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    .sql_columns = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(quote_ident($1)) "
                   "AND attnum > 0 AND NOT attisdropped",
    .sql_objects = "SELECT CAST(relkind AS TEXT) || ' ' || relname FROM pg_class c WHERE relkind "
                   "IN ('v', 'i') AND "
                   "relnamespace = current_schema()::regnamespace AND NOT EXISTS (SELECT 1 FROM "
                   "pg_constraint WHERE conindid = c.oid)",
    .stamp = stamp,
    .open = open_postgres,
    .close = epmt_pg_close,
    .begin = begin,
    .trust = trust,
    .batch_begin = batch_begin,
    .batch_end = batch_end,
    .commit = commit,
    .rollback = rollback,
    .lock = lock,
    .reserve = reserve,
    .exec = run_exec,
    .script = run_script,
    .query = run_query,
    .rows_begin = epmt_pg_rows_begin,
    .rows_add = epmt_pg_rows_add,
    .rows_end = epmt_pg_rows_end,
};
