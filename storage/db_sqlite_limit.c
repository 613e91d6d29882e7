// SPDX-License-Identifier: Apache-2.0
// A limit for what SQLite computes: looked at every so many steps of its machine.
#include <time.h>

#include "storage/db_sqlite.h"

#define STEPS 20000

static int64_t now_s(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static int is_late(void *context) {
    const struct epmt_lite *lite = context;

    return now_s() > lite->deadline_s;
}

int epmt_lite_limit(struct epmt_db *db, int seconds, struct epmt_error *err) {
    struct epmt_lite *lite = db->handle;

    (void)err;
    db->limit_s = seconds;
    lite->deadline_s = now_s() + seconds;
    sqlite3_progress_handler(lite->db, STEPS, is_late, lite);
    if (seconds < db->timeout_s) {
        db->timeout_s = seconds;
        sqlite3_busy_timeout(lite->db, seconds * 1000);
    }
    return 0;
}
