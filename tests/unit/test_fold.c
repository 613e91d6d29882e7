// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "storage/envfilter.h"
#include "storage/fold_priv.h"
#include "tests/unit/jobs.h"
#include "tests/unit/rows.h"
#include "tests/unit/tempdir.h"

static struct epmt_error err;

static struct epmt_jobfold *fresh(void) {
    struct epmt_jobfold *fold = epmt_fold_create();

    assert_non_null(fold);
    return fold;
}

static void add(struct epmt_jobfold *fold, const struct epmt_record *record) {
    assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, record, &err), 0);
}

static void finish(struct epmt_jobfold *fold, bool ended) {
    assert_int_equal(epmt_fold_finish(fold, ended, &err), 0);
}

// A record with an image and a revision, and half of the other columns.
static void make(struct epmt_record *record, uint64_t image, uint64_t revision, uint64_t seed) {
    rows_make(record, seed, 40);
    epmt_record_set_u(record, EPMT_COL_image, image);
    epmt_record_set_u(record, EPMT_COL_revision, revision);
    if (epmt_record_has(record, EPMT_COL_state))
        epmt_record_set_i(record, EPMT_COL_state, (int64_t)(seed % EPMT_STATE_COUNT));
}

static void keeps_all_values(void **state) {
    struct epmt_record in, out;

    (void)state;
    for (uint64_t seed = 1; seed < 200; seed++) {
        struct epmt_jobfold *fold = fresh();
        make(&in, seed, 1, seed);
        epmt_record_unset(&in, EPMT_COL_tid); // stands in thread rows alone
        epmt_record_unset(&in, EPMT_COL_processor);
        epmt_record_unset(&in, EPMT_COL_generation); // is counted
        epmt_record_unset(&in, EPMT_COL_args);       // lists get a NUL at their end
        epmt_record_unset(&in, EPMT_COL_crashstack);
        add(fold, &in);
        epmt_fold_process(fold, 0, &out);
        assert_true(rows_same(&in, &out));
        epmt_fold_destroy(fold);
    }
}

static uint64_t digest_of(const struct epmt_record *records, const int *order, int count,
                          int twice) {
    struct epmt_jobfold *fold = fresh();

    for (int i = 0; i < count; i++)
        add(fold, &records[order[i]]);
    for (int i = 0; i < twice; i++)
        add(fold, &records[order[i]]);
    finish(fold, true);
    uint64_t digest = epmt_fold_digest(fold);
    epmt_fold_destroy(fold);
    return digest;
}

// Five records of one image, two of them of the same revision, in all orders, some twice.
static void any_order_is_the_same(void **state) {
    static struct epmt_record records[5];
    static const uint64_t revisions[5] = {1, 2, 2, 3, 7};
    int order[5];
    uint64_t first = 0;

    (void)state;
    for (uint64_t seed = 1; seed < 10; seed++) {
        for (int i = 0; i < 5; i++)
            make(&records[i], 42, revisions[i], seed * 10 + (uint64_t)i);
        for (int code = 0; code < 3125; code++) {
            int seen = 0;
            for (int i = 0, c = code; i < 5; i++, c /= 5) {
                order[i] = c % 5;
                seen |= 1 << order[i];
            }
            if (seen != 31)
                continue;
            uint64_t digest = digest_of(records, order, 5, code % 6);
            first = first ? first : digest;
            assert_int_equal(digest, first);
        }
        first = 0;
    }
}

static void higher_revision_wins_per_column(void **state) {
    struct epmt_jobfold *fold = fresh();
    struct epmt_record record, out;

    (void)state;
    for (uint64_t revision = 3; revision > 0; revision--) {
        epmt_record_clear(&record);
        epmt_record_set_u(&record, EPMT_COL_image, 9);
        epmt_record_set_u(&record, EPMT_COL_revision, revision);
        epmt_record_set_i(&record, EPMT_COL_pid, (int64_t)revision);
        if (revision < 3)
            epmt_record_set_i(&record, EPMT_COL_ppid, (int64_t)revision);
        if (revision < 2)
            epmt_record_set_i(&record, EPMT_COL_pgid, (int64_t)revision);
        add(fold, &record);
    }
    finish(fold, false);
    assert_int_equal(epmt_fold_process_count(fold), 1);
    epmt_fold_process(fold, 0, &out);
    assert_int_equal(out.value[EPMT_COL_pid].i, 3);
    assert_int_equal(out.value[EPMT_COL_ppid].i, 2);
    assert_int_equal(out.value[EPMT_COL_pgid].i, 1);
    assert_int_equal(out.value[EPMT_COL_revision].u, 3);
    epmt_fold_destroy(fold);
}

static void image_of(struct epmt_record *record, uint64_t image, int64_t pid, int64_t start,
                     int64_t end, enum epmt_state how) {
    epmt_record_clear(record);
    epmt_record_set_u(record, EPMT_COL_image, image);
    epmt_record_set_u(record, EPMT_COL_revision, 2);
    epmt_record_set_i(record, EPMT_COL_pid, pid);
    epmt_record_set_u(record, EPMT_COL_imagestart, (uint64_t)start * 1000);
    epmt_record_set_i(record, EPMT_COL_start, start * 1000000);
    epmt_record_set_i(record, EPMT_COL_end, end * 1000000);
    epmt_record_set_i(record, EPMT_COL_state, how);
    jobs_text(record, EPMT_COL_hostname, "a");
}

static int64_t generation_of(const struct epmt_jobfold *fold, uint64_t image) {
    struct epmt_record record;

    epmt_fold_process(fold, epmt_fold_find_process(fold, image), &record);
    return epmt_record_has(&record, EPMT_COL_generation) ? record.value[EPMT_COL_generation].i : -1;
}

static void counts_generations(void **state) {
    struct epmt_jobfold *fold = fresh();
    struct epmt_record record;

    (void)state;
    image_of(&record, 13, 5, 30, 40, EPMT_STATE_exited);
    add(fold, &record);
    image_of(&record, 11, 5, 10, 20, EPMT_STATE_exec);
    add(fold, &record);
    image_of(&record, 12, 5, 20, 30, EPMT_STATE_exec);
    add(fold, &record);
    image_of(&record, 14, 5, 50, 60, EPMT_STATE_exited); // the pid was used again
    add(fold, &record);
    image_of(&record, 15, 6, 25, 60, EPMT_STATE_exited);
    add(fold, &record);
    // An exec that nobody saw: the kernel's start is the same.
    image_of(&record, 21, 7, 10, 20, EPMT_STATE_running);
    epmt_record_set_u(&record, EPMT_COL_starttime, 500);
    add(fold, &record);
    image_of(&record, 22, 7, 30, 40, EPMT_STATE_exited);
    epmt_record_set_u(&record, EPMT_COL_starttime, 500);
    add(fold, &record);
    // No pid, no generation.
    image_of(&record, 31, 8, 10, 20, EPMT_STATE_exited);
    epmt_record_unset(&record, EPMT_COL_pid);
    add(fold, &record);
    for (int twice = 0; twice < 2; twice++) {
        finish(fold, true);
        assert_int_equal(generation_of(fold, 11), 0);
        assert_int_equal(generation_of(fold, 12), 1);
        assert_int_equal(generation_of(fold, 13), 2);
        assert_int_equal(generation_of(fold, 14), 0);
        assert_int_equal(generation_of(fold, 15), 0);
        assert_int_equal(generation_of(fold, 21), 0);
        assert_int_equal(generation_of(fold, 22), 1);
        assert_int_equal(generation_of(fold, 31), -1);
    }
    epmt_fold_destroy(fold);
}

static bool only_two(void *context, const struct epmt_record *process) {
    (void)context;
    return process->value[EPMT_COL_image].u == 2;
}

static int64_t state_of(const struct epmt_jobfold *fold, uint64_t image) {
    struct epmt_record record;

    epmt_fold_process(fold, epmt_fold_find_process(fold, image), &record);
    return epmt_record_has(&record, EPMT_COL_state) ? record.value[EPMT_COL_state].i : -1;
}

static void marks_the_killed(void **state) {
    struct epmt_jobfold *fold = fresh();
    struct epmt_record record;

    (void)state;
    for (uint64_t image = 1; image <= 3; image++) {
        image_of(&record, image, (int64_t)image, 1, 2,
                 image == 3 ? EPMT_STATE_exited : EPMT_STATE_running);
        add(fold, &record);
    }
    finish(fold, false);
    assert_int_equal(state_of(fold, 1), EPMT_STATE_running);
    epmt_fold_set_alive(fold, only_two, NULL);
    finish(fold, true);
    assert_int_equal(state_of(fold, 1), EPMT_STATE_killed);
    assert_int_equal(state_of(fold, 2), EPMT_STATE_running);
    assert_int_equal(state_of(fold, 3), EPMT_STATE_exited);
    // The same record again does not bring it back to life; a later one says how it ended.
    image_of(&record, 1, 1, 1, 2, EPMT_STATE_running);
    add(fold, &record);
    finish(fold, false);
    assert_int_equal(state_of(fold, 1), EPMT_STATE_killed);
    epmt_record_set_u(&record, EPMT_COL_revision, 3);
    epmt_record_set_i(&record, EPMT_COL_state, EPMT_STATE_signaled);
    add(fold, &record);
    finish(fold, true);
    assert_int_equal(state_of(fold, 1), EPMT_STATE_signaled);
    epmt_fold_destroy(fold);
}

static void threads_get_a_process(void **state) {
    struct epmt_jobfold *fold = fresh();
    struct epmt_record record;

    (void)state;
    epmt_record_clear(&record);
    epmt_record_set_u(&record, EPMT_COL_image, 77);
    epmt_record_set_i(&record, EPMT_COL_tid, 5);
    assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_THREAD, &record, &err), 0);
    epmt_record_set_i(&record, EPMT_COL_tid, 4);
    assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_THREAD, &record, &err), 0);
    finish(fold, true);
    assert_int_equal(epmt_fold_process_count(fold), 1);
    assert_int_equal(epmt_fold_thread_count(fold), 2);
    assert_int_equal(state_of(fold, 77), EPMT_STATE_killed);
    epmt_fold_thread(fold, 0, &record);
    assert_int_equal(record.value[EPMT_COL_tid].i, 4);
    assert_false(epmt_record_has(&record, EPMT_COL_mpirank));
    // Its process comes later, with a rank that the threads did not know.
    jobs_process(&record, 0, 1);
    epmt_record_set_u(&record, EPMT_COL_image, 77);
    add(fold, &record);
    finish(fold, true);
    assert_int_equal(epmt_fold_process_count(fold), 1);
    assert_int_equal(state_of(fold, 77), EPMT_STATE_finalized);
    epmt_fold_thread(fold, 1, &record);
    assert_int_equal(record.value[EPMT_COL_mpirank].i, 0);
    epmt_fold_destroy(fold);
}

static void rows_have_an_order(void **state) {
    struct epmt_jobfold *fold = fresh();
    struct epmt_record record;

    (void)state;
    image_of(&record, 500, 1, 1, 2, EPMT_STATE_exited); // no rank: behind the ranks
    add(fold, &record);
    assert_int_equal(jobs_fill(fold, 50, 2), 0);
    finish(fold, true);
    for (uint64_t i = 0; i < 50; i++) {
        epmt_fold_process(fold, i, &record);
        assert_int_equal(record.value[EPMT_COL_mpirank].i, i);
        for (uint64_t t = 0; t < 2; t++) {
            struct epmt_record thread;
            epmt_fold_thread(fold, 2 * i + t, &thread);
            assert_int_equal(thread.value[EPMT_COL_image].u, record.value[EPMT_COL_image].u);
        }
    }
    epmt_fold_process(fold, 50, &record);
    assert_int_equal(record.value[EPMT_COL_image].u, 500);
    epmt_fold_destroy(fold);
}

static void sums_up_steps_and_hosts(void **state) {
    struct epmt_jobfold *fold = fresh();
    struct epmt_record record;
    uint64_t count;

    (void)state;
    assert_int_equal(jobs_fill(fold, 40, 1), 0);
    // Rank 39 was killed; rank 38 left two images.
    jobs_process(&record, 39, 40);
    epmt_record_set_u(&record, EPMT_COL_revision, 4);
    epmt_record_set_i(&record, EPMT_COL_state, EPMT_STATE_running);
    add(fold, &record);
    jobs_process(&record, 38, 40);
    epmt_record_set_u(&record, EPMT_COL_image, 3838);
    add(fold, &record);
    assert_int_equal(epmt_fold_set_attribute(fold, "step other", "ranks_expected", "7", &err), 0);
    finish(fold, true);
    struct epmt_fold_step *steps = epmt_fold_steps(fold, &count);
    assert_int_equal(count, 2);
    assert_memory_equal(steps[0].key.data, "other", 5);
    assert_int_equal(steps[0].ranks_expected, 7);
    assert_int_equal(steps[0].ranks_reported, 0);
    assert_int_equal(steps[1].ranks_expected, 40);
    assert_int_equal(steps[1].ranks_reported, 39);
    assert_false(steps[1].complete);
    free(steps);
    struct epmt_fold_host *hosts = epmt_fold_hosts(fold, &count);
    assert_int_equal(count, 2);
    assert_memory_equal(hosts[0].hostname.data, "node0000", 8);
    assert_int_equal(hosts[0].processes, 32);
    assert_int_equal(hosts[1].processes, 9);
    free(hosts);
    epmt_record_set_i(&record, EPMT_COL_state, EPMT_STATE_signaled);
    jobs_process(&record, 39, 40);
    epmt_record_set_u(&record, EPMT_COL_revision, 5);
    add(fold, &record);
    finish(fold, true);
    steps = epmt_fold_steps(fold, &count);
    assert_true(steps[1].complete);
    free(steps);
    epmt_fold_destroy(fold);
}

static void expect_attribute(const struct epmt_jobfold *fold, const char *scope, const char *key,
                             const char *value) {
    struct epmt_bytes found = epmt_fold_attribute(fold, scope, key);

    if (!value) {
        assert_null(found.data);
        return;
    }
    assert_non_null(found.data);
    assert_int_equal(found.len, strlen(value));
    assert_memory_equal(found.data, value, found.len);
}

static void attributes_have_rules(void **state) {
    static const char *const pairs[][4] = {
        // key, one value, another, which stands
        {"start", "1000", "999", "999"},
        {"submit", "x", "12", "12"},
        {"end", "1000", "999", "1000"},
        {"exitcode", "0", "137", "137"},
        {"complete", "1", "0", "1"},
        {"ranks_reported", "9", "10", "10"},
        {"library", "Open", "MPICH", "Open"},
        {"start", "x", "y", "y"},
        {"user", "", "a", "a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        for (int other = 0; other < 2; other++) {
            struct epmt_jobfold *fold = fresh();
            const char *key = pairs[i][0];
            epmt_fold_set_attribute(fold, "job", key, pairs[i][1 + other], &err);
            epmt_fold_set_attribute(fold, "job", key, pairs[i][2 - other], &err);
            expect_attribute(fold, "job", key, pairs[i][3]);
            assert_int_equal(epmt_fold_attribute_count(fold), 1);
            epmt_fold_drop_attribute(fold, "job", key);
            expect_attribute(fold, "job", key, NULL);
            epmt_fold_destroy(fold);
        }
    }
}

static void attributes_are_sorted_and_secrets_hidden(void **state) {
    static const char *const keys[] = {"b", "a", "c", "aa"};
    struct epmt_jobfold *fold = fresh();
    struct epmt_bytes scope, key, value;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        epmt_fold_set_attribute(fold, i % 2 ? "job" : "step x", keys[i], "", &err);
    epmt_fold_attribute_at(fold, 1, &scope, &key, &value);
    assert_memory_equal(key.data, "aa", 2);
    assert_int_equal(value.len, 0);
    epmt_fold_set_attribute(fold, "env", "MY_TOKEN", "hunter2", &err);
    epmt_fold_set_attribute(fold, "env", "_", "x", &err);
    epmt_fold_set_attribute(fold, "env", "HOME", "/home/a", &err);
    expect_attribute(fold, "env", "MY_TOKEN", EPMT_ENV_HIDDEN);
    expect_attribute(fold, "env", "_", NULL);
    expect_attribute(fold, "env", "HOME", "/home/a");
    epmt_fold_destroy(fold);
}

static void judges_the_environment(void **state) {
    static const struct {
        const char *name, *value;
        enum epmt_env_verdict verdict;
    } cases[] = {
        {"PATH", "/bin", EPMT_ENV_KEEP},
        {"KEYBOARD", "de", EPMT_ENV_KEEP},
        {"PWD", "/home", EPMT_ENV_KEEP},
        {"XAUTHORITY", "/x", EPMT_ENV_KEEP},
        {"url", "https://host:80/a@b", EPMT_ENV_KEEP},
        {"LS_COLORS", "x", EPMT_ENV_DROP},
        {"_LMFILES_", "x", EPMT_ENV_DROP},
        {"BASH_FUNC_module%%", "x", EPMT_ENV_DROP},
        {"PGPASSWORD", "x", EPMT_ENV_HIDE},
        {"db_passwd", "x", EPMT_ENV_HIDE},
        {"AWS_SECRET_ACCESS_KEY", "x", EPMT_ENV_HIDE},
        {"AWS_ACCESS_KEY_ID", "x", EPMT_ENV_HIDE},
        {"OPENAI_API_KEY", "x", EPMT_ENV_HIDE},
        {"GITHUB_TOKEN", "x", EPMT_ENV_HIDE},
        {"MYSQL_PWD", "x", EPMT_ENV_HIDE},
        {"EPMT_DB_URL", "x", EPMT_ENV_HIDE},
        {"GOOGLE_APPLICATION_CREDENTIALS", "x", EPMT_ENV_HIDE},
        {"http_proxy", "http://me:secret@proxy:3128", EPMT_ENV_HIDE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(
            epmt_env_judge((struct epmt_bytes){cases[i].name, strlen(cases[i].name)},
                           (struct epmt_bytes){cases[i].value, strlen(cases[i].value)}),
            cases[i].verdict);
}

static char *slurp(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    char *data = malloc(1 << 24);

    assert_non_null(file);
    assert_non_null(data);
    *len = fread(data, 1, 1 << 24, file);
    fclose(file);
    return data;
}

static void survives_the_way_through_a_stream(void **state) {
    struct epmt_jobfold *fold = fresh(), *again = fresh(), *half = fresh();
    struct epmt_fold_damage damage = {0};
    struct tempdir dir;
    size_t len;

    (void)state;
    assert_int_equal(tempdir_make(&dir), 0);
    assert_int_equal(jobs_fill(fold, 3000, 2), 0);
    finish(fold, true);
    FILE *out = fopen(tempdir_name(&dir, "stream"), "wb");
    assert_non_null(out);
    assert_int_equal(epmt_fold_save(fold, fileno(out), &err), 0);
    fclose(out);
    char *data = slurp(tempdir_name(&dir, "stream"), &len);
    assert_int_equal(epmt_fold_add_bytes(again, data, len, &damage, &err), 0);
    assert_int_equal(epmt_fold_add_bytes(again, data, len, &damage, &err), 0);
    finish(again, true);
    assert_int_equal(damage.gaps, 0);
    assert_int_equal(epmt_fold_digest(again), epmt_fold_digest(fold));
    // A damaged stretch costs its fragment alone.
    memset(data + len / 2, 0xaa, 10);
    assert_int_equal(epmt_fold_add_bytes(half, data, len, &damage, &err), 0);
    assert_int_equal(damage.gaps, 1);
    assert_true(damage.gap_bytes > 10);
    assert_int_not_equal(damage.first.code, EPMT_ERR_OK);
    assert_true(epmt_fold_thread_count(half) < 6000);
    free(data);
    epmt_fold_destroy(half);
    epmt_fold_destroy(again);
    epmt_fold_destroy(fold);
    tempdir_remove(&dir);
}

static void refuses_rows_without_an_image(void **state) {
    struct epmt_jobfold *fold = fresh();
    struct epmt_record record;

    (void)state;
    epmt_record_clear(&record);
    assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_BAD_INPUT);
    finish(fold, true);
    assert_int_equal(epmt_fold_process_count(fold), 0);
    epmt_fold_destroy(fold);
    epmt_fold_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_all_values),
        cmocka_unit_test(any_order_is_the_same),
        cmocka_unit_test(higher_revision_wins_per_column),
        cmocka_unit_test(counts_generations),
        cmocka_unit_test(marks_the_killed),
        cmocka_unit_test(threads_get_a_process),
        cmocka_unit_test(rows_have_an_order),
        cmocka_unit_test(sums_up_steps_and_hosts),
        cmocka_unit_test(attributes_have_rules),
        cmocka_unit_test(attributes_are_sorted_and_secrets_hidden),
        cmocka_unit_test(judges_the_environment),
        cmocka_unit_test(survives_the_way_through_a_stream),
        cmocka_unit_test(refuses_rows_without_an_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
