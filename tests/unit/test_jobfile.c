// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>

#include "storage/jobfile_scan.h"
#include "tests/unit/jobfiles.h"
#include "tests/unit/rows.h"

static void write_and_compare(const struct epmt_jobfold *fold) {
    const char *path = tempdir_name(&dir, "job.h5");

    if (epmt_jobfile_write(fold, path, &err))
        fail_msg("%s", err.text);
    expect_same(fold, path);
}

static void comes_back_as_it_was(void **state) {
    static const uint64_t sizes[][2] = {{0, 0}, {1, 0}, {3, 2}, {64, 1}, {700, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct epmt_jobfold *fold = filled(sizes[i][0], sizes[i][1]);
        write_and_compare(fold);
        epmt_fold_destroy(fold);
    }
}

static void sums_up(void **state) {
    struct epmt_jobfold *fold = filled(5, 1);

    (void)state;
    assert_int_equal(epmt_fold_set_attribute(fold, "job", "uuid", "u-u", &err), 0);
    write_and_compare(fold);
    struct epmt_jobfile *file = epmt_jobfile_open(tempdir_name(&dir, "job.h5"), &err);
    assert_non_null(file);
    const struct epmt_jobfile_info *info = epmt_jobfile_info(file);
    assert_string_equal(info->jobid, "77");
    assert_string_equal(info->user, "jane");
    assert_string_equal(info->uuid, "u-u");
    assert_string_equal(info->creator, "epmt " EPMT_VERSION);
    assert_int_equal(info->ranks_expected, 5);
    assert_int_equal(info->ranks_reported, 5);
    assert_int_equal(info->step_count, 1);
    assert_true(info->complete);
    assert_true(info->ended);
    epmt_jobfile_close(file);
    epmt_fold_destroy(fold);
}

// Any bytes, any length, any number, any column missing.
static void survives_strange_values(void **state) {
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_record record;
    static const uint64_t extremes[] = {0, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, 1};

    (void)state;
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        rows_make(&record, seed, seed % 10 ? 30 : 900);
        if (seed % 7 == 0)
            epmt_record_set_u(&record, EPMT_COL_rchar, extremes[seed % 5]);
        if (seed % 5 == 0)
            epmt_record_set_i(&record, EPMT_COL_ppid, (int64_t)extremes[seed % 3 + 2]);
        epmt_record_set_u(&record, EPMT_COL_image, seed % 2 ? seed : UINT64_MAX - seed);
        assert_int_equal(epmt_fold_add_record(fold, seed % 3 ? EPMT_ROW_PROCESS : EPMT_ROW_THREAD,
                                              &record, &err),
                         0);
        struct epmt_bytes text = {rows_text(), seed % 800};
        assert_int_equal(epmt_fold_add_attribute(fold, (struct epmt_bytes){"odd", 3},
                                                 (struct epmt_bytes){rows_text() + 3, seed % 300},
                                                 text, &err),
                         0);
    }
    assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
    write_and_compare(fold);
    epmt_fold_destroy(fold);
}

static void keeps_odd_texts(void **state) {
    static const char long_text[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567"
        "\xc3\xa9";
    const struct epmt_bytes texts[] = {
        {"", 0},         {"a\0", 2},       {"\0", 1},
        {"a\0b", 3},     {"\xff\xfe", 2},  {"\xc3\xa9", 2},
        {"?", 1},        {long_text, 256}, {long_text, sizeof long_text - 1},
        {long_text, 100}};
    const struct epmt_bytes lists[] = {{"", 0},
                                       {"\0", 1},
                                       {"\0\0", 2},
                                       {"-x\0a b\0", 7},
                                       {"\"\\\n\t\x01\0", 6},
                                       {"\xff\x80\0", 3},
                                       {"\xc3\xa9\xf0\x9f\x98\x80\0", 7},
                                       {"\xed\xa0\x80\0", 4},
                                       {long_text, sizeof long_text},
                                       {"\x7f\0", 2}};
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_record record;

    (void)state;
    for (uint64_t i = 0; i < 10; i++) {
        epmt_record_clear(&record);
        epmt_record_set_u(&record, EPMT_COL_image, i + 1);
        epmt_record_set_i(&record, EPMT_COL_start, (int64_t)i);
        epmt_record_set_text(&record, EPMT_COL_tags, texts[i].data, texts[i].len);
        epmt_record_set_text(&record, EPMT_COL_args, lists[i].data, lists[i].len);
        assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, &err), 0);
    }
    assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
    write_and_compare(fold);
    struct epmt_jobfile *file = epmt_jobfile_open(tempdir_name(&dir, "job.h5"), &err);
    assert_non_null(file);
    for (uint64_t i = 0; i < 10; i++) {
        assert_int_equal(epmt_jobfile_next_process(file, &record, &err), 1);
        assert_true(rows_same_bytes(record.value[EPMT_COL_tags].text, texts[i]));
        assert_true(rows_same_bytes(record.value[EPMT_COL_args].text, lists[i]));
        assert_false(epmt_record_has(&record, EPMT_COL_path));
    }
    assert_int_equal(epmt_jobfile_next_process(file, &record, &err), 0);
    epmt_jobfile_close(file);
    epmt_fold_destroy(fold);
}

static void reads_lists(void **state) {
    static const struct {
        const char *json, *items;
        int len; // -1: refused
    } cases[] = {
        {"[]", "", 0},
        {" [ ] ", "", 0},
        {"[\"\"]", "\0", 1},
        {"[ \"a\" , \"b\" ]", "a\0b\0", 4},
        {"[\"\\u00e9\\ud83d\\ude00\\udcff\\n\\/\"]", "\xc3\xa9\xf0\x9f\x98\x80\xff\n/\0", 10},
        {"", NULL, -1},
        {"[", NULL, -1},
        {"[\"a\"", NULL, -1},
        {"[\"a\",]", NULL, -1},
        {"[\"a", NULL, -1},
        {"[\"\\", NULL, -1},
        {"[\"\\u00\"]", NULL, -1},
        {"[\"\\u0000\"]", NULL, -1},
        {"[\"\\ud800\"]", NULL, -1},
        {"[\"\\ud800\\u0041\"]", NULL, -1},
        {"[\"\\udc00\"]", NULL, -1},
        {"[\"\\x\"]", NULL, -1},
        {"[1]", NULL, -1},
        {"[] x", NULL, -1},
        {"{}", NULL, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct epmt_strbuf list = {0};
        struct epmt_bytes json = {cases[i].json, strlen(cases[i].json)};
        int status = epmt_list_from_json(&list, json);
        assert_int_equal(status, cases[i].len < 0 ? -1 : 0);
        if (!status)
            assert_int_equal(list.len, cases[i].len);
        if (!status && list.len)
            assert_memory_equal(list.data, cases[i].items, list.len);
        epmt_strbuf_free(&list);
    }
}

static void same_job_same_bytes(void **state) {
    struct epmt_jobfold *fold = filled(20, 2);
    size_t len[2];
    char *data[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *path = tempdir_name(&dir, i ? "two.h5" : "one.h5");
        assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
        data[i] = slurp(path, &len[i]);
        usleep(i ? 0 : 1100000); // times in the file would be in seconds
    }
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(data[0], data[1], len[0]);
    free(data[0]);
    free(data[1]);
    epmt_fold_destroy(fold);
}

static int count_files(void) {
    char command[512];
    int count = -1;

    snprintf(command, sizeof command, "ls -A '%s' | wc -l", dir.path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%d", &count), 1);
    pclose(pipe);
    return count;
}

// A disk that is full at any moment: an error, the old file, and nothing beside it.
static void bears_a_full_disk(void **state) {
    struct epmt_jobfold *old = filled(2, 1), *fold = filled(500, 2);
    struct rlimit before, limit;
    char path[PATH_MAX];

    (void)state;
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "job.h5"));
    assert_int_equal(epmt_jobfile_write(old, path, &err), 0);
    int files = count_files();
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (rlim_t max = 0; max < 60000; max = max * 3 + 900) {
        limit = (struct rlimit){max, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        int status = epmt_jobfile_write(fold, path, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(status, -1);
        assert_int_equal(err.code, EPMT_ERR_IO);
        assert_int_equal(count_files(), files);
        expect_same(old, path);
    }
    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    expect_same(fold, path);
    assert_int_equal(epmt_jobfile_write(fold, "/nonexistent/job.h5", &err), -1);
    assert_int_equal(err.code, EPMT_ERR_IO);
    epmt_fold_destroy(fold);
    epmt_fold_destroy(old);
}

static struct epmt_jobfile *reopen(const struct epmt_jobfold *fold) {
    assert_int_equal(epmt_jobfile_write(fold, tempdir_name(&dir, "job.h5"), &err), 0);
    struct epmt_jobfile *file = epmt_jobfile_open(tempdir_name(&dir, "job.h5"), &err);
    if (!file)
        fail_msg("%s", err.text);
    return file;
}

// Every row of every MPI table, value by value, in the order of the fold; and no /mpi without rows.
static void mpi_tables_come_back(void **state) {
    struct epmt_jobfold *fold = filled(9, 2), *none = filled(3, 1);
    struct epmt_jobfile *file = reopen(fold);
    struct epmt_record record, wanted;

    (void)state;
    for (int kind = EPMT_ROW_MPI_FUNCTION; kind <= EPMT_ROW_COUNTER; kind++) {
        assert_true(epmt_fold_mpi_count(fold, kind) >= 9);
        for (uint64_t i = 0; i < epmt_fold_mpi_count(fold, kind); i++) {
            epmt_fold_mpi(fold, kind, i, &wanted);
            assert_int_equal(epmt_jobfile_next_mpi(file, kind, &record, &err), 1);
            assert_true(rows_same_of(epmt_dictionary_of(kind), &record, &wanted));
        }
        assert_int_equal(epmt_jobfile_next_mpi(file, kind, &record, &err), 0);
    }
    epmt_jobfile_close(file);
    file = reopen(none);
    assert_int_equal(epmt_jobfile_info(file)->mpi_rows, 0);
    assert_int_equal(epmt_jobfile_next_mpi(file, EPMT_ROW_MPI_FUNCTION, &record, &err), 0);
    epmt_jobfile_close(file);
    hid_t plain = H5Fopen(tempdir_name(&dir, "job.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_int_equal(H5Lexists(plain, "/mpi", H5P_DEFAULT), 0);
    H5Fclose(plain);
    epmt_fold_destroy(fold);
    epmt_fold_destroy(none);
}

// Any value in any column, or none: also the numbers that other tables have for what is missing.
static void mpi_tables_bear_strange_values(void **state) {
    static const uint64_t extremes[] = {
        0, UINT64_MAX, INT64_MAX, (uint64_t)INT64_MIN, 1, 0x7ff8000000000000, 0xfff0000000000000};
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_record record;

    (void)state;
    for (int kind = EPMT_ROW_MPI_FUNCTION; kind <= EPMT_ROW_COUNTER; kind++) {
        const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);
        for (uint64_t seed = 1; seed <= 500; seed++) {
            rows_make_of(dictionary, &record, seed, seed % 10 ? 30 : 900);
            for (int i = 0; i < dictionary->count; i++) {
                enum epmt_type type = dictionary->columns[i].type;
                if (type != EPMT_TYPE_TEXT && type != EPMT_TYPE_LIST &&
                    epmt_record_has(&record, i) && seed % 3 == 0)
                    epmt_record_set_u(&record, i, extremes[(seed + (uint64_t)i) % 7]);
            }
            epmt_record_unset(&record, EPMT_MPI_IMBALANCE_COL_m2);
            if (dictionary->columns[0].type == EPMT_TYPE_UINT)
                epmt_record_set_u(&record, 0, seed % 50);
            if (!epmt_record_has(&record, 0))
                epmt_record_set_text(&record, 0, "step", 4);
            if (kind == EPMT_ROW_MPI_VARIABLE)
                epmt_record_set_text(&record, EPMT_MPI_VARIABLE_COL_name, rows_text(), seed);
            assert_int_equal(epmt_fold_add_record(fold, kind, &record, &err), 0);
        }
    }
    assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
    write_and_compare(fold);
    epmt_fold_destroy(fold);
}

// Rows of another collector: its name and version stand in them, and what it could not give is
// missing, here and after a way through the file.
static void keeps_imported_rows(void **state) {
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_record record, again;

    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        epmt_record_clear(&record);
        epmt_record_set_u(&record, EPMT_COL_image, 100 + i);
        epmt_record_set_i(&record, EPMT_COL_start, JOBS_START + (int64_t)i);
        epmt_record_set_u(&record, EPMT_COL_usertime, 5000);
        epmt_record_set_i(&record, EPMT_COL_state, EPMT_STATE_exited);
        if (i) {
            jobs_text(&record, EPMT_COL_collector, "papiex");
            jobs_text(&record, EPMT_COL_collector_version, i == 1 ? "2.3.14" : "");
        }
        assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, &err), 0);
    }
    assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
    write_and_compare(fold);
    struct epmt_jobfile *file = reopen(fold);
    for (uint64_t i = 0; i < 3; i++) {
        epmt_fold_process(fold, i, &record);
        assert_int_equal(epmt_jobfile_next_process(file, &again, &err), 1);
        assert_true(rows_same(&record, &again));
        assert_int_equal(epmt_record_has(&again, EPMT_COL_collector), i > 0);
        assert_int_equal(epmt_record_has(&again, EPMT_COL_collector_version), i > 0);
        assert_false(epmt_record_has(&again, EPMT_COL_systemtime));
        assert_false(epmt_record_has(&again, EPMT_COL_numtids));
    }
    epmt_jobfile_close(file);
    epmt_fold_destroy(fold);
}

// The same targets with MPI functions: twelve a rank.
static void is_small_with_mpi(void **state) {
    static const long most[][2] = {{64, 65536}, {1000, 150 * 1000 + 12 * 30 * 1000}};

    (void)state;
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        struct epmt_jobfold *fold = filled((uint64_t)most[i][0], 1);
        struct stat st;
        assert_int_equal(jobs_fill_functions(fold, (uint64_t)most[i][0], JOBS_FUNCTIONS), 0);
        assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
        write_and_compare(fold);
        assert_int_equal(stat(tempdir_name(&dir, "job.h5"), &st), 0);
        print_message("%ld ranks: %ld bytes\n", most[i][0], (long)st.st_size);
        assert_true(st.st_size <= most[i][1]);
        epmt_fold_destroy(fold);
    }
}

// P5 of the targets.
static void is_small(void **state) {
    static const struct {
        uint64_t ranks, threads;
        long max;
    } cases[] = {{64, 1, 65536}, {1000, 1, 150 * 1000}, {1000, 5, 150 * 1000 + 90 * 4000}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct epmt_jobfold *fold = filled(cases[i].ranks, cases[i].threads);
        struct stat st;
        write_and_compare(fold);
        assert_int_equal(stat(tempdir_name(&dir, "job.h5"), &st), 0);
        assert_true(st.st_size <= cases[i].max);
        epmt_fold_destroy(fold);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(sums_up),
        cmocka_unit_test(survives_strange_values),
        cmocka_unit_test(keeps_odd_texts),
        cmocka_unit_test(reads_lists),
        cmocka_unit_test(same_job_same_bytes),
        cmocka_unit_test(bears_a_full_disk),
        cmocka_unit_test(mpi_tables_come_back),
        cmocka_unit_test(mpi_tables_bear_strange_values),
        cmocka_unit_test(keeps_imported_rows),
        cmocka_unit_test(is_small),
        cmocka_unit_test(is_small_with_mpi),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
