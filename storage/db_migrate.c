// SPDX-License-Identifier: Apache-2.0
// Schemas forward, in place: whatever today's schema has and the database has not is added, and
// what epmt submit would have computed is computed from the rows.
#include "storage/db_migrate.h"

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
                               uint64_t *changes, struct epmt_error *err) {
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
        ++*changes;
    }
    for (int i = 0; !status && there->count && i < count; i++) {
        if (has(there, columns[i].name))
            continue;
        epmt_strbuf_printf(sql, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s;\n", name, columns[i].name,
                           columns[i].type);
        ++*changes;
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

static int change_schema(struct epmt_db *db, struct epmt_db_migration *migration,
                         struct epmt_error *err) {
    enum epmt_dialect dialect = db->backend->dialect;
    struct epmt_strbuf sql = {0};
    int status = 0;

    epmt_ddl_drop_views(&sql);
    for (int table = 0; table < EPMT_DDL_TABLE_COUNT && !status; table++)
        status = add_what_is_missing(db, table, &sql, &migration->changes, err);
    epmt_strbuf_puts(&sql, "DROP INDEX IF EXISTS \"processes_exename\";\n"); // of version 1
    epmt_ddl_indexes(&sql);
    epmt_ddl_views(&sql, dialect);
    epmt_ddl_comments(&sql, dialect);
    epmt_ddl_identity(&sql);
    if (!status)
        status = run(db, &sql, err);
    epmt_strbuf_free(&sql);
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
