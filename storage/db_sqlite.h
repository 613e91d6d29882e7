// SPDX-License-Identifier: Apache-2.0
// Parts of the SQLite back end. For storage/db_sqlite*.c alone.
#ifndef EPMT_STORAGE_DB_SQLITE_H
#define EPMT_STORAGE_DB_SQLITE_H

#include <sqlite3.h>

#include "storage/db_backend.h"

#define EPMT_LITE_STATEMENTS_MAX 64

struct epmt_lite_statement {
    const char *sql; // the caller's
    sqlite3_stmt *stmt;
    int count;
    int *place; // of parameter i of SQLite: the value's
    struct epmt_db_value *bound;
};

struct epmt_lite {
    sqlite3 *db;
    struct epmt_lite_statement statements[EPMT_LITE_STATEMENTS_MAX];
    int statement_count;
    bool in_batch;
};

// Fills err from what SQLite said last. Returns -1.
int epmt_lite_failed(struct epmt_db *db, struct epmt_error *err);

// The back end's script, query, begin, commit and rollback.
int epmt_lite_script(struct epmt_db *db, const char *sql, struct epmt_error *err);
int epmt_lite_query(struct epmt_db *db, const char *sql, const struct epmt_db_value *values,
                    int count, bool header, epmt_db_row_f row, void *context,
                    struct epmt_error *err);
int epmt_lite_begin(struct epmt_db *db, struct epmt_error *err);
int epmt_lite_commit(struct epmt_db *db, struct epmt_error *err);
void epmt_lite_rollback(struct epmt_db *db);

// The first column of the first row, 0 where there is none. Returns 0 or -1 with err.
int epmt_lite_number(struct epmt_db *db, const char *sql, int64_t *number, struct epmt_error *err);

// The back end's open, stamp and limit.
int epmt_lite_open(struct epmt_db *db, const struct epmt_db_place *place, enum epmt_db_mode mode,
                   struct epmt_error *err);
int epmt_lite_stamp(struct epmt_db *db, bool is_epmt, struct epmt_error *err);
int epmt_lite_limit(struct epmt_db *db, int seconds, struct epmt_error *err);

#endif
