// SPDX-License-Identifier: Apache-2.0
// A limit for what SQLite computes: looked at every so many steps of its machine.
#include "storage/db_sqlite.h"

#define STEPS 20000

static int is_late(void *context) {
    return epmt_db_left_ms(context) <= 0;
}

int epmt_lite_limit(struct epmt_db *db, int seconds, struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;

    (void)err;
    sqlite3_progress_handler(lite->db, STEPS, is_late, db);
    if (seconds < db->timeout_s)
        db->timeout_s = seconds;
    int64_t left = epmt_db_left_ms(db);
    if (left < (int64_t)db->timeout_s * 1000)
        sqlite3_busy_timeout(lite->db, left > 0 ? (int)left : 0);
    return 0;
}
