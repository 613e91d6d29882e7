// SPDX-License-Identifier: Apache-2.0
// Connecting: by libpq's rules, so that service files, .pgpass, PGHOST and the rest hold. Passwords
// stay out of every message.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "storage/db_postgres.h"

#define KEYWORDS_MAX 12

struct keywords {
    const char *names[KEYWORDS_MAX], *values[KEYWORDS_MAX];
    int count;
};

static void add_keyword(struct keywords *keywords, const char *name, const char *value) {
    if (!value)
        return;
    keywords->names[keywords->count] = name;
    keywords->values[keywords->count++] = value;
}

// What stands first gives way to the URL.
static void set_keywords(struct keywords *keywords, const struct epmt_db_place *place) {
    add_keyword(keywords, "fallback_application_name", "epmt");
    if (!getenv("PGCONNECT_TIMEOUT") && !getenv("PGSERVICE"))
        add_keyword(keywords, "connect_timeout", "15");
    add_keyword(keywords, "dbname", place->url ? place->url : place->dbname);
    add_keyword(keywords, "host", place->host);
    add_keyword(keywords, "port", place->port);
    add_keyword(keywords, "user", place->user);
    add_keyword(keywords, "password", place->password);
    add_keyword(keywords, "client_encoding", "UTF8");
}

// libpq shows the URL, or a part of it, in its complaint about one: that is not passed on.
static int check_url(const struct epmt_db_place *place, struct epmt_error *err) {
    if (!place->url)
        return 0;
    PQconninfoOption *options = PQconninfoParse(place->url, NULL);
    if (!options)
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "the database URL cannot be understood: it must be "
                         "postgresql://[USER[:PASSWORD]@][HOST][:PORT]/DATABASE[?OPTION=VALUE...], "
                         "with other characters as %%XX");
    PQconninfoFree(options);
    return 0;
}

static void describe(struct epmt_db *db, const struct epmt_pg *pg, struct epmt_strbuf *where) {
    const char *user = PQuser(pg->connection), *host = PQhost(pg->connection);
    const char *port = PQport(pg->connection), *name = PQdb(pg->connection);

    epmt_strbuf_printf(where, "postgresql://%s%s", user ? user : "", user && *user ? "@" : "");
    // The directory of a Unix socket is no part of the authority.
    if (host && host[0] == '/')
        epmt_strbuf_printf(where, "/%s?host=%s", name ? name : "", host);
    else
        epmt_strbuf_printf(where, "%s%s%s/%s", host ? host : "", port && *port ? ":" : "",
                           port ? port : "", name ? name : "");
    if (where->failed)
        epmt_strbuf_free(where);
    db->where = where->data;
}

// One line of what libpq said, without the password in it.
static void clean_message(const struct epmt_pg *pg, const char *message, char *line, size_t cap) {
    size_t len = 0, secret = pg->password ? strlen(pg->password) : 0;

    for (; *message && len + 4 < cap; message++) {
        if (secret && !strncmp(message, pg->password, secret)) {
            memcpy(line + len, "***", 3);
            len += 3;
            message += secret - 1;
        } else if (isspace((unsigned char)*message)) {
            if (len && line[len - 1] != ' ')
                line[len++] = ' ';
        } else {
            line[len++] = *message;
        }
    }
    while (len && line[len - 1] == ' ')
        len--;
    line[len] = '\0';
}

int epmt_pg_failed(struct epmt_db *db, const PGresult *result, struct epmt_error *err) {
    struct epmt_pg *pg = db->handle;
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *said = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    char text[300];

    clean_message(pg, said ? said : PQerrorMessage(pg->connection), text, sizeof text);
    db->lost |= PQstatus(pg->connection) != CONNECTION_OK;
    if (db->lost)
        return epmt_errf(err, EPMT_ERR_DATABASE, "lost the connection to database %s: %s",
                         db->where, text);
    if (!state)
        state = "";
    if (!strcmp(state, "55P03"))
        return epmt_errf(err, EPMT_ERR_DATABASE,
                         "database %s is in use by another program (waited %d s)", db->where,
                         db->timeout_s);
    if (!strcmp(state, "57014"))
        return epmt_errf(err, EPMT_ERR_DATABASE, "database %s: the answer took longer than %d s",
                         db->where, db->limit_s);
    if (!strcmp(state, "53100") || !strncmp(state, "58", 2))
        return epmt_errf(err, EPMT_ERR_IO, "cannot write database %s: %s", db->where, text);
    if (!strcmp(state, "53200"))
        return epmt_errf(err, EPMT_ERR_MEMORY, "database %s: %s", db->where, text);
    return epmt_errf(err, EPMT_ERR_DATABASE, "database %s: %s", db->where, text);
}

static void keep_quiet(void *context, const char *message) {
    (void)context, (void)message;
}

int epmt_pg_connect(struct epmt_db *db, const struct epmt_db_place *place, struct epmt_error *err) {
    struct epmt_pg *pg = calloc(1, sizeof *pg);
    struct keywords keywords = {.count = 0};
    struct epmt_strbuf where = {0};
    char text[300];

    if (!pg)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    db->handle = pg;
    if (check_url(place, err))
        return -1;
    set_keywords(&keywords, place);
    pg->connection = PQconnectdbParams(keywords.names, keywords.values, 1);
    if (!pg->connection)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    const char *password = PQpass(pg->connection);
    pg->password = password && *password ? strdup(password) : NULL;
    describe(db, pg, &where);
    if (!db->where)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    PQsetNoticeProcessor(pg->connection, keep_quiet, NULL);
    if (PQstatus(pg->connection) == CONNECTION_OK)
        return 0;
    clean_message(pg, PQerrorMessage(pg->connection), text, sizeof text);
    return epmt_errf(err, EPMT_ERR_DATABASE, "cannot connect to database %s: %s", db->where, text);
}

void epmt_pg_close(struct epmt_db *db) {
    struct epmt_pg *pg = db->handle;

    PQfinish(pg->connection);
    if (pg->password)
        explicit_bzero(pg->password, strlen(pg->password));
    free(pg->password);
    epmt_strbuf_free(&pg->rows);
    epmt_strbuf_free(&pg->texts);
    free(pg);
    db->handle = NULL;
}
