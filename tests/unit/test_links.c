// SPDX-License-Identifier: Apache-2.0
// common/links.h against realpath(3), on links of every kind.
#include "common/links.h"

#include <limits.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tempdir.h"

static struct tempdir dir;

static int setup(void **state) {
    char real[PATH_MAX];

    (void)state;
    if (tempdir_make(&dir) || !realpath(dir.path, real) || chdir(real))
        return -1;
    if (strlen(real) >= sizeof dir.path)
        return -1;
    strcpy(dir.path, real);
    return mkdir("a", 0700) || mkdir("a/b", 0700) || mkdir("c", 0700) ||
           symlink("a/b", "relative") || symlink("../c", "a/up") || symlink("relative", "twice") ||
           symlink("../../a/b/../up", "a/b/around") || symlink("around/", "a/b/slash") ||
           symlink("self", "self") || symlink(".", "here") || symlink("/", "root") ||
           symlink("/proc/self", "proc") || symlink("gone", "dangling") || symlink(real, "top");
}

static int teardown(void **state) {
    (void)state;
    return chdir("/") || tempdir_remove(&dir);
}

static void as_realpath(const char *name) {
    char want[PATH_MAX], got[1024];

    memset(got, '#', sizeof got);
    assert_non_null(realpath(name, want));
    assert_true(epmt_follow_links(name, got, sizeof got));
    assert_string_equal(got, want);
    // Cut at any length it says so, and writes no further.
    for (size_t cap = 0; cap <= strlen(want); cap++) {
        memset(got, '#', sizeof got);
        assert_false(epmt_follow_links(name, got, cap));
        assert_int_equal(got[cap], '#');
    }
}

static void links_are_followed(void **state) {
    static const char *const names[] = {
        "a",         "a/b",       "relative",  "twice",  "a/up",        "a/b/around",
        "a/b/slash", "here/here", "top/a/b",   "a/./b",  "a//b",        "a/b/../b",
        "a/../c",    "top/top/c", "relative/", "a/up/.", "relative/..", "a/b/around/"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        as_realpath(tempdir_name(&dir, names[i]));
        as_realpath(names[i]);
    }
    as_realpath("/bin/sh");
    as_realpath("/usr/bin/../bin/env");
    as_realpath("//usr///bin/env");
}

static void what_cannot_be_told_is_refused(void **state) {
    static const char *const names[] = {"self",    "proc",       "proc/exe", "dangling",
                                        "missing", "missing/..", "root"};
    char got[1024], deep[PATH_MAX + 64];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false(epmt_follow_links(tempdir_name(&dir, names[i]), got, sizeof got));
    assert_false(epmt_follow_links("", got, sizeof got));
    assert_false(epmt_follow_links("/", got, sizeof got));
    assert_false(epmt_follow_links("/proc/self/exe", got, sizeof got));
    memset(deep, 'x', sizeof deep - 1);
    deep[0] = '/';
    deep[sizeof deep - 1] = '\0';
    assert_false(epmt_follow_links(deep, got, sizeof got));
}

static void relative_to_other_directories(void **state) {
    char got[1024];

    (void)state;
    assert_int_equal(chdir("/"), 0);
    as_realpath("usr/bin/env");
    as_realpath("../usr/bin/../bin/env");
    assert_int_equal(chdir("/proc/self"), 0);
    assert_false(epmt_follow_links("exe", got, sizeof got));
    assert_int_equal(chdir(tempdir_name(&dir, "relative")), 0);
    as_realpath("../up");
    assert_int_equal(mkdir("gone", 0700), 0);
    assert_int_equal(chdir("gone"), 0);
    assert_int_equal(rmdir("../gone"), 0);
    assert_false(epmt_follow_links("x", got, sizeof got));
    assert_int_equal(chdir(dir.path), 0);
}

static void a_long_link_does_not_overflow(void **state) {
    char name[32], target[1100], want[PATH_MAX], got[1024];

    (void)state;
    // ././././a of every length about that of the room inside.
    for (size_t dots = 400; dots < 520; dots++) {
        snprintf(name, sizeof name, "long%zu", dots);
        for (size_t i = 0; i < dots; i++)
            memcpy(target + 2 * i, "./", 2);
        memcpy(target + 2 * dots, "a", 2);
        assert_int_equal(symlink(target, name), 0);
        assert_non_null(realpath(tempdir_name(&dir, name), want));
        if (epmt_follow_links(dir.name, got, sizeof got))
            assert_string_equal(got, want);
        else
            assert_true(2 * dots + strlen(dir.name) > 900);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_followed),
        cmocka_unit_test(what_cannot_be_told_is_refused),
        cmocka_unit_test(relative_to_other_directories),
        cmocka_unit_test(a_long_link_does_not_overflow),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
