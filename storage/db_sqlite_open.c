// SPDX-License-Identifier: Apache-2.0
// Opening and making files of SQLite.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/db_file.h"
#include "storage/db_sqlite.h"

// Pages held in memory during a large submit, in KiB.
#define CACHE_KIB 32768

struct identity {
    int64_t application, version, tables;
};

static int get_identity(struct epmt_db *db, struct identity *id, struct epmt_error *err) {
    return epmt_lite_number(db, "PRAGMA application_id", &id->application, err) ||
                   epmt_lite_number(db, "PRAGMA user_version", &id->version, err) ||
                   epmt_lite_number(db, "SELECT count(*) FROM sqlite_master", &id->tables, err)
               ? -1
               : 0;
}

int epmt_lite_stamp(struct epmt_db *db, bool is_epmt, struct epmt_error *err) {
    char sql[96];

    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             is_epmt ? EPMT_DB_APPLICATION : 0, is_epmt ? EPMT_DB_VERSION : 0);
    return epmt_lite_script(db, sql, err);
}

static int make_tables(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_strbuf sql = {0};
    int result = -1;

    epmt_ddl_create(&sql, EPMT_DIALECT_SQLITE);
    if (sql.failed)
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    else
        result = epmt_lite_script(db, sql.data, err) || epmt_lite_stamp(db, true, err) ? -1 : 0;
    epmt_strbuf_free(&sql);
    return result;
}

static bool is_empty(const struct identity *id) {
    return !id->application && !id->version && !id->tables;
}

// Makes the tables where there is nothing yet. Somebody else may do so at the same time.
static int make_if_empty(struct epmt_db *db, struct identity *id, struct epmt_error *err) {
    if (epmt_lite_begin(db, err))
        return -1;
    if (get_identity(db, id, err))
        goto out;
    if (is_empty(id) && make_tables(db, err))
        goto out;
    if (get_identity(db, id, err))
        goto out;
    return epmt_lite_commit(db, err);
out:
    epmt_lite_rollback(db);
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
    return epmt_lite_query(db, "SELECT \"value\" FROM \"epmt_schema\" WHERE \"key\" = 'dictionary'",
                           NULL, 0, false, take_dictionary, &db->dictionary, err);
}

static int open_file(struct epmt_db *db, const char *path, int flags, struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;

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
    if (epmt_lite_script(db, sql, err) || epmt_lite_script(db, "PRAGMA foreign_keys = ON", err) ||
        epmt_lite_script(db, "PRAGMA trusted_schema = OFF", err))
        return -1;
    return mode == EPMT_DB_READ ? epmt_lite_script(db, "PRAGMA query_only = ON", err) : 0;
}

// Makes the file with its tables in one go: what fails, or is killed, leaves none behind. Somebody
// else may do so at the same time.
static int make_file(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;
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

int epmt_lite_open(struct epmt_db *db, const struct epmt_db_place *place, enum epmt_db_mode mode,
                   struct epmt_error *err) {
    struct epmt_lite *lite = calloc(1, sizeof *lite);
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
