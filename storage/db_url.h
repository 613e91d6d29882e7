// SPDX-License-Identifier: Apache-2.0
// Where a database is: from its URL, or from the variables of the tool before.
#ifndef EPMT_STORAGE_DB_URL_H
#define EPMT_STORAGE_DB_URL_H

#include "storage/db.h"
#include "storage/ddl.h"

struct epmt_db_backend;

// One of path (SQLite), url or the four others (PostgreSQL); what is not said is NULL, and libpq's
// rules (PGHOST, service files, .pgpass, ...) hold for it.
struct epmt_db_place {
    const struct epmt_db_backend *backend;
    char *path;
    char *url, *host, *port, *user, *password, *dbname;
};

// Fills in place from url; where that is NULL or empty from EPMT_DB_PROVIDER, EPMT_DB_USER,
// EPMT_DB_PASSWORD, EPMT_DB_HOST, EPMT_DB_DBNAME and EPMT_DB_FILENAME in envp, or else the default.
// Makes the directory of the default where `make`. Returns 0, or -1 with err (USAGE, IO, MEMORY),
// whose text never holds a URL: there may be a password in it. epmt_db_place_free either way.
int epmt_db_place_find(struct epmt_db_place *place, const char *url, bool make, char *const *envp,
                       struct epmt_error *err);
void epmt_db_place_free(struct epmt_db_place *place);

// Appends a URL that names the same database from any directory, as whoever opens it by SQLAlchemy
// or libpq takes it; a password is in it. False where the current directory is unknown.
bool epmt_db_place_url(const struct epmt_db_place *place, struct epmt_strbuf *url);

// The dialect of the place that the same arguments name; SQLite where they name none.
enum epmt_dialect epmt_db_place_dialect(const char *url, char *const *envp);

#endif
