// SPDX-License-Identifier: Apache-2.0
// What an image used is its own: the kernel's counters go on over exec, the rows do not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storage/fold.h"

static struct epmt_error err;

// An image of pid 5, and its main thread, as the guest reports them; usertime 0: no final record.
static void add_image(struct epmt_jobfold *fold, uint64_t image, enum epmt_state state,
                      uint64_t usertime, uint64_t cutime) {
    struct epmt_record process, thread;
    int64_t start = (int64_t)image * 1000;

    epmt_record_clear(&process);
    epmt_record_set_u(&process, EPMT_COL_image, image);
    epmt_record_set_u(&process, EPMT_COL_revision, 2);
    epmt_record_set_i(&process, EPMT_COL_pid, 5);
    epmt_record_set_i(&process, EPMT_COL_state, state);
    epmt_record_set_i(&process, EPMT_COL_start, start);
    epmt_record_set_u(&process, EPMT_COL_imagestart, (uint64_t)start * 1000);
    if (usertime) {
        epmt_record_set_u(&process, EPMT_COL_carried, 1);
        epmt_record_set_u(&process, EPMT_COL_usertime, usertime + 10); // another thread's 10
        epmt_record_set_u(&process, EPMT_COL_cutime, cutime);
        epmt_record_set_u(&process, EPMT_COL_rdtsc_duration, 77);
        thread = process;
        epmt_record_set_i(&thread, EPMT_COL_tid, 5);
        epmt_record_set_u(&thread, EPMT_COL_usertime, usertime);
        assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_THREAD, &thread, &err), 0);
    }
    assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &process, &err), 0);
}

static uint64_t value_of(struct epmt_jobfold *fold, uint64_t image, int column) {
    struct epmt_record record;

    epmt_fold_process(fold, epmt_fold_find_process(fold, image), &record);
    assert_true(epmt_record_has(&record, column));
    return record.value[column].u;
}

static uint64_t thread_usertime(struct epmt_jobfold *fold, uint64_t image) {
    struct epmt_record record;

    for (uint64_t i = 0; i < epmt_fold_thread_count(fold); i++) {
        epmt_fold_thread(fold, i, &record);
        if (record.value[EPMT_COL_image].u == image)
            return record.value[EPMT_COL_usertime].u;
    }
    fail();
    return 0;
}

static void check_chain(struct epmt_jobfold *fold) {
    assert_int_equal(value_of(fold, 1, EPMT_COL_usertime), 110);
    assert_int_equal(value_of(fold, 2, EPMT_COL_usertime), 60);
    assert_int_equal(value_of(fold, 3, EPMT_COL_usertime), 35);
    assert_int_equal(thread_usertime(fold, 1), 100);
    assert_int_equal(thread_usertime(fold, 2), 50);
    assert_int_equal(thread_usertime(fold, 3), 25);
    assert_int_equal(value_of(fold, 2, EPMT_COL_cutime), 3);
    assert_int_equal(value_of(fold, 3, EPMT_COL_cutime), 0);
    assert_int_equal(value_of(fold, 3, EPMT_COL_rdtsc_duration), 77);
    for (uint64_t image = 1; image <= 3; image++)
        assert_int_equal(value_of(fold, image, EPMT_COL_carried), 0);
}

static void add_chain(struct epmt_jobfold *fold, const int order[3]) {
    for (int i = 0; i < 3; i++) {
        if (order[i] == 1)
            add_image(fold, 1, EPMT_STATE_exec, 100, 7);
        else if (order[i] == 2)
            add_image(fold, 2, EPMT_STATE_exec, 150, 10);
        else
            add_image(fold, 3, EPMT_STATE_exited, 175, 10);
    }
}

// In any order, all at once or one after the other, and again: the same.
static void each_image_has_its_own(void **state) {
    static const int orders[3][3] = {{1, 2, 3}, {3, 2, 1}, {2, 3, 1}};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct epmt_jobfold *fold = epmt_fold_create();
        for (int again = 0; again < 3; again++) {
            add_chain(fold, orders[i]);
            assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
            check_chain(fold);
            assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
            check_chain(fold);
        }
        epmt_fold_destroy(fold);
    }
}

// The first image left no final record yet: what it used cannot be told from the second's, which
// says so, until that record comes.
static void a_gap_is_told(void **state) {
    struct epmt_jobfold *fold = epmt_fold_create();

    (void)state;
    add_image(fold, 1, EPMT_STATE_exec, 0, 0);
    add_image(fold, 2, EPMT_STATE_exited, 150, 10);
    assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
    assert_int_equal(value_of(fold, 2, EPMT_COL_usertime), 160);
    assert_int_equal(value_of(fold, 2, EPMT_COL_carried), 1);
    add_image(fold, 1, EPMT_STATE_exec, 100, 7);
    assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
    assert_int_equal(value_of(fold, 2, EPMT_COL_usertime), 60);
    assert_int_equal(value_of(fold, 2, EPMT_COL_carried), 0);
    epmt_fold_destroy(fold);
}

// A pid that is used again begins anew.
static void another_process_keeps_its_values(void **state) {
    struct epmt_jobfold *fold = epmt_fold_create();

    (void)state;
    add_image(fold, 1, EPMT_STATE_exited, 100, 7);
    add_image(fold, 2, EPMT_STATE_exited, 150, 10);
    assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
    assert_int_equal(value_of(fold, 2, EPMT_COL_usertime), 160);
    assert_int_equal(value_of(fold, 2, EPMT_COL_carried), 0);
    epmt_fold_destroy(fold);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_image_has_its_own),
        cmocka_unit_test(a_gap_is_told),
        cmocka_unit_test(another_process_keeps_its_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
