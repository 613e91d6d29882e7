// SPDX-License-Identifier: Apache-2.0
// Annotations in the database, and how they outlast that their job is submitted again.
#include <string.h>

#include "storage/annotate.h"
#include "storage/db_backend.h"
#include "storage/tags.h"

#define PUT(scope)                                                                \
    "INSERT INTO \"job_attributes\" (\"job_id\", \"scope\", \"key\", \"value\") " \
    "VALUES ($1, '" scope "', $2, $3) "                                           \
    "ON CONFLICT (\"job_id\", \"scope\", \"key\") DO UPDATE SET \"value\" = excluded.\"value\""
#define DROP(scope) \
    "DELETE FROM \"job_attributes\" WHERE \"job_id\" = $1 AND \"scope\" = '" scope "'"

static const char sql_find[] = "SELECT \"uuid\" FROM \"jobs\" WHERE \"id\" = $1";
static const char sql_put[] = PUT(EPMT_ANNOTATION_SCOPE);
static const char sql_remember[] = PUT(EPMT_ANNOTATED_SCOPE);
static const char sql_drop[] = DROP(EPMT_ANNOTATION_SCOPE);
static const char sql_forget[] = DROP(EPMT_ANNOTATED_SCOPE);
static const char sql_unforget[] = DROP(EPMT_UNANNOTATED_SCOPE) " AND \"key\" = $2";
// What a job file brings back later is dropped again.
static const char sql_bury[] =
    "INSERT INTO \"job_attributes\" (\"job_id\", \"scope\", \"key\", \"value\") "
    "SELECT \"job_id\", '" EPMT_UNANNOTATED_SCOPE "', \"key\", '' FROM \"job_attributes\" "
    "WHERE \"job_id\" = $1 AND \"scope\" = '" EPMT_ANNOTATION_SCOPE "' "
    "ON CONFLICT (\"job_id\", \"scope\", \"key\") DO NOTHING";
static const char sql_settle_dropped[] =
    DROP(EPMT_ANNOTATION_SCOPE) " AND \"key\" IN (SELECT u.\"key\" FROM \"job_attributes\" u "
                                "WHERE u.\"job_id\" = $1 AND u.\"scope\" = '" EPMT_UNANNOTATED_SCOPE
                                "')";
static const char sql_settle_put[] =
    "INSERT INTO \"job_attributes\" (\"job_id\", \"scope\", \"key\", \"value\") "
    "SELECT \"job_id\", '" EPMT_ANNOTATION_SCOPE "', \"key\", \"value\" FROM \"job_attributes\" "
    "WHERE \"job_id\" = $1 AND \"scope\" = '" EPMT_ANNOTATED_SCOPE "' "
    "ON CONFLICT (\"job_id\", \"scope\", \"key\") DO UPDATE SET \"value\" = excluded.\"value\"";
static const char sql_find_tags[] =
    "SELECT \"value\" FROM \"job_attributes\" WHERE \"job_id\" = $1 AND "
    "\"scope\" = '" EPMT_ANNOTATED_SCOPE "' AND \"key\" = '" EPMT_ANNOTATION_TAGS "'";
static const char sql_set_tags[] = "UPDATE \"jobs\" SET \"tags\" = $2 WHERE \"id\" = $1";
static const char sql_set_fact[] =
    "INSERT INTO \"job_attributes\" (\"job_id\", \"scope\", \"key\", \"value\") "
    "VALUES ($1, 'job', 'tags', $2) "
    "ON CONFLICT (\"job_id\", \"scope\", \"key\") DO UPDATE SET \"value\" = excluded.\"value\"";
static const char sql_drop_tags[] = "DELETE FROM \"job_tags\" WHERE \"job_id\" = $1";
static const char sql_put_tag[] =
    "INSERT INTO \"job_tags\" (\"job_id\", \"key\", \"value\") VALUES ($1, $2, $3)";

static int exec(struct epmt_db *db, const char *sql, const struct epmt_db_value *values, int count,
                struct epmt_error *err) {
    return db->backend->exec(db, sql, values, count, err);
}

static int take_text(void *context, int columns, const char *const *names,
                     const char *const *values, const bool *numeric) {
    struct epmt_strbuf *text = context;

    (void)columns, (void)names, (void)numeric;
    epmt_strbuf_puts(text, values[0] ? values[0] : "");
    epmt_strbuf_add(text, "", 0);
    return 1;
}

// Makes a text the tags of the job.
static int set_tags(struct epmt_db *db, int64_t id, struct epmt_bytes text,
                    struct epmt_error *err) {
    struct epmt_db_value values[3] = {epmt_db_int(id), epmt_db_text(text.data, text.len)};
    struct epmt_tags tags = {0};
    int status = epmt_tags_parse(&tags, text) ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory")
                                              : exec(db, sql_set_tags, values, 2, err);

    if (!status)
        status = exec(db, sql_set_fact, values, 2, err);
    if (!status)
        status = exec(db, sql_drop_tags, values, 1, err);
    for (size_t i = 0; i < tags.count && !status; i++) {
        values[1] = epmt_db_text(tags.tags[i].key.data, tags.tags[i].key.len);
        values[2] = epmt_db_text(tags.tags[i].value.data, tags.tags[i].value.len);
        status = exec(db, sql_put_tag, values, 3, err);
    }
    epmt_tags_free(&tags);
    return status;
}

static int put(struct epmt_db *db, int64_t id, const struct epmt_annotation *at,
               struct epmt_error *err) {
    struct epmt_strbuf key = {0}, value = {0};
    int status = -1;

    epmt_strbuf_add_clean(&key, (struct epmt_bytes){at->key, strlen(at->key)});
    epmt_strbuf_add_clean(&value, (struct epmt_bytes){at->value, strlen(at->value)});
    struct epmt_bytes short_key =
        epmt_text_cut((struct epmt_bytes){epmt_strbuf_text(&key), key.len}, EPMT_TAG_KEY_MAX);
    struct epmt_bytes text = {epmt_strbuf_text(&value), value.len};
    struct epmt_db_value values[3] = {epmt_db_int(id), epmt_db_text(short_key.data, short_key.len),
                                      epmt_db_text(text.data, text.len)};
    if (key.failed || value.failed)
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    else if (!exec(db, sql_put, values, 3, err) && !exec(db, sql_remember, values, 3, err) &&
             !exec(db, sql_unforget, values, 2, err))
        status = strcmp(at->key, EPMT_ANNOTATION_TAGS) != 0 ? 0 : set_tags(db, id, text, err);
    epmt_strbuf_free(&key);
    epmt_strbuf_free(&value);
    return status;
}

// Keeps a submit of the same job out; fails where there is none.
static int lock(struct epmt_db *db, const struct epmt_db_value *id, struct epmt_error *err) {
    struct epmt_strbuf uuid = {0};
    int status = db->backend->query(db, sql_find, id, 1, false, take_text, &uuid, err);

    if (!status && !uuid.len)
        status = epmt_errf(err, EPMT_ERR_NOT_FOUND, "the job is gone already");
    if (!status)
        status = db->backend->lock(db, uuid.data, err);
    epmt_strbuf_free(&uuid);
    return status;
}

static int annotate(struct epmt_db *db, int64_t id, const struct epmt_annotations *annotations,
                    struct epmt_error *err) {
    struct epmt_db_value key = epmt_db_int(id);
    int status = lock(db, &key, err);

    if (!status && annotations->replace &&
        (exec(db, sql_bury, &key, 1, err) || exec(db, sql_drop, &key, 1, err) ||
         exec(db, sql_forget, &key, 1, err)))
        status = -1;
    for (int i = 0; i < annotations->count && !status; i++)
        status = put(db, id, &annotations->items[i], err);
    return status;
}

int epmt_db_annotate(struct epmt_db *db, int64_t id, const struct epmt_annotations *annotations,
                     struct epmt_error *err) {
    if (db->backend->begin(db, err))
        return -1;
    if (!annotate(db, id, annotations, err) && !db->backend->commit(db, err))
        return 0;
    db->backend->rollback(db);
    return -1;
}

int epmt_db_settle_annotations(struct epmt_db *db, int64_t id, struct epmt_error *err) {
    struct epmt_db_value key = epmt_db_int(id);
    struct epmt_strbuf tags = {0};
    int status =
        exec(db, sql_settle_dropped, &key, 1, err) || exec(db, sql_settle_put, &key, 1, err) ||
                db->backend->query(db, sql_find_tags, &key, 1, false, take_text, &tags, err)
            ? -1
            : 0;

    if (!status && tags.len)
        status = set_tags(db, id, (struct epmt_bytes){tags.data, tags.len}, err);
    epmt_strbuf_free(&tags);
    return status;
}
