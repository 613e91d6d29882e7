// SPDX-License-Identifier: Apache-2.0
// URLs of databases and the way to their back ends.
#include "storage/db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/iox.h"
#include "metadata/settings.h"
#include "storage/db_backend.h"
#include "storage/ddl.h"

static const char scheme[] = "sqlite:///";

// <data directory of the user>/epmt/epmt.db, its directories made where wanted. NULL with err.
static char *default_path(char *const *envp, bool make, struct epmt_error *err) {
    const char *data = epmt_environment_get(envp, "XDG_DATA_HOME");
    const char *home = epmt_environment_get(envp, "HOME");
    struct epmt_strbuf path = {0};

    // The XDG specification has relative paths passed over.
    if (data && data[0] == '/')
        epmt_strbuf_printf(&path, "%s/epmt", data);
    else if (home && home[0] == '/')
        epmt_strbuf_printf(&path, "%s/.local/share/epmt", home);
    else {
        epmt_errf(err, EPMT_ERR_USAGE,
                  "no place for the database: set HOME, XDG_DATA_HOME or EPMT_DB_URL");
        return NULL;
    }
    int made = make && !path.failed ? epmt_make_dirs(epmt_strbuf_text(&path), 0) : 0;
    if (made < 0) {
        errno = -made;
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot make %s", epmt_strbuf_text(&path));
        epmt_strbuf_free(&path);
        return NULL;
    }
    epmt_strbuf_puts(&path, "/epmt.db");
    if (path.failed) {
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        epmt_strbuf_free(&path);
    }
    return path.data;
}

// The path in a URL; NULL with err. The URL itself may hold a password and is never shown.
static char *path_of_url(const char *url, struct epmt_error *err) {
    const char *path = url + sizeof scheme - 1;

    if (!strncmp(url, "postgres", 8)) {
        epmt_errf(err, EPMT_ERR_USAGE,
                  "PostgreSQL is not supported by this version; EPMT_DB_URL takes sqlite:///PATH");
        return NULL;
    }
    if (strncmp(url, scheme, sizeof scheme - 1)) {
        epmt_errf(err, EPMT_ERR_USAGE,
                  "the database URL must be sqlite:///relative/path or sqlite:////absolute/path");
        return NULL;
    }
    if (!*path || !strncmp(path, ":memory:", 8)) {
        epmt_errf(err, EPMT_ERR_USAGE,
                  "a database in memory would be lost at once: give a file, sqlite:///PATH");
        return NULL;
    }
    if (strchr(path, '?')) {
        epmt_errf(err, EPMT_ERR_USAGE, "options behind '?' in a database URL are not supported");
        return NULL;
    }
    char *copy = strdup(path);
    if (!copy)
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    return copy;
}

static int make_sql(struct epmt_db *db, struct epmt_error *err) {
    epmt_ddl_insert_process(&db->insert_process);
    epmt_ddl_insert_thread(&db->insert_thread);
    epmt_ddl_update_job(&db->update_job);
    bool failed = db->insert_process.failed || db->insert_thread.failed || db->update_job.failed;
    for (int i = 0; i < EPMT_MPI_TABLE_COUNT; i++) {
        epmt_ddl_insert_mpi(&db->insert_mpi[i], EPMT_ROW_MPI_FUNCTION + i);
        failed = failed || db->insert_mpi[i].failed;
    }
    if (failed)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    return 0;
}

struct epmt_db *epmt_db_open(const char *url, enum epmt_db_mode mode, char *const *envp,
                             struct epmt_error *err) {
    struct epmt_db *db = calloc(1, sizeof *db);

    if (!db) {
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        return NULL;
    }
    db->backend = &epmt_db_sqlite;
    db->where =
        url && *url ? path_of_url(url, err) : default_path(envp, mode == EPMT_DB_WRITE, err);
    if (!db->where || make_sql(db, err) || db->backend->open(db, db->where, mode, err)) {
        epmt_db_close(db);
        return NULL;
    }
    return db;
}

void epmt_db_close(struct epmt_db *db) {
    if (!db)
        return;
    if (db->handle)
        db->backend->close(db);
    epmt_strbuf_free(&db->insert_process);
    epmt_strbuf_free(&db->insert_thread);
    epmt_strbuf_free(&db->update_job);
    for (int i = 0; i < EPMT_MPI_TABLE_COUNT; i++)
        epmt_strbuf_free(&db->insert_mpi[i]);
    free(db->where);
    free(db);
}

const char *epmt_db_where(const struct epmt_db *db) {
    return db->where;
}

int epmt_db_query(struct epmt_db *db, const char *sql, const char *const *parameters,
                  epmt_db_row_f row, void *context, struct epmt_error *err) {
    struct epmt_db_value values[EPMT_DB_PARAMETERS_MAX];
    int count = 0;

    for (; parameters && parameters[count]; count++) {
        if (count == EPMT_DB_PARAMETERS_MAX)
            return epmt_errf(err, EPMT_ERR_FAIL, "a query has too many parameters");
        values[count] = epmt_db_text(parameters[count], strlen(parameters[count]));
    }
    return db->backend->query(db, sql, values, count, true, row, context, err);
}
