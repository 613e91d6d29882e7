// SPDX-License-Identifier: Apache-2.0
// `epmt check`: each thing that may be wrong is found, in its place, and a good file is good.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <hdf5.h>

#include "common/fmt.h"
#include "storage/jobfile_check.h"
#include "tests/unit/jobfiles.h"

static char said[8192]; // what was found, a line each
static struct epmt_check_result result;

static void note_down(void *context, const struct epmt_finding *finding) {
    size_t len = strlen(said);

    (void)context;
    if (!finding->note)
        snprintf(said + len, sizeof said - len, "%s %ld %s: %s\n", finding->table,
                 (long)finding->row, finding->column ? finding->column : "-", finding->text);
}

static void check(const char *path) {
    said[0] = '\0';
    if (epmt_jobfile_check(path, note_down, NULL, &result, &err))
        fail_msg("%s", err.text);
}

static void check_fold(struct epmt_jobfold *fold) {
    assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
    assert_int_equal(epmt_jobfile_write(fold, tempdir_name(&dir, "job.h5"), &err), 0);
    epmt_fold_destroy(fold);
    check(tempdir_name(&dir, "job.h5"));
}

static void good_files_are_good(void **state) {
    static const uint64_t sizes[][2] = {{0, 0}, {1, 1}, {5, 0}, {64, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct epmt_jobfold *fold = filled(sizes[i][0], sizes[i][1]);
        if (!sizes[i][0])
            assert_int_equal(epmt_fold_set_attribute(fold, "job", "jobid", "1", &err), 0);
        check_fold(fold);
        assert_string_equal(said, "");
        assert_int_equal(result.wrong, 0);
        assert_int_equal(result.info.process_count, sizes[i][0]);
    }
}

static void older_versions_are_good(void **state) {
    static const char *const names[] = {"v1-serial.h5", "v1-mpi.h5"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, EPMT_FIXTURES "/jobfile/%s", names[i]);
        check(path);
        assert_string_equal(said, "");
        assert_int_equal(result.info.format_version, 1);
    }
}

// Doctors one value of a row, and says what must be found.
static void values_that_cannot_be(void **state) {
    static const struct {
        int thread, column;
        int64_t value;
        const char *expected;
    } cases[] = {
        {0, EPMT_COL_end, JOBS_START - 5, "/processes 1 end: "},
        {0, EPMT_COL_start, -1, "/processes 1 start: -1 cannot be"},
        {0, EPMT_COL_exitcode, 256, "/processes 1 exitcode: 256 cannot be"},
        {0, EPMT_COL_exitsignal, 65, "/processes 1 exitsignal: 65 cannot be"},
        {0, EPMT_COL_state, EPMT_STATE_signaled, "/processes 1 exitsignal: none of a process"},
        {0, EPMT_COL_mpirank, 3, "/processes 2 mpirank: 3 in a world of 3"},
        {0, EPMT_COL_mpirank, -3, "/processes 0 mpirank: -3 in a world of 3"},
        {0, EPMT_COL_pid, 0, "/processes 1 pid: 0 cannot be"},
        {0, EPMT_COL_usertime, 200000000, "/processes 1 usertime: with systemtime 2"},
        {0, EPMT_COL_time_oncpu, INT64_MAX, "/processes 1 time_oncpu: 9223372036854775807 ns"},
        {0, EPMT_COL_numtids, 1, "/processes 1 numtids: 1, but /threads has 2 rows"},
        {0, EPMT_COL_mpitime, INT64_MAX, "/processes 1 mpitime: 9223372036854775807 ns"},
        {1, EPMT_COL_end, JOBS_START - 5, "/threads 2 end: "},
        {1, EPMT_COL_end, JOBS_START + 100000000, "/threads 2 end: after that of its process"},
        {1, EPMT_COL_usertime, 100000000, "/threads 2 usertime: with systemtime 10"},
        {1, EPMT_COL_mpirank, 2, "/threads 2 mpirank: another one than its process has"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct epmt_jobfold *fold = epmt_fold_create();
        struct epmt_record record;

        assert_int_equal(jobs_fill(fold, 3, 2), 0);
        if (cases[i].thread)
            jobs_thread(&record, 1, 0);
        else
            jobs_process(&record, 1, 3);
        if (!cases[i].thread)
            epmt_record_set_i(&record, EPMT_COL_numtids, 2);
        record.value[cases[i].column].i = cases[i].value;
        record.valid[cases[i].column / 64] |= UINT64_C(1) << (cases[i].column % 64);
        epmt_record_set_u(&record, EPMT_COL_revision, 9);
        assert_int_equal(epmt_fold_add_record(fold,
                                              cases[i].thread ? EPMT_ROW_THREAD : EPMT_ROW_PROCESS,
                                              &record, &err),
                         0);
        check_fold(fold);
        if (!strstr(said, cases[i].expected))
            fail_msg("case %d: not found: %s\nin: %s", (int)i, cases[i].expected, said);
        assert_true(result.wrong > 0);
    }
}

static void mpi_values_that_cannot_be(void **state) {
    static const struct {
        enum epmt_row_kind kind;
        int column;
        uint64_t value;
        const char *expected;
    } cases[] = {
        {EPMT_ROW_MPI_FUNCTION, EPMT_MPI_FUNCTION_COL_time_max, UINT64_MAX, " time_max: 184467"},
        {EPMT_ROW_MPI_FUNCTION, EPMT_MPI_FUNCTION_COL_time, UINT64_MAX, " time: 18446744073709"},
        {EPMT_ROW_MPI_MESSAGE, EPMT_MPI_MESSAGE_COL_peer, 3, " peer: 3 is no rank of the sender"},
        {EPMT_ROW_MPI_SIZE, EPMT_MPI_SIZE_COL_bucket, 3, " bucket: 3 is no power of two"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct epmt_jobfold *fold = filled(3, 2);
        struct epmt_record record;

        epmt_fold_mpi(fold, cases[i].kind, 1, &record);
        epmt_record_set_u(&record, cases[i].column, cases[i].value);
        assert_int_equal(epmt_fold_add_record(fold, cases[i].kind, &record, &err), 0);
        check_fold(fold);
        if (!strstr(said, cases[i].expected))
            fail_msg("case %d: not found: %s\nin: %s", (int)i, cases[i].expected, said);
    }
}

// Changes numbers in a column of the file itself, from the row on.
static void change(const char *table, const char *column, hsize_t row, uint64_t value) {
    hid_t file = H5Fopen(tempdir_name(&dir, "job.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, table, H5P_DEFAULT), space = H5Dget_space(set);
    hid_t type = H5Tcreate(H5T_COMPOUND, 8), memory = H5Screate(H5S_SCALAR);
    hsize_t one = 1;

    assert_true(H5Tinsert(type, column, 0, H5T_NATIVE_UINT64) >= 0);
    assert_true(H5Sselect_hyperslab(space, H5S_SELECT_SET, &row, NULL, &one, NULL) >= 0);
    assert_true(H5Dwrite(set, type, memory, space, H5P_DEFAULT, &value) >= 0);
    H5Sclose(memory);
    H5Tclose(type);
    H5Sclose(space);
    H5Dclose(set);
    H5Fclose(file);
}

static void change_root(const char *name, uint64_t value) {
    hid_t file = H5Fopen(tempdir_name(&dir, "job.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT);

    assert_true(H5Awrite(attribute, H5T_NATIVE_UINT64, &value) >= 0);
    H5Aclose(attribute);
    H5Fclose(file);
}

static void references_that_do_not_hold(void **state) {
    static const struct {
        const char *table, *column;
        hsize_t row;
        uint64_t value;
        const char *expected;
    } cases[] = {
        {"/threads", "image", 3, 99, "/threads 3 image: no row of /processes has it"},
        {"/processes", "image", 2, 98, "/threads 4 image: no row of /processes has it"},
        {"/mpi/functions", "image", 5, 97, "/mpi/functions 5 image: no row of /processes"},
        {"/mpi/callsites", "image", 0, 97, "/mpi/callsites 0 image: no row of /processes"},
        {"/hosts", "processes", 0, 96, "/hosts 0 processes: 96, but /processes has 3"},
        {"/steps", "ranks_reported", 0, 2, "/steps 0 ranks_reported: 2, but /processes has 3"},
        {"/steps", "complete", 0, 0, "/steps 0 complete: 0 with 3 of 3 ranks"},
        {"/steps", "end", 0, 1, "/steps 0 end: 1 is before the start"},
        {"/columns", "bit", 7, 5, "/columns 7 bit: 5, but pid is column 7 of /processes"},
        {"/long_texts", "row", 0, 9, "/long_texts 0 row: 9 of /job/environment, which has 3"},
        {"/long_texts", "offset", 0, 1,
         " -1 -: damaged job file: table /long_texts: an entry of /job/environment is wrong"},
        {"/crashes", "image", 0, 95, "/crashes 0 image: no row of /processes has it"},
        {"/crash_frames", "image", 1, 94, "/crash_frames 1 image: no row of /processes"},
        {"/processes", "rssmax", 1, 5, " -1 -: the digest is "},
        {"/processes", "delayacct_blkio_time", 2, 5,
         "/processes 2 delayacct_blkio_time: is marked as missing, but holds a value"},
        {"/threads", "delayacct_blkio_time", 0, 0, "/threads 0 delayacct_blkio_time: is marked"},
        {NULL, "processes", 0, 4, " -1 -: damaged job file: its attribute processes is 4, but"},
        {NULL, "mpi_rows", 0, 4, " -1 -: damaged job file: its attribute mpi_rows is 4, but"},
        {NULL, "digest", 0, 4, " -1 -: the digest is 4, that of the rows "},
        {NULL, "ranks_reported", 0, 2,
         " -1 -: the attribute ranks_reported is 2, the steps' sum 3"},
        {NULL, "ranks_expected", 0, 4,
         " -1 -: the attribute ranks_expected is 4, the steps' sum 3"},
        {NULL, "complete", 0, 0, " -1 -: the attribute complete is 0, the steps say 1"},
        {NULL, "ended", 0, 0, " -1 -: the attribute ended is 0, in /job/attributes 1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct epmt_jobfold *fold = filled(3, 2);
        struct epmt_record record;
        char value[300];

        memset(value, 'v', sizeof value);
        value[sizeof value - 1] = '\0';
        assert_int_equal(epmt_fold_set_attribute(fold, "env", "X", value, &err), 0);
        jobs_process(&record, 1, 3);
        epmt_record_set_u(&record, EPMT_COL_revision, 9);
        epmt_record_set_i(&record, EPMT_COL_numtids, 2);
        epmt_record_set_i(&record, EPMT_COL_state, EPMT_STATE_signaled);
        epmt_record_set_i(&record, EPMT_COL_exitsignal, 11);
        epmt_record_set_text(&record, EPMT_COL_crashstack, "/x+0x1 f+0x2\0y z\0", 17);
        assert_int_equal(epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, &err), 0);
        check_fold(fold);
        assert_string_equal(said, "");
        if (cases[i].table)
            change(cases[i].table, cases[i].column, cases[i].row, cases[i].value);
        else
            change_root(cases[i].column, cases[i].value);
        check(tempdir_name(&dir, "job.h5"));
        if (!strstr(said, cases[i].expected))
            fail_msg("case %d: not found: %s\nin: %s", (int)i, cases[i].expected, said);
    }
}

static void the_root_says_another_job(void **state) {
    static const struct {
        const char *root;
        bool good;
    } cases[] = {{"77", true}, {"78", false}, {"7", false}, {"770", false}, {"", false}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct epmt_jobfold *fold = filled(3, 2);
        check_fold(fold);
        hid_t file = H5Fopen(tempdir_name(&dir, "job.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
        hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
        H5Tset_size(type, 16);
        char text[16] = "";
        snprintf(text, sizeof text, "%s", cases[i].root);
        H5Adelete(file, "jobid");
        hid_t attribute = H5Acreate2(file, "jobid", type, space, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(H5Awrite(attribute, type, text) >= 0);
        H5Aclose(attribute);
        H5Sclose(space);
        H5Tclose(type);
        H5Fclose(file);
        check(tempdir_name(&dir, "job.h5"));
        if (cases[i].good)
            assert_string_equal(said, "");
        else if (!strstr(said, "value: another one than the root's attribute jobid, "))
            fail_msg("case %d: %s", (int)i, said);
    }
}

static void damage_is_found(void **state) {
    struct epmt_jobfold *fold = filled(3, 2);
    size_t len;

    (void)state;
    check_fold(fold);
    char *data = slurp(tempdir_name(&dir, "job.h5"), &len);
    data[len / 2] ^= 1;
    spill(tempdir_name(&dir, "job.h5"), data, len);
    check(tempdir_name(&dir, "job.h5"));
    assert_string_equal(said, " -1 -: damaged job file: its checksum is wrong\n");
    spill(tempdir_name(&dir, "job.h5"), data, len / 3);
    check(tempdir_name(&dir, "job.h5"));
    assert_int_equal(result.wrong, 1);
    free(data);
    assert_int_equal(epmt_jobfile_check(tempdir_name(&dir, "none"), note_down, NULL, &result, &err),
                     -1);
    assert_int_equal(err.code, EPMT_ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files_are_good),
        cmocka_unit_test(older_versions_are_good),
        cmocka_unit_test(values_that_cannot_be),
        cmocka_unit_test(mpi_values_that_cannot_be),
        cmocka_unit_test(references_that_do_not_hold),
        cmocka_unit_test(the_root_says_another_job),
        cmocka_unit_test(damage_is_found),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
