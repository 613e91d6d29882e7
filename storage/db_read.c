// SPDX-License-Identifier: Apache-2.0
// Reading a database for many who ask: limits, and one moment.
#include "storage/db_backend.h"

int epmt_db_limit(struct epmt_db *db, int seconds, struct epmt_error *err) {
    return db->backend->limit(db, seconds, err);
}

int epmt_db_snapshot(struct epmt_db *db, struct epmt_error *err) {
    return db->backend->script(db, db->backend->sql_snapshot, err);
}
