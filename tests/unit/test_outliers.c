// SPDX-License-Identifier: Apache-2.0
// analysis/outliers.h where a group has more rows than are kept: the sample is spread evenly, and
// every row is looked at all the same.
#include "analysis/outliers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "analysis/outliers_priv.h"
#include "tests/unit/tempdir.h"

#define ROWS 10001

static struct tempdir dir;
static char *no_environment[] = {NULL};
static struct epmt_db *db;

static int make_db(void **state) {
    char url[PATH_MAX + 16];
    struct epmt_error err;
    sqlite3 *raw;

    (void)state;
    if (tempdir_make(&dir))
        return -1;
    snprintf(url, sizeof url, "sqlite:///%s", tempdir_name(&dir, "test.db"));
    db = epmt_db_open(url, EPMT_DB_WRITE, no_environment, &err);
    if (!db || sqlite3_open(tempdir_name(&dir, "test.db"), &raw))
        return -1;
    // Process i ran i % 100 us; one of no sample ran a million.
    int status = sqlite3_exec(
        raw,
        "INSERT INTO jobs (id, uuid, digest, jobid) VALUES (1, 'u', 0, 'j');"
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
        "INSERT INTO processes (id, job_id, exename, \"start\", \"end\", cpu_time) "
        "SELECT i + 1, 1, 'a', 1000, 1000 + i % 100, i % 100 FROM n;"
        "UPDATE processes SET \"end\" = 1000000, cpu_time = 1000000 WHERE id = 7778;"
        "INSERT INTO processes (id, job_id, exename, \"start\", \"end\") VALUES "
        "(20001, 1, 'b', 1, 2), (20002, 1, 'b', 1, 2), (20003, 1, 'b', 1, 1000)",
        NULL, NULL, NULL);
    sqlite3_close(raw);
    return status;
}

static int remove_db(void **state) {
    (void)state;
    epmt_db_close(db);
    tempdir_remove(&dir);
    return 0;
}

static void a_sample_tells_what_is_usual(void **state) {
    static const size_t samples[] = {1, 7, 64, 4096, ROWS - 1, ROWS, 0};

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct epmt_outlier_question question = {.compared = EPMT_COMPARED_PROCESSES,
                                                 .features = "duration",
                                                 .min_score = 1,
                                                 .sample = samples[i]};
        struct epmt_outliers found;
        struct epmt_error err;
        assert_int_equal(epmt_outliers_find(db, &question, &found, &err), 0);
        assert_int_equal(found.small, samples[i] == 1 ? 2 : 1); // the three of b
        if (samples[i] != 1) {
            assert_int_equal(found.values, ROWS);
            assert_int_equal(found.sampled, samples[i] && samples[i] < ROWS - 1);
            assert_int_equal(found.count, 1);
            assert_int_equal(found.rows[0].id, 7778);
            assert_string_equal(found.rows[0].jobid, "j");
            assert_string_equal(found.rows[0].group, "a");
            assert_in_range(found.rows[0].usual.median, samples[i] == 7 ? 20 : 45,
                            samples[i] == 7 ? 80 : 54);
        }
        epmt_outliers_free(&found);
    }
}

static void all_at_once_too(void **state) {
    struct epmt_outlier_question question = {.compared = EPMT_COMPARED_PROCESSES,
                                             .methods = 1U << EPMT_METHOD_DISTANCE,
                                             .min_score = 1,
                                             .sample = 200};
    struct epmt_outliers found;
    struct epmt_error err;

    (void)state;
    assert_int_equal(epmt_outliers_find(db, &question, &found, &err), 0);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.rows[0].id, 7778);
    assert_int_equal(found.sampled, 1);
    assert_int_equal(found.missing, 3); // b has no CPU time
    epmt_outliers_free(&found);
}

static void the_answer_is_bounded(void **state) {
    struct epmt_outlier_question question = {
        .compared = EPMT_COMPARED_PROCESSES, .features = "duration", .limit = 10};
    struct epmt_outliers found;
    struct epmt_error err;

    (void)state;
    assert_int_equal(epmt_outliers_find(db, &question, &found, &err), 0);
    assert_int_equal(found.count, 10);
    assert_int_equal(found.found, ROWS);
    assert_int_equal(found.rows[0].id, 7778);
    assert_int_equal(found.rows[1].value, 99); // then those furthest from 49.5
    epmt_outliers_free(&found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_tells_what_is_usual),
        cmocka_unit_test(all_at_once_too),
        cmocka_unit_test(the_answer_is_bounded),
    };

    return cmocka_run_group_tests(tests, make_db, remove_db);
}
