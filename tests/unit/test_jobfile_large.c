// SPDX-License-Identifier: Apache-2.0
// A job file that is larger than what its writer keeps in memory, and that hardly packs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "storage/jobfile_output.h"
#include "tests/unit/jobfiles.h"
#include "tests/unit/rows.h"

#define ATTRIBUTES 2500
#define BYTES 800

// Values that are no UTF-8 stand in /texts: two million bytes that nothing packs.
static struct epmt_jobfold *large(void) {
    static const struct epmt_bytes scope = {"job", 3};
    struct epmt_jobfold *fold = filled(600, 2);
    char key[32], value[BYTES];
    uint64_t seed = 42;

    for (int i = 0; i < ATTRIBUTES; i++) {
        for (size_t k = 0; k < sizeof value; k++)
            value[k] = (char)rows_random(&seed);
        int len = snprintf(key, sizeof key, "odd%d", i);
        assert_int_equal(epmt_fold_add_attribute(fold, scope,
                                                 (struct epmt_bytes){key, (uint64_t)len},
                                                 (struct epmt_bytes){value, sizeof value}, &err),
                         0);
    }
    assert_int_equal(epmt_fold_finish(fold, true, &err), 0);
    return fold;
}

static void comes_back(void **state) {
    struct epmt_jobfold *fold = large();
    char path[PATH_MAX];
    struct stat st;

    (void)state;
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "large.h5"));
    assert_int_equal(epmt_jobfile_write(fold, path, &err), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > EPMT_OUTPUT_HEAD + (1 << 19));
    expect_same(fold, path);
    epmt_fold_destroy(fold);
}

// Where the disk is full only behind what is kept in memory, libhdf5 is not to know, and the end of
// the program not to crash: the error comes once all is written.
static void bears_a_disk_that_fills_up(void **state) {
    struct epmt_jobfold *old = filled(2, 1), *fold = large();
    struct rlimit before;
    char path[PATH_MAX];

    (void)state;
    snprintf(path, sizeof path, "%s", tempdir_name(&dir, "filling.h5"));
    assert_int_equal(epmt_jobfile_write(old, path, &err), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (rlim_t max = EPMT_OUTPUT_HEAD / 2; max < 2 * EPMT_OUTPUT_HEAD; max += 300001) {
        struct rlimit limit = {max, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        int status = epmt_jobfile_write(fold, path, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(status, -1);
        assert_int_equal(err.code, EPMT_ERR_IO);
        assert_non_null(strstr(err.text, "filling.h5: File too large"));
        expect_same(old, path);
    }
    epmt_fold_destroy(fold);
    epmt_fold_destroy(old);
}

static hid_t open_output(struct epmt_output *output) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);

    assert_non_null(output);
    assert_int_equal(epmt_output_use(access, output), 0);
    hid_t file = H5Fcreate("any", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    assert_true(file >= 0);
    return file;
}

// What was written behind the end of the file, and cut off again by libhdf5, does not stay.
static void ends_where_the_file_does(void **state) {
    int fd = open(tempdir_name(&dir, "longer.h5"), O_RDWR | O_CREAT | O_EXCL, 0600);
    struct epmt_output *output = epmt_output_new(fd);
    struct stat st;
    uint32_t crc;

    (void)state;
    assert_int_equal(ftruncate(fd, 3 * EPMT_OUTPUT_HEAD), 0);
    assert_true(H5Fclose(open_output(output)) >= 0);
    assert_int_equal(epmt_output_finish(output, &crc), 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(output->len < EPMT_OUTPUT_HEAD);
    assert_int_equal(st.st_size, output->len);
    epmt_output_free(output);
    close(fd);
}

// libhdf5 keeps a file that it failed to close, and comes back to it at the end of the program.
static void may_be_left_before_the_file_is_closed(void **state) {
    int fd = open(tempdir_name(&dir, "left.h5"), O_RDWR | O_CREAT | O_EXCL, 0600);
    struct epmt_output *output = epmt_output_new(fd);
    hid_t file = open_output(output);
    struct stat st;

    (void)state;
    epmt_output_free(output);
    hid_t group = H5Gcreate2(file, "/late", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(group >= 0);
    H5Gclose(group);
    assert_true(H5Fclose(file) >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 0);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(bears_a_disk_that_fills_up),
        cmocka_unit_test(ends_where_the_file_does),
        cmocka_unit_test(may_be_left_before_the_file_is_closed),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
