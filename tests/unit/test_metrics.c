// SPDX-License-Identifier: Apache-2.0
// The dictionary: public names in their public order, written down here a second time on purpose.
#include "metadata/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const public_names[] = {
    "tags",
    "hostname",
    "exename",
    "path",
    "args",
    "exitcode",
    "exitsignal",
    "pid",
    "generation",
    "ppid",
    "pgid",
    "sid",
    "numtids",
    "numranks",
    "tid",
    "mpirank",
    "start",
    "end",
    "usertime",
    "systemtime",
    "rssmax",
    "minflt",
    "majflt",
    "inblock",
    "outblock",
    "vol_ctxsw",
    "invol_ctxsw",
    "cminflt",
    "cmajflt",
    "cutime",
    "cstime",
    "num_threads",
    "starttime",
    "processor",
    "delayacct_blkio_time",
    "guest_time",
    "rchar",
    "wchar",
    "syscr",
    "syscw",
    "read_bytes",
    "write_bytes",
    "cancelled_write_bytes",
    "time_oncpu",
    "time_waiting",
    "timeslices",
    "rdtsc_duration",
};

static void the_47_metrics(void **state) {
    (void)state;
    assert_int_equal(sizeof public_names / sizeof *public_names, 47);
    assert_int_equal(EPMT_METRIC_COUNT, 47);
    for (int i = 0; i < EPMT_METRIC_COUNT; i++)
        assert_string_equal(epmt_columns[i].name, public_names[i]);
    assert_string_equal(epmt_columns[EPMT_METRIC_COUNT].name, "state");
    assert_int_equal(EPMT_COL_rdtsc_duration, 46);
}

static void names_are_unique_and_found(void **state) {
    (void)state;
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++)
        assert_int_equal(epmt_column_find(epmt_columns[i].name), i);
    assert_int_equal(epmt_column_find(""), -1);
    assert_int_equal(epmt_column_find("nothing"), -1);
    assert_int_equal(epmt_column_find("usertim"), -1);
    assert_int_equal(epmt_column_find("usertimes"), -1);
}

// SQL, HDF5 and the documentation take names and texts as they are.
static void texts_are_fit_to_be_shown(void **state) {
    (void)state;
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        const struct epmt_column *column = &epmt_columns[i];
        assert_int_equal(strspn(column->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(column->name));
        assert_true(column->unit[0] && column->source[0] && column->description[0]);
        assert_null(strpbrk(column->unit, "|\n"));
        assert_null(strpbrk(column->source, "|\n"));
        assert_null(strpbrk(column->description, "|\n"));
    }
}

static void folds_go_with_types(void **state) {
    (void)state;
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        const struct epmt_column *column = &epmt_columns[i];
        if (column->fold == EPMT_FOLD_NONE)
            continue;
        assert_true(epmt_column_in_thread(column));
        assert_true(column->type == EPMT_TYPE_INT || column->type == EPMT_TYPE_UINT);
    }
}

static void columns_stand_where_they_belong(void **state) {
    static const struct {
        int column;
        bool process, thread;
    } rows[] = {
        {EPMT_COL_hostname, true, false}, {EPMT_COL_rssmax, true, false},
        {EPMT_COL_tid, false, true},      {EPMT_COL_processor, false, true},
        {EPMT_COL_mpirank, true, true},   {EPMT_COL_usertime, true, true},
        {EPMT_COL_state, true, false},    {EPMT_COL_image, true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct epmt_column *column = &epmt_columns[rows[i].column];
        assert_int_equal(epmt_column_in_process(column), rows[i].process);
        assert_int_equal(epmt_column_in_thread(column), rows[i].thread);
    }
}

static void the_schema_hash_is_stable(void **state) {
    uint64_t hash = epmt_schema_hash();

    (void)state;
    assert_true(hash != 0);
    for (int i = 0; i < 3; i++)
        assert_true(epmt_schema_hash() == hash);
}

// Stored numbers, written down a second time: they never change.
static void states_keep_their_numbers(void **state) {
    static const char *const names[] = {"running", "exited",    "signaled",
                                        "exec",    "finalized", "killed"};

    (void)state;
    assert_int_equal(EPMT_STATE_COUNT, sizeof names / sizeof *names);
    for (int i = 0; i < EPMT_STATE_COUNT; i++)
        assert_string_equal(epmt_state_name(i), names[i]);
    assert_string_equal(epmt_state_name(-1), "unknown");
    assert_string_equal(epmt_state_name(EPMT_STATE_COUNT), "unknown");
    assert_string_equal(epmt_state_name(INT64_MIN), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_47_metrics),
        cmocka_unit_test(names_are_unique_and_found),
        cmocka_unit_test(texts_are_fit_to_be_shown),
        cmocka_unit_test(folds_go_with_types),
        cmocka_unit_test(columns_stand_where_they_belong),
        cmocka_unit_test(the_schema_hash_is_stable),
        cmocka_unit_test(states_keep_their_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
