// SPDX-License-Identifier: Apache-2.0
// The database of jobs: tables jobs, job_attributes, steps, processes, threads, mpi_*, generated
// from the dictionaries. A small vtable over the back ends, SQLite and PostgreSQL.
#ifndef EPMT_STORAGE_DB_H
#define EPMT_STORAGE_DB_H

#include "storage/jobfile.h"

struct epmt_db;

enum epmt_db_mode {
    EPMT_DB_READ,  // it must be there, and stays as it is
    EPMT_DB_WRITE, // it is made, with its tables, where there is none
    EPMT_DB_ADMIN, // it must be there, of whichever version
};

// Opens the database at url, as SQLAlchemy writes them: sqlite:///relative/path,
// sqlite:////absolute/path, postgresql://[user@][host][:port]/database; empty: what the variables
// EPMT_DB_* in envp say (see storage/db_url.h), else epmt/epmt.db in the user's data directory.
// EPMT_DB_TIMEOUT in envp: seconds to wait for others. Returns NULL with err: USAGE for a url that
// is none, NOT_FOUND (not EPMT_DB_WRITE), DATABASE for what is no epmt database, VERSION for
// another schema (not EPMT_DB_ADMIN).
struct epmt_db *epmt_db_open(const char *url, enum epmt_db_mode mode, char *const *envp,
                             struct epmt_error *err);
void epmt_db_close(struct epmt_db *db);

// Where it is, for messages: never holds a password.
const char *epmt_db_where(const struct epmt_db *db);

enum epmt_submit_outcome { EPMT_SUBMIT_NEW, EPMT_SUBMIT_GROWN, EPMT_SUBMIT_SAME };

struct epmt_submit_result {
    enum epmt_submit_outcome outcome;
    uint64_t processes, threads; // rows of the job that are in the database now
    uint64_t orphans;            // rows of the file without a process; they are left out
};

// Puts the job in, in one transaction: a new one; one that has grown is completed (jobs.id stays);
// one that is there as it is stays untouched. `file` must be freshly opened. Returns 0 with
// *result, or -1 with err and nothing changed.
int epmt_db_submit(struct epmt_db *db, struct epmt_jobfile *file, struct epmt_submit_result *result,
                   struct epmt_error *err);

// Between these two, what epmt_db_submit put in may be lost again where the machine, or (SQLite)
// this process, ends before epmt_db_batch_end returned 0; each job still wholly or not at all. Many
// small jobs then go in faster. Others may have to wait (SQLite) until the end: batches should be
// short, and what was submitted must only be removed after it. Return 0 or -1 with err.
int epmt_db_batch_begin(struct epmt_db *db, struct epmt_error *err);
int epmt_db_batch_end(struct epmt_db *db, struct epmt_error *err);

// A result row by row, every value as text (NULL where missing). Called once before the rows with
// values NULL, for the names.
typedef int (*epmt_db_row_f)(void *context, int columns, const char *const *names,
                             const char *const *values, const bool *numeric);

#define EPMT_DB_PARAMETERS_MAX 16

// Runs a query with bound parameters ($1, $2, ...; a NULL-terminated list of texts) and calls row
// for each result row, until it returns non-zero. sql must stay the same memory while db is open.
// Returns 0 or -1 with err.
int epmt_db_query(struct epmt_db *db, const char *sql, const char *const *parameters,
                  epmt_db_row_f row, void *context, struct epmt_error *err);

// For those who answer many: all statements have so many seconds together, from since_ms of the
// monotonic clock (0: from now) on; then they fail (DATABASE). Returns 0 or -1 with err.
int epmt_db_limit(struct epmt_db *db, int seconds, int64_t since_ms, struct epmt_error *err);
int64_t epmt_db_clock_ms(void); // the monotonic clock

// For what computes for long between statements: returns 0, or -1 with err (DATABASE) where such a
// limit is over.
int epmt_db_in_time(const struct epmt_db *db, struct epmt_error *err);

// What is asked from now on, until db is closed, is of one moment: of a database open for reading.
// Returns 0 or -1 with err.
int epmt_db_snapshot(struct epmt_db *db, struct epmt_error *err);

// The same SQL in memory that stays while db is open, once however often it is asked for; for SQL
// that was put together. NULL: out of memory. Values belong into parameters, so that there are few
// such texts.
const char *epmt_db_keep(struct epmt_db *db, const char *sql);

struct epmt_db_migration {
    int64_t from, to; // versions of the schema
    // What was added.
    unsigned tables, columns, indexes, views;
    bool remade;   // the views were others
    uint64_t jobs; // whose columns were computed
};

// Brings a database (EPMT_DB_ADMIN) of an older epmt, or one of other metric columns, up to date in
// place, in one transaction. Returns 0, or -1 with err and nothing changed: VERSION for one of a
// newer epmt.
int epmt_db_migrate(struct epmt_db *db, struct epmt_db_migration *migration,
                    struct epmt_error *err);

// Takes all tables and views of epmt out of a database (EPMT_DB_ADMIN), in one transaction. Returns
// 0 or -1 with err.
int epmt_db_drop(struct epmt_db *db, struct epmt_error *err);

// "sqlite", "postgresql".
const char *epmt_db_dialect(const struct epmt_db *db);

#endif
