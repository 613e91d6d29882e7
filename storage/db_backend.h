// SPDX-License-Identifier: Apache-2.0
// Between db*.c and the back ends: what a kind of database must be able to do. SQL here is common
// to both dialects; parameters stand as $1, $2, ...
#ifndef EPMT_STORAGE_DB_BACKEND_H
#define EPMT_STORAGE_DB_BACKEND_H

#include "metadata/mpi_tables.h"
#include "storage/db.h"
#include "storage/db_url.h"
#include "storage/ddl_tables.h"
#include "storage/strbuf.h"

enum epmt_db_kind {
    EPMT_DB_NULL,
    EPMT_DB_INT,
    EPMT_DB_REAL,
    EPMT_DB_TEXT,
    EPMT_DB_NUMBER, // a number as text: only in results
};

// A value to bind, or of a result. A text is valid UTF-8 and stays in its owner's memory during the
// call.
struct epmt_db_value {
    enum epmt_db_kind kind;
    union {
        int64_t i;
        double r;
        struct epmt_bytes text;
    };
};

static inline struct epmt_db_value epmt_db_int(int64_t i) {
    return (struct epmt_db_value){.kind = EPMT_DB_INT, .i = i};
}

static inline struct epmt_db_value epmt_db_text(const char *data, uint64_t len) {
    return (struct epmt_db_value){.kind = EPMT_DB_TEXT, .text = {data, len}};
}

struct epmt_db_backend {
    enum epmt_dialect dialect;
    // Opens the place and sets db->handle and db->where. Checks that it is an epmt database of our
    // version and makes the tables in an empty one (not for EPMT_DB_READ).
    int (*open)(struct epmt_db *db, const struct epmt_db_place *place, enum epmt_db_mode mode,
                struct epmt_error *err);
    void (*close)(struct epmt_db *db);
    int (*begin)(struct epmt_db *db, struct epmt_error *err);
    // Outside of a transaction: from now on the references of what is added hold, and rows are
    // taken away with all below them, so that the database need not see to it; or no longer.
    int (*trust)(struct epmt_db *db, bool trusted, struct epmt_error *err);
    // See epmt_db_batch_begin.
    int (*batch_begin)(struct epmt_db *db, struct epmt_error *err);
    int (*batch_end)(struct epmt_db *db, struct epmt_error *err);
    int (*commit)(struct epmt_db *db, struct epmt_error *err);
    void (*rollback)(struct epmt_db *db); // what had failed, or was begun
    // Within a transaction: keeps others that lock the same key out until its end.
    int (*lock)(struct epmt_db *db, const char *key, struct epmt_error *err);
    // Within a transaction: *first is the first of `count` ids of processes that nobody else uses.
    int (*reserve)(struct epmt_db *db, uint64_t count, int64_t *first, struct epmt_error *err);
    // Runs a statement. Prepared once per sql, which must stay the same memory while db is open.
    int (*exec)(struct epmt_db *db, const char *sql, const struct epmt_db_value *values, int count,
                struct epmt_error *err);
    // See epmt_db_limit.
    int (*limit)(struct epmt_db *db, int seconds, struct epmt_error *err);
    const char *sql_snapshot; // begins a transaction that sees one moment
    // The names of the columns of the table $1; none where there is no such table.
    const char *sql_columns;
    // Notes that the schema is now of our version, beside what epmt_schema says.
    int (*stamp)(struct epmt_db *db, bool is_epmt, struct epmt_error *err);
    // Runs several statements without parameters.
    int (*script)(struct epmt_db *db, const char *sql, struct epmt_error *err);
    // As epmt_db_query, with values; the names are only handed over where `header`.
    int (*query)(struct epmt_db *db, const char *sql, const struct epmt_db_value *values, int count,
                 bool header, epmt_db_row_f row, void *context, struct epmt_error *err);
    // Many rows into one table, the fastest way there is: nothing else between begin and end.
    int (*rows_begin)(struct epmt_db *db, const struct epmt_ddl_rows *rows, struct epmt_error *err);
    int (*rows_add)(struct epmt_db *db, const struct epmt_ddl_rows *rows,
                    const struct epmt_db_value *values, struct epmt_error *err);
    int (*rows_end)(struct epmt_db *db, const struct epmt_ddl_rows *rows, struct epmt_error *err);
};

struct epmt_db {
    const struct epmt_db_backend *backend;
    void *handle;  // the back end's
    char *where;   // for messages, without any password
    int timeout_s; // to wait for others
    int limit_s;   // for a statement; 0: none
    bool is_epmt;  // it has an epmt schema: with this
    int64_t version;
    uint64_t dictionary;
    // SQL made from the dictionaries; here, because it must stay while db is open.
    struct epmt_ddl_rows rows[EPMT_DDL_TABLE_COUNT];
    struct epmt_strbuf update_job, update_counted;
    struct epmt_strbuf delete_rows[EPMT_DDL_TABLE_COUNT]; // of the job $1
    struct epmt_db_kept *kept;                            // see epmt_db_keep
    bool lost; // the connection is gone: only another one may do better
};

extern const struct epmt_db_backend epmt_db_sqlite, epmt_db_postgres;

// Checks what the back end found: whether there is a schema, of which version. Returns 0 or -1 with
// err.
int epmt_db_check_schema(const struct epmt_db *db, enum epmt_db_mode mode, struct epmt_error *err);

// Writes the shortest text that is the number, with a point or an exponent, the same for every
// back end.
void epmt_db_real_text(char text[32], double real);

#endif
