// SPDX-License-Identifier: Apache-2.0
// What all databases have in common.
#include "storage/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"
#include "metadata/settings.h"
#include "storage/db_backend.h"

#define TIMEOUT_S 30

static int make_sql(struct epmt_db *db, struct epmt_error *err) {
    bool failed = false;

    epmt_ddl_update_job(&db->update_job);
    epmt_ddl_update_counted(&db->update_counted);
    for (int i = 0; i < EPMT_DDL_TABLE_COUNT; i++) {
        epmt_ddl_rows_make(&db->rows[i], i);
        epmt_ddl_delete_rows(&db->delete_rows[i], i);
        failed = failed || db->rows[i].insert.failed || db->rows[i].copy.failed ||
                 db->delete_rows[i].failed;
    }
    if (failed || db->update_job.failed || db->update_counted.failed)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    return 0;
}

static int get_timeout(char *const *envp, int *seconds, struct epmt_error *err) {
    const char *text = epmt_environment_get(envp, "EPMT_DB_TIMEOUT");
    int64_t number = TIMEOUT_S;

    if (text && *text && (!epmt_parse_whole_i64(text, &number) || number < 0 || number > 86400))
        return epmt_errf(err, EPMT_ERR_USAGE, "EPMT_DB_TIMEOUT must be a number of seconds, not %s",
                         text);
    *seconds = (int)number;
    return 0;
}

struct epmt_db *epmt_db_open(const char *url, enum epmt_db_mode mode, char *const *envp,
                             struct epmt_error *err) {
    struct epmt_db *db = calloc(1, sizeof *db);
    struct epmt_db_place place = {.backend = NULL};

    if (!db) {
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        return NULL;
    }
    int status = epmt_db_place_find(&place, url, mode == EPMT_DB_WRITE, envp, err);
    db->backend = place.backend;
    if (status || get_timeout(envp, &db->timeout_s, err) || make_sql(db, err) ||
        db->backend->open(db, &place, mode, err) || epmt_db_check_schema(db, mode, err)) {
        epmt_db_close(db);
        db = NULL;
    }
    epmt_db_place_free(&place);
    return db;
}

int epmt_db_check_schema(const struct epmt_db *db, enum epmt_db_mode mode, struct epmt_error *err) {
    if (!db->is_epmt)
        return epmt_errf(err, EPMT_ERR_NOT_FOUND,
                         "there is no epmt database in %s yet: `epmt submit` makes it", db->where);
    if (mode == EPMT_DB_ADMIN)
        return 0;
    if (db->version > EPMT_DB_VERSION)
        return epmt_errf(err, EPMT_ERR_VERSION,
                         "database %s has schema version %ld, this epmt works with %d: please use "
                         "a newer epmt",
                         db->where, (long)db->version, EPMT_DB_VERSION);
    if (db->version < EPMT_DB_VERSION)
        return epmt_errf(err, EPMT_ERR_VERSION,
                         "database %s has schema version %ld, this epmt works with %d: `epmt "
                         "migrate` brings it up to date",
                         db->where, (long)db->version, EPMT_DB_VERSION);
    if (db->dictionary != epmt_schema_hash())
        return epmt_errf(err, EPMT_ERR_VERSION,
                         "database %s was made with other metric columns than this epmt has: `epmt "
                         "migrate` brings it up to date",
                         db->where);
    return 0;
}

struct epmt_db_kept {
    struct epmt_db_kept *next;
    char sql[];
};

const char *epmt_db_keep(struct epmt_db *db, const char *sql) {
    size_t size = strlen(sql) + 1;

    for (struct epmt_db_kept *kept = db->kept; kept; kept = kept->next) {
        if (!strcmp(kept->sql, sql))
            return kept->sql;
    }
    struct epmt_db_kept *kept = malloc(sizeof *kept + size);
    if (!kept)
        return NULL;
    memcpy(kept->sql, sql, size);
    kept->next = db->kept;
    db->kept = kept;
    return kept->sql;
}

void epmt_db_close(struct epmt_db *db) {
    if (!db)
        return;
    if (db->handle)
        db->backend->close(db);
    for (int i = 0; i < EPMT_DDL_TABLE_COUNT; i++) {
        epmt_ddl_rows_free(&db->rows[i]);
        epmt_strbuf_free(&db->delete_rows[i]);
    }
    epmt_strbuf_free(&db->update_job);
    epmt_strbuf_free(&db->update_counted);
    while (db->kept) {
        struct epmt_db_kept *kept = db->kept;
        db->kept = kept->next;
        free(kept);
    }
    free(db->where);
    free(db);
}

const char *epmt_db_where(const struct epmt_db *db) {
    return db->where;
}

int epmt_db_batch_begin(struct epmt_db *db, struct epmt_error *err) {
    return db->backend->batch_begin(db, err);
}

int epmt_db_batch_end(struct epmt_db *db, struct epmt_error *err) {
    return db->backend->batch_end(db, err);
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

void epmt_db_real_text(char text[32], double real) {
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, real);
        if (strtod(text, NULL) == real)
            break;
    }
    if (text[strspn(text, "-0123456789")] == '\0')
        memcpy(text + strlen(text), ".0", sizeof ".0");
}
