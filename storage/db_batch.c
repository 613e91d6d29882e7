// SPDX-License-Identifier: Apache-2.0
// Several submits in one transaction: making each durable by itself costs more than a small job.
// Each stands behind a savepoint of its own, so that the failure of one leaves the others.
#include "storage/db_backend.h"

static const char sql_savepoint[] = "SAVEPOINT \"epmt_unit\"";
static const char sql_release[] = "RELEASE SAVEPOINT \"epmt_unit\"";
static const char sql_back[] = "ROLLBACK TO SAVEPOINT \"epmt_unit\"";

static int exec(struct epmt_db *db, const char *sql, struct epmt_error *err) {
    return db->backend->exec(db, sql, NULL, 0, err);
}

int epmt_db_batch_begin(struct epmt_db *db, struct epmt_error *err) {
    if (db->backend->begin(db, err))
        return -1;
    db->batch = true;
    db->broken = false;
    return 0;
}

int epmt_db_batch_commit(struct epmt_db *db, struct epmt_error *err) {
    int status = db->broken ? epmt_errf(err, EPMT_ERR_DATABASE, "the transaction was given up")
                            : db->backend->commit(db, err);

    if (status)
        db->backend->rollback(db);
    db->batch = db->broken = false;
    return status;
}

int epmt_db_unit_begin(struct epmt_db *db, struct epmt_error *err) {
    return db->batch ? exec(db, sql_savepoint, err) : db->backend->begin(db, err);
}

int epmt_db_unit_commit(struct epmt_db *db, struct epmt_error *err) {
    return db->batch ? exec(db, sql_release, err) : db->backend->commit(db, err);
}

void epmt_db_unit_rollback(struct epmt_db *db) {
    if (!db->batch)
        db->backend->rollback(db);
    // Where the database has ended the whole transaction (full disk, lost connection) there is no
    // way back to a part of it.
    else if (exec(db, sql_back, NULL) || exec(db, sql_release, NULL))
        db->broken = true;
}
