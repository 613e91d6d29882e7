// SPDX-License-Identifier: Apache-2.0
// Between db*.c and the back ends: what a kind of database must be able to do. SQL here is common
// to both dialects; parameters stand as $1, $2, ...
#ifndef EPMT_STORAGE_DB_BACKEND_H
#define EPMT_STORAGE_DB_BACKEND_H

#include "metadata/mpi_tables.h"
#include "storage/db.h"
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
    int64_t i;
    double r;
    struct epmt_bytes text;
};

static inline struct epmt_db_value epmt_db_int(int64_t i) {
    return (struct epmt_db_value){.kind = EPMT_DB_INT, .i = i};
}

static inline struct epmt_db_value epmt_db_text(const char *data, uint64_t len) {
    return (struct epmt_db_value){.kind = EPMT_DB_TEXT, .text = {data, len}};
}

struct epmt_db_backend {
    // Opens `where` (what follows scheme:///) and sets db->handle. Checks that it is an epmt
    // database of our version and makes the tables in an empty one (not for EPMT_DB_READ).
    int (*open)(struct epmt_db *db, const char *where, enum epmt_db_mode mode,
                struct epmt_error *err);
    void (*close)(struct epmt_db *db);
    // A transaction that keeps other writers out from its beginning.
    int (*begin)(struct epmt_db *db, struct epmt_error *err);
    int (*commit)(struct epmt_db *db, struct epmt_error *err);
    void (*rollback)(struct epmt_db *db);
    // Runs a statement. Prepared once per sql, which must stay the same memory while db is open.
    int (*exec)(struct epmt_db *db, const char *sql, const struct epmt_db_value *values, int count,
                struct epmt_error *err);
    // As epmt_db_query, with values; the names are only handed over where `header`.
    int (*query)(struct epmt_db *db, const char *sql, const struct epmt_db_value *values, int count,
                 bool header, epmt_db_row_f row, void *context, struct epmt_error *err);
};

struct epmt_db {
    const struct epmt_db_backend *backend;
    void *handle; // the back end's
    bool batch;   // between epmt_db_batch_begin and its commit
    bool broken;  // the transaction is lost
    char *where;
    // SQL made from the dictionary; here, because it must stay while db is open.
    struct epmt_strbuf insert_process, insert_thread, update_job;
    struct epmt_strbuf insert_mpi[EPMT_MPI_TABLE_COUNT];
};

extern const struct epmt_db_backend epmt_db_sqlite;

// What is there wholly or not at all: a transaction, or a part of a batch's that can be taken back.
int epmt_db_unit_begin(struct epmt_db *db, struct epmt_error *err);
int epmt_db_unit_commit(struct epmt_db *db, struct epmt_error *err);
void epmt_db_unit_rollback(struct epmt_db *db);

#endif
