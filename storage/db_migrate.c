// SPDX-License-Identifier: Apache-2.0
// Schemas forward, in place: whatever today's schema has and the database has not is added, and
// what epmt submit would have computed is computed from the rows.
#include "storage/db_migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct names {
    char list[EPMT_DDL_COLUMNS_MAX][64];
    int count;
};

static int take_name(void *context, int columns, const char *const *names,
                     const char *const *values, const bool *numeric) {
    struct names *known = context;

    (void)columns, (void)names, (void)numeric;
    if (values[0] && known->count < EPMT_DDL_COLUMNS_MAX && strlen(values[0]) < 64)
        memcpy(known->list[known->count++], values[0], strlen(values[0]) + 1);
    return 0;
}

static bool has(const struct names *names, const char *name) {
    for (int i = 0; i < names->count; i++) {
        if (!strcmp(names->list[i], name))
            return true;
    }
    return false;
}

static bool is_ours(const struct epmt_ddl_column *columns, int count, const char *name) {
    for (int i = 0; i < count; i++) {
        if (!strcmp(columns[i].name, name))
            return true;
    }
    return false;
}

// Of the same version, more columns than ours are those of an epmt that knows more.
static int refuse_unknown(const struct epmt_db *db, const char *table, const struct names *there,
                          const struct epmt_ddl_column *columns, int count,
                          struct epmt_error *err) {
    for (int i = 0; i < there->count && db->version == EPMT_DB_VERSION; i++) {
        if (!is_ours(columns, count, there->list[i]))
            return epmt_errf(err, EPMT_ERR_VERSION,
                             "database %s was made by another epmt: table %s has the column %s, "
                             "which this one does not know",
                             db->where, table, there->list[i]);
    }
    return 0;
}

static int add_what_is_missing(struct epmt_db *db, int table, struct epmt_strbuf *sql,
                               struct epmt_db_migration *migration, struct epmt_error *err) {
    struct epmt_ddl_column columns[EPMT_DDL_COLUMNS_MAX];
    enum epmt_dialect dialect = db->backend->dialect;
    const char *name = epmt_ddl_table_name(table);
    struct epmt_db_value parameter = epmt_db_text(name, strlen(name));
    struct names *there = calloc(1, sizeof *there);
    int count = epmt_ddl_columns(table, dialect, columns), status;

    if (!there)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    status = db->backend->query(db, db->backend->sql_columns, &parameter, 1, false, take_name,
                                there, err) ||
                     refuse_unknown(db, name, there, columns, count, err)
                 ? -1
                 : 0;
    if (!status && !there->count) {
        epmt_ddl_table(sql, table, dialect);
        migration->tables++;
    }
    for (int i = 0; !status && there->count && i < count; i++) {
        if (has(there, columns[i].name))
            continue;
        epmt_strbuf_printf(sql, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s;\n", name, columns[i].name,
                           columns[i].type);
        migration->columns++;
    }
    free(there);
    return status;
}

static int run(struct epmt_db *db, struct epmt_strbuf *sql, struct epmt_error *err) {
    int status = sql->failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory")
                             : db->backend->script(db, epmt_strbuf_text(sql), err);

    epmt_strbuf_reset(sql);
    return status;
}

static int take_object(void *context, int columns, const char *const *names,
                       const char *const *values, const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    epmt_strbuf_printf(context, "%s\n", values[0] ? values[0] : "");
    return 0;
}

static int read_objects(struct epmt_db *db, struct epmt_strbuf *objects, struct epmt_error *err) {
    epmt_strbuf_puts(objects, "\n");
    return db->backend->query(db, db->backend->sql_objects, NULL, 0, false, take_object, objects,
                              err);
}

static bool has_object(const struct epmt_strbuf *objects, char kind, const char *name, size_t len) {
    char line[80];

    snprintf(line, sizeof line, "\n%c %.*s\n", kind, (int)len, name);
    return strstr(epmt_strbuf_text(objects), line) != NULL;
}

static int take_views_hash(void *context, int columns, const char *const *names,
                           const char *const *values, const bool *numeric) {
    (void)columns, (void)names, (void)numeric;
    *(uint64_t *)context = values[0] ? strtoull(values[0], NULL, 16) : 0;
    return 1;
}

// Views are made anew where one is missing or another; whoever may read them stays so where none
// is.
static int change_views(struct epmt_db *db, const struct epmt_strbuf *before,
                        struct epmt_strbuf *sql, struct epmt_db_migration *migration,
                        struct epmt_error *err) {
    enum epmt_dialect dialect = db->backend->dialect;
    uint64_t hash = 0;

    if (db->backend->query(db, "SELECT \"value\" FROM \"epmt_schema\" WHERE \"key\" = 'views'",
                           NULL, 0, false, take_views_hash, &hash, err))
        return -1;
    for (int i = 0; epmt_ddl_view_name(i); i++) {
        const char *name = epmt_ddl_view_name(i);
        migration->views += !has_object(before, 'v', name, strlen(name));
    }
    migration->remade = hash != epmt_ddl_views_hash(dialect);
    if (migration->remade || migration->views) {
        epmt_ddl_drop_views(sql);
        epmt_ddl_views(sql, dialect);
    }
    return 0;
}

// Counts what of `after` is not in `before`.
static unsigned count_indexes(const struct epmt_strbuf *before, const struct epmt_strbuf *after) {
    const char *line = epmt_strbuf_text(after) + 1;
    unsigned count = 0;

    for (; *line; line += strcspn(line, "\n") + 1) {
        if (*line == 'i' && !has_object(before, 'i', line + 2, strcspn(line + 2, "\n")))
            count++;
    }
    return count;
}

static int change_schema(struct epmt_db *db, struct epmt_db_migration *migration,
                         struct epmt_error *err) {
    enum epmt_dialect dialect = db->backend->dialect;
    struct epmt_strbuf sql = {0}, before = {0}, after = {0};
    int status = read_objects(db, &before, err);

    for (int table = 0; table < EPMT_DDL_TABLE_COUNT && !status; table++)
        status = add_what_is_missing(db, table, &sql, migration, err);
    epmt_strbuf_puts(&sql, "DROP INDEX IF EXISTS \"processes_exename\";\n"); // of version 1
    epmt_ddl_indexes(&sql);
    if (!status)
        status = change_views(db, &before, &sql, migration, err);
    epmt_ddl_comments(&sql, dialect);
    epmt_ddl_identity(&sql, dialect);
    if (!status)
        status = run(db, &sql, err) || read_objects(db, &after, err) ? -1 : 0;
    if (!status && (before.failed || after.failed))
        status = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (!status)
        migration->indexes = count_indexes(&before, &after);
    epmt_strbuf_free(&sql);
    epmt_strbuf_free(&before);
    epmt_strbuf_free(&after);
    return status;
}

int epmt_db_migrate(struct epmt_db *db, struct epmt_db_migration *migration,
                    struct epmt_error *err) {
    *migration = (struct epmt_db_migration){.from = db->version, .to = EPMT_DB_VERSION};
    if (db->version > EPMT_DB_VERSION)
        return epmt_db_check_schema(db, EPMT_DB_WRITE, err);
    if (db->backend->begin(db, err))
        return -1;
    if (change_schema(db, migration, err) || db->backend->stamp(db, true, err) ||
        (db->version < 2 && epmt_db_compute_jobs(db, &migration->jobs, err)) ||
        db->backend->commit(db, err)) {
        db->backend->rollback(db);
        return -1;
    }
    db->version = EPMT_DB_VERSION;
    db->dictionary = epmt_schema_hash();
    return 0;
}

int epmt_db_drop(struct epmt_db *db, struct epmt_error *err) {
    struct epmt_strbuf sql = {0};
    int status = -1;

    if (db->version > EPMT_DB_VERSION)
        return epmt_db_check_schema(db, EPMT_DB_WRITE, err);
    if (db->backend->begin(db, err))
        return -1;
    epmt_ddl_drop(&sql);
    if (!run(db, &sql, err) && !db->backend->stamp(db, false, err) && !db->backend->commit(db, err))
        status = 0;
    else
        db->backend->rollback(db);
    epmt_strbuf_free(&sql);
    if (status)
        return -1;
    db->is_epmt = false;
    return db->backend->dialect == EPMT_DIALECT_SQLITE ? db->backend->script(db, "VACUUM", err) : 0;
}

const char *epmt_db_dialect(const struct epmt_db *db) {
    return epmt_dialect_name(db->backend->dialect);
}
