// SPDX-License-Identifier: Apache-2.0
// A job file that is larger than what its writer keeps in memory, and that hardly packs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(bears_a_disk_that_fills_up),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
