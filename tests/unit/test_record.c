// SPDX-License-Identifier: Apache-2.0
// metadata/record.h: validity bits, folding threads into their process, merging revisions.
#include "metadata/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void nothing_is_there_at_first(void **state) {
    struct epmt_record record;

    (void)state;
    memset(&record, 0xff, sizeof record);
    epmt_record_clear(&record);
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++)
        assert_false(epmt_record_has(&record, i));
}

// Each bit on its own: setting one column tells of no other.
static void each_column_has_its_bit(void **state) {
    struct epmt_record record;

    (void)state;
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        epmt_record_clear(&record);
        epmt_record_set_u(&record, i, 0);
        for (int j = 0; j < EPMT_COLUMN_COUNT; j++)
            assert_int_equal(epmt_record_has(&record, j), i == j);
        epmt_record_unset(&record, i);
        assert_false(epmt_record_has(&record, i));
    }
}

static void values_are_kept(void **state) {
    static const char bytes[] = {'a', '\0', 'b'};
    struct epmt_record record;

    (void)state;
    epmt_record_clear(&record);
    epmt_record_set_i(&record, EPMT_COL_exitcode, INT64_MIN);
    epmt_record_set_u(&record, EPMT_COL_usertime, UINT64_MAX);
    epmt_record_set_text(&record, EPMT_COL_tags, bytes, sizeof bytes);
    assert_true(record.value[EPMT_COL_exitcode].i == INT64_MIN);
    assert_true(record.value[EPMT_COL_usertime].u == UINT64_MAX);
    assert_ptr_equal(record.value[EPMT_COL_tags].text.data, bytes);
    assert_int_equal(record.value[EPMT_COL_tags].text.len, 3);
}

static void threads_fold_into_their_process(void **state) {
    struct epmt_record process, thread;

    (void)state;
    epmt_record_clear(&process);
    for (int n = 1; n <= 3; n++) {
        epmt_record_clear(&thread);
        epmt_record_set_i(&thread, EPMT_COL_start, 1000 + n * 10);
        epmt_record_set_i(&thread, EPMT_COL_end, 5000 - n * 10);
        epmt_record_set_u(&thread, EPMT_COL_usertime, (uint64_t)n);
        epmt_record_set_u(&thread, EPMT_COL_processor, (uint64_t)n);
        epmt_record_set_i(&thread, EPMT_COL_tid, n);
        epmt_record_fold(&process, &thread);
    }
    assert_int_equal(process.value[EPMT_COL_start].i, 1010);
    assert_int_equal(process.value[EPMT_COL_end].i, 4990);
    assert_int_equal(process.value[EPMT_COL_usertime].u, 6);
    assert_false(epmt_record_has(&process, EPMT_COL_processor));
    assert_false(epmt_record_has(&process, EPMT_COL_tid));
    assert_false(epmt_record_has(&process, EPMT_COL_systemtime));
}

// What no thread observed stays missing; what one did is not lowered by those that did not.
static void missing_is_not_zero(void **state) {
    struct epmt_record process, with, without;

    (void)state;
    epmt_record_clear(&process);
    epmt_record_clear(&with);
    epmt_record_clear(&without);
    epmt_record_set_u(&with, EPMT_COL_starttime, 77);
    epmt_record_set_u(&with, EPMT_COL_rchar, 5);
    epmt_record_fold(&process, &without);
    assert_false(epmt_record_has(&process, EPMT_COL_rchar));
    epmt_record_fold(&process, &with);
    epmt_record_fold(&process, &without);
    assert_int_equal(process.value[EPMT_COL_starttime].u, 77);
    assert_int_equal(process.value[EPMT_COL_rchar].u, 5);
}

static struct epmt_record revision(uint64_t number, int64_t pid) {
    struct epmt_record record;

    epmt_record_clear(&record);
    epmt_record_set_u(&record, EPMT_COL_revision, number);
    epmt_record_set_i(&record, EPMT_COL_pid, pid);
    return record;
}

static void a_higher_revision_stands(void **state) {
    struct epmt_record old = revision(1, 10), new = revision(2, 20), onto;

    (void)state;
    epmt_record_set_i(&old, EPMT_COL_ppid, 11);
    epmt_record_set_i(&new, EPMT_COL_pgid, 21);
    onto = old;
    epmt_record_merge(&onto, &new);
    assert_int_equal(onto.value[EPMT_COL_pid].i, 20);
    assert_int_equal(onto.value[EPMT_COL_ppid].i, 11); // not in the new one: kept
    assert_int_equal(onto.value[EPMT_COL_pgid].i, 21);
    assert_int_equal(onto.value[EPMT_COL_revision].u, 2);
    onto = new;
    epmt_record_merge(&onto, &old); // the other way round gives the same
    assert_int_equal(onto.value[EPMT_COL_pid].i, 20);
    assert_int_equal(onto.value[EPMT_COL_ppid].i, 11);
    assert_int_equal(onto.value[EPMT_COL_pgid].i, 21);
    assert_int_equal(onto.value[EPMT_COL_revision].u, 2);
}

static void merging_again_changes_nothing(void **state) {
    struct epmt_record onto = revision(1, 10), same = revision(1, 30), none;

    (void)state;
    epmt_record_merge(&onto, &same);
    assert_int_equal(onto.value[EPMT_COL_pid].i, 10);
    epmt_record_clear(&none); // without a revision: the lowest
    epmt_record_set_i(&none, EPMT_COL_pid, 40);
    epmt_record_merge(&onto, &none);
    assert_int_equal(onto.value[EPMT_COL_pid].i, 10);
    epmt_record_clear(&none);
    epmt_record_merge(&none, &onto);
    assert_int_equal(none.value[EPMT_COL_pid].i, 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_there_at_first),
        cmocka_unit_test(each_column_has_its_bit),
        cmocka_unit_test(values_are_kept),
        cmocka_unit_test(threads_fold_into_their_process),
        cmocka_unit_test(missing_is_not_zero),
        cmocka_unit_test(a_higher_revision_stands),
        cmocka_unit_test(merging_again_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
