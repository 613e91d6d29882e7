// SPDX-License-Identifier: Apache-2.0
// analysis/outliers.h where a group has more rows than are kept: the sample is spread evenly, and
// every row is looked at all the same. analysis/models.h and causes, with memory looked after.
#include "analysis/outliers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "analysis/models.h"
#include "analysis/outliers_priv.h"
#include "tests/unit/tempdir.h"

#define ROWS 10001

static struct tempdir dir;
static char *no_environment[] = {NULL};
static struct epmt_db *db;
static const int64_t first[] = {1};

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
        "INSERT INTO jobs (id, uuid, digest, jobid, duration, cpu_time, processes) VALUES "
        "(2, 'b', 0, 'b', 100, 50, 1), (3, 'c', 0, 'c', 101, 51, 1), (4, 'd', 0, 'd', 103, 52, 1), "
        "(5, 'e', 0, 'e', 102, 500, 1);"
        "INSERT INTO processes (id, job_id, exename, tags, \"start\", \"end\") "
        "SELECT 30000 + id, id, 'op', 'op:x', 0, 10 * id FROM jobs WHERE id > 1;"
        "INSERT INTO process_tags SELECT id, 'op', 'x' FROM processes WHERE id > 30000;"
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
                                                 .jobs = first,
                                                 .job_count = 1,
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
                                             .jobs = first,
                                             .job_count = 1,
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
    struct epmt_outlier_question question = {.compared = EPMT_COMPARED_PROCESSES,
                                             .jobs = first,
                                             .job_count = 1,
                                             .features = "duration",
                                             .limit = 10};
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

static int count_features(void *context, const char *operation, const struct epmt_feature *feature,
                          const struct epmt_summary *usual) {
    int *counts = context;

    assert_int_equal(usual->count, 3);
    assert_true(feature->name[0] != '\0');
    counts[operation[0] != '\0']++;
    return 0;
}

static int take_id(void *context, const struct epmt_model *model) {
    *(int64_t *)context = model->id;
    assert_int_equal(model->operations, 1);
    return 0;
}

static int64_t make_model(const char *name) {
    static const int64_t jobs[] = {2, 3, 4};
    const struct epmt_model_new fresh = {
        .name = name, .jobs = jobs, .job_count = 3, .operation = "op", .methods = 15};
    struct epmt_error err;
    int64_t id = 0;

    assert_int_equal(epmt_models_create(db, &fresh, &err), 0);
    assert_int_equal(epmt_models_list(db, name, take_id, &id, &err), 0);
    return id;
}

static void a_model_judges_one_job(void **state) {
    static const int64_t jobs[] = {5};
    const struct epmt_outlier_question question = {
        .jobs = jobs, .job_count = 1, .model = "usual", .min_score = 1};
    int64_t id = make_model("usual");
    struct epmt_outliers found;
    struct epmt_error err;
    int counts[2] = {0, 0};

    (void)state;
    assert_int_equal(epmt_models_features(db, id, count_features, counts, &err), 0);
    assert_int_equal(counts[0], 3);
    assert_int_equal(counts[1], 2); // processes of operations have no CPU time here
    // 500 by the three methods, and by all at once.
    assert_int_equal(epmt_outliers_find(db, &question, &found, &err), 0);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.rows[0].feature, "cpu_time");
    assert_int_equal(found.rows[0].points, 3);
    assert_string_equal(found.rows[1].feature, EPMT_DISTANCE_FEATURE);
    epmt_outliers_free(&found);
    assert_int_equal(epmt_models_set_enabled(db, "usual", false, &err), 0);
    assert_int_equal(epmt_outliers_find(db, &question, &found, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_FAIL);
    assert_int_equal(epmt_models_delete(db, "usual", &err), 0);
    assert_int_equal(epmt_models_delete(db, "usual", &err), -1);
    assert_int_equal(err.code, EPMT_ERR_NOT_FOUND);
}

// 500 is 449 from the median 51 of 50, 51, 52; the furthest of these is 1 from it.
static void causes_are_ranked(void **state) {
    static const int64_t jobs[] = {2, 3, 4, 5};
    struct epmt_outlier_question question = {.jobs = jobs, .job_count = 4};
    struct epmt_causes causes;
    struct epmt_error err;

    (void)state;
    assert_int_equal(epmt_root_cause(db, &question, 5, &causes, &err), 0);
    assert_string_equal(causes.rows[0].feature, "cpu_time");
    assert_true(causes.rows[0].ratio > 448 && causes.rows[0].ratio < 450);
    assert_int_equal(causes.references, 3);
    epmt_causes_free(&causes);
    question.compared = EPMT_COMPARED_OPERATIONS;
    question.operation = "op";
    assert_int_equal(epmt_root_cause(db, &question, 5, &causes, &err), 0);
    assert_string_equal(causes.rows[0].operation, "x");
    assert_string_equal(causes.rows[0].feature, "duration");
    assert_true(causes.rows[0].value == 50 && causes.rows[0].ratio == 2);
    epmt_causes_free(&causes);
    question.compared = EPMT_COMPARED_RANKS;
    assert_int_equal(epmt_root_cause(db, &question, 5, &causes, &err), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_tells_what_is_usual),
        cmocka_unit_test(all_at_once_too),
        cmocka_unit_test(the_answer_is_bounded),
        cmocka_unit_test(a_model_judges_one_job),
        cmocka_unit_test(causes_are_ranked),
    };

    return cmocka_run_group_tests(tests, make_db, remove_db);
}
