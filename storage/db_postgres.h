// SPDX-License-Identifier: Apache-2.0
// Parts of the PostgreSQL back end. For storage/db_postgres*.c alone.
#ifndef EPMT_STORAGE_DB_POSTGRES_H
#define EPMT_STORAGE_DB_POSTGRES_H

#include <libpq-fe.h>

#include "storage/db_backend.h"

#define EPMT_PG_STATEMENTS_MAX 64

struct epmt_pg {
    PGconn *connection;
    char *password; // to be kept out of messages; NULL: none is known
    bool in_transaction;
    bool copying;
    int64_t limit_ms;        // of a statement, as the server was told; 0: none
    struct epmt_strbuf rows; // of the COPY under way, not yet sent
    const char *statements[EPMT_PG_STATEMENTS_MAX]; // the callers' SQL: prepared as e0, e1, ...
    int statement_count;
    struct epmt_strbuf texts; // of the parameters of a statement
};

// Fills err from what the server (result; may be NULL) or libpq said. Returns -1.
int epmt_pg_failed(struct epmt_db *db, const PGresult *result, struct epmt_error *err);

// Connects and sets db->handle and db->where. Returns 0 or -1 with err, in which no password is.
int epmt_pg_connect(struct epmt_db *db, const struct epmt_db_place *place, struct epmt_error *err);
void epmt_pg_close(struct epmt_db *db);

// The back end's rows_begin, rows_add, rows_end; and the end of a COPY that failed.
int epmt_pg_rows_begin(struct epmt_db *db, const struct epmt_ddl_rows *rows,
                       struct epmt_error *err);
int epmt_pg_rows_add(struct epmt_db *db, const struct epmt_ddl_rows *rows,
                     const struct epmt_db_value *values, struct epmt_error *err);
int epmt_pg_rows_end(struct epmt_db *db, const struct epmt_ddl_rows *rows, struct epmt_error *err);
void epmt_pg_rows_abandon(struct epmt_db *db);

#endif
