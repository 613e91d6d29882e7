// SPDX-License-Identifier: Apache-2.0
// Reading a database for many who ask: limits, and one moment.
#include <time.h>

#include "storage/db_backend.h"

int64_t epmt_db_clock_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t epmt_db_left_ms(const struct epmt_db *db) {
    return db->deadline_ms - epmt_db_clock_ms();
}

int epmt_db_late(const struct epmt_db *db, struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_DATABASE, "database %s: the answer took longer than %d s",
                     db->where, db->limit_s);
}

int epmt_db_in_time(const struct epmt_db *db, struct epmt_error *err) {
    return db->limit_s && epmt_db_left_ms(db) <= 0 ? epmt_db_late(db, err) : 0;
}

int epmt_db_limit(struct epmt_db *db, int seconds, int64_t since_ms, struct epmt_error *err) {
    if (!since_ms)
        since_ms = epmt_db_clock_ms();
    db->limit_s = seconds;
    db->deadline_ms = since_ms + (int64_t)seconds * 1000;
    if (epmt_db_in_time(db, err))
        return -1;
    return db->backend->limit(db, seconds, err);
}

int epmt_db_snapshot(struct epmt_db *db, struct epmt_error *err) {
    return db->backend->script(db, db->backend->sql_snapshot, err);
}
