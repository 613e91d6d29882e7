// SPDX-License-Identifier: Apache-2.0
#include "storage/db_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/iox.h"
#include "metadata/settings.h"
#include "storage/db_backend.h"

static const char sqlite_scheme[] = "sqlite:///";

static int out_of_memory(struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
}

static int copy_text(char **to, const char *text, size_t len, struct epmt_error *err) {
    free(*to);
    *to = strndup(text, len);
    return *to ? 0 : out_of_memory(err);
}

// <data directory of the user>/epmt/epmt.db, its directories made where wanted.
static int default_path(struct epmt_db_place *place, bool make, char *const *envp,
                        struct epmt_error *err) {
    const char *data = epmt_environment_get(envp, "XDG_DATA_HOME");
    const char *home = epmt_environment_get(envp, "HOME");
    struct epmt_strbuf path = {0};

    // The XDG specification has relative paths passed over.
    if (data && data[0] == '/')
        epmt_strbuf_printf(&path, "%s/epmt", data);
    else if (home && home[0] == '/')
        epmt_strbuf_printf(&path, "%s/.local/share/epmt", home);
    else
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "no place for the database: set HOME, XDG_DATA_HOME or EPMT_DB_URL");
    int made = make && !path.failed ? epmt_make_dirs(epmt_strbuf_text(&path), 0) : 0;
    if (made < 0) {
        errno = -made;
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot make %s", epmt_strbuf_text(&path));
        epmt_strbuf_free(&path);
        return -1;
    }
    epmt_strbuf_puts(&path, "/epmt.db");
    if (path.failed) {
        epmt_strbuf_free(&path);
        return out_of_memory(err);
    }
    place->path = path.data;
    return 0;
}

static int sqlite_path(struct epmt_db_place *place, const char *path, struct epmt_error *err) {
    place->backend = &epmt_db_sqlite;
    if (!*path || !strncmp(path, ":memory:", 8))
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "a database in memory would be lost at once: give a file, sqlite:///PATH");
    return copy_text(&place->path, path, strlen(path), err);
}

// What follows the scheme in a URL of PostgreSQL, or NULL. SQLAlchemy names the driver too, as
// postgresql+psycopg2://.
static const char *behind_postgres(const char *url) {
    static const char *const schemes[] = {"postgresql", "postgres"};

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        const char *rest = url + strlen(schemes[i]);
        if (strncmp(url, schemes[i], strlen(schemes[i])))
            continue;
        if (*rest == '+')
            rest += 1 + strspn(rest + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (!strncmp(rest, "://", 3))
            return rest + 3;
    }
    return NULL;
}

static int place_of_url(struct epmt_db_place *place, const char *url, struct epmt_error *err) {
    const char *rest = behind_postgres(url);

    if (rest) {
        struct epmt_strbuf text = {0};
        place->backend = &epmt_db_postgres;
        epmt_strbuf_printf(&text, "postgresql://%s", rest);
        place->url = text.data;
        return text.failed ? out_of_memory(err) : 0;
    }
    if (strncmp(url, sqlite_scheme, sizeof sqlite_scheme - 1))
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "the database URL must be sqlite:///relative/path, "
                         "sqlite:////absolute/path or postgresql://[USER@][HOST][:PORT]/DATABASE");
    if (strchr(url, '?'))
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "options behind '?' in the URL of an SQLite database are not supported");
    return sqlite_path(place, url + sizeof sqlite_scheme - 1, err);
}

// HOST:PORT, as the tool before took it. An address of IPv6 has more colons.
static int split_host(struct epmt_db_place *place, const char *host, struct epmt_error *err) {
    const char *colon = strchr(host, ':');

    if (!colon || strchr(colon + 1, ':') || !isdigit((unsigned char)colon[1]))
        return copy_text(&place->host, host, strlen(host), err);
    return copy_text(&place->port, colon + 1, strlen(colon + 1), err) ||
                   copy_text(&place->host, host, (size_t)(colon - host), err)
               ? -1
               : 0;
}

static const char *variable(char *const *envp, const char *name) {
    const char *value = epmt_environment_get(envp, name);

    return value && *value ? value : NULL;
}

// Returns 1 where the variables name a database, 0 where they do not, -1 with err.
static int place_of_variables(struct epmt_db_place *place, char *const *envp,
                              struct epmt_error *err) {
    const char *provider = variable(envp, "EPMT_DB_PROVIDER");
    const char *file = variable(envp, "EPMT_DB_FILENAME");
    const char *host = variable(envp, "EPMT_DB_HOST");
    const struct {
        char **to;
        const char *value;
    } parts[] = {{&place->user, variable(envp, "EPMT_DB_USER")},
                 {&place->password, variable(envp, "EPMT_DB_PASSWORD")},
                 {&place->dbname, variable(envp, "EPMT_DB_DBNAME")}};

    if (provider ? !strcmp(provider, "sqlite") : file != NULL)
        return file ? (sqlite_path(place, file, err) ? -1 : 1) : 0;
    if (provider && strcmp(provider, "postgres") && strcmp(provider, "postgresql"))
        return epmt_errf(err, EPMT_ERR_USAGE, "EPMT_DB_PROVIDER must be sqlite or postgres, not %s",
                         provider);
    if (!provider && !host && !parts[2].value)
        return 0;
    place->backend = &epmt_db_postgres;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *value = parts[i].value;
        if (value && copy_text(parts[i].to, value, strlen(value), err))
            return -1;
    }
    return host && split_host(place, host, err) ? -1 : 1;
}

int epmt_db_place_find(struct epmt_db_place *place, const char *url, bool make, char *const *envp,
                       struct epmt_error *err) {
    *place = (struct epmt_db_place){.backend = &epmt_db_sqlite};
    if (url && *url)
        return place_of_url(place, url, err);
    int found = place_of_variables(place, envp, err);
    if (found)
        return found < 0 ? -1 : 0;
    return default_path(place, make, envp, err);
}

static void wipe(char **text) {
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

void epmt_db_place_free(struct epmt_db_place *place) {
    char **texts[] = {&place->path, &place->url,      &place->host,  &place->port,
                      &place->user, &place->password, &place->dbname};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        wipe(texts[i]);
}

static void add_parameter(struct epmt_strbuf *url, const char *name, const char *value) {
    if (!value)
        return;
    epmt_strbuf_printf(url, "%c%s=", strchr(epmt_strbuf_text(url), '?') ? '&' : '?', name);
    for (; *value; value++) {
        if (isalnum((unsigned char)*value) || strchr("-._~/", *value))
            epmt_strbuf_add(url, value, 1);
        else
            epmt_strbuf_printf(url, "%%%02x", (unsigned)(unsigned char)*value);
    }
}

bool epmt_db_place_url(const struct epmt_db_place *place, struct epmt_strbuf *url) {
    char *here = NULL;

    if (place->path && place->path[0] != '/' && !(here = getcwd(NULL, 0)))
        return false;
    if (place->path) {
        epmt_strbuf_printf(url, "%s%s%s%s", sqlite_scheme, here ? here : "", here ? "/" : "",
                           place->path);
    } else if (place->url) {
        epmt_strbuf_puts(url, place->url);
    } else {
        epmt_strbuf_puts(url, "postgresql:///");
        add_parameter(url, "host", place->host);
        add_parameter(url, "port", place->port);
        add_parameter(url, "user", place->user);
        add_parameter(url, "password", place->password);
        add_parameter(url, "dbname", place->dbname);
    }
    free(here);
    return true;
}

enum epmt_dialect epmt_db_place_dialect(const char *url, char *const *envp) {
    struct epmt_db_place place;

    epmt_db_place_find(&place, url, false, envp, NULL);
    enum epmt_dialect dialect = place.backend->dialect;
    epmt_db_place_free(&place);
    return dialect;
}
