// SPDX-License-Identifier: Apache-2.0
// aggregator/streamfile.h: a stream has its name once it is whole, and leaves nothing otherwise.
#include "aggregator/streamfile.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "common/prim.h"
#include "tests/unit/tempdir.h"

static struct tempdir dir;
static char journal[PATH_MAX];

static int setup(void **state) {
    (void)state;
    if (tempdir_make(&dir))
        return -1;
    snprintf(journal, sizeof journal, "%s/host.journal", dir.path);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return tempdir_remove(&dir);
}

// Files in the directory that end so.
static int files(const char *suffix) {
    DIR *open = opendir(dir.path);
    struct dirent *entry;
    int count = 0;

    while ((entry = readdir(open))) {
        size_t len = strlen(entry->d_name), end = strlen(suffix);
        count += len > end && !strcmp(entry->d_name + len - end, suffix);
    }
    closedir(open);
    return count;
}

static void a_stream(void **state) {
    struct epmt_streamfile file;

    (void)state;
    assert_int_equal(epmt_streamfile_start(&file, journal, 7, 9), 0);
    assert_int_equal(epmt_streamfile_put(&file, "rows", 4), 0);
    assert_int_equal(files(".stream"), 0);
    assert_int_equal(files(".tmp"), 1);
    assert_int_equal(epmt_streamfile_finish(&file), 0);
    assert_int_equal(files(".stream"), 1);
    assert_int_equal(files(".tmp"), 0);
    epmt_streamfile_abandon(&file); // nothing to do any more
    assert_int_equal(files(".stream"), 1);
}

static void an_abandoned_one(void **state) {
    struct epmt_streamfile file;

    (void)state;
    assert_int_equal(epmt_streamfile_start(&file, journal, 7, 9), 0);
    assert_int_equal(epmt_streamfile_put(&file, "rows", 4), 0);
    epmt_streamfile_abandon(&file);
    assert_int_equal(files(".stream") + files(".tmp"), 0);
}

static void no_directory(void **state) {
    struct epmt_streamfile file;

    (void)state;
    assert_int_equal(epmt_streamfile_start(&file, "/nonexistent/dir/h.journal", 7, 9), -ENOENT);
    assert_true(file.fd < 0);
    epmt_streamfile_abandon(&file);
}

// The program limits the size of files: no signal reaches it for a write that it never asked for.
static void a_limit_on_files(void **state) {
    static const char rows[4096];
    struct rlimit before, limit;
    struct epmt_streamfile file;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 100;
    assert_int_equal(epmt_streamfile_start(&file, journal, 7, 9), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int status = epmt_streamfile_put(&file, rows, sizeof rows);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, -EFBIG);
    epmt_streamfile_abandon(&file);
    assert_int_equal(files(".stream") + files(".tmp"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(an_abandoned_one, setup, teardown),
        cmocka_unit_test_setup_teardown(no_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(a_limit_on_files, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
