// SPDX-License-Identifier: Apache-2.0
// storage/hosts.h: lists of hosts as schedulers write them.
#include "storage/hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/tempdir.h"

static void assert_hosts(struct epmt_hosts *hosts, const char *want) {
    char text[4096] = "";

    for (size_t i = 0; i < hosts->count; i++) {
        strcat(text, i ? " " : "");
        strcat(text, hosts->at[i]);
    }
    assert_string_equal(text, want);
    epmt_hosts_free(hosts);
}

static void lists(void **state) {
    static const struct {
        const char *list, *want;
    } rows[] = {
        {"", ""},
        {" ,\n", ""},
        {"a", "a"},
        {"b,a b", "b a b"},
        {"n[1-3]", "n1 n2 n3"},
        {"n[08-11,3],m", "n08 n09 n10 n11 n3 m"},
        {"r[1-2]n[1-2]-ib.site", "r1n1-ib.site r1n2-ib.site r2n1-ib.site r2n2-ib.site"},
        {"[1-2]x", "1x 2x"},
        {"fe80::1", "fe80::1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct epmt_hosts hosts = {0};
        struct epmt_error err;
        if (epmt_hosts_add_list(&hosts, rows[i].list, &err))
            fail_msg("%s: %s", rows[i].list, err.text);
        assert_hosts(&hosts, rows[i].want);
    }
}

// A shell or ssh would take some of them for something else.
static void no_lists(void **state) {
    static const char *const rows[] = {"n[1-",
                                       "n[]",
                                       "n[3-1]",
                                       "n[1-2",
                                       "n[a-b]",
                                       "n[1,]x[",
                                       "-oProxy",
                                       "a;b",
                                       "$(a)",
                                       "a/b",
                                       "n[-3]",
                                       "a'b",
                                       "n[1-2x]",
                                       "n[0-9999999999]",
                                       "n[1-1000000]x[1-1000000]"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct epmt_hosts hosts = {0};
        struct epmt_error err = {.code = EPMT_ERR_OK};
        if (!epmt_hosts_add_list(&hosts, rows[i], &err))
            fail_msg("%s is taken for a list", rows[i]);
        assert_int_equal(err.code, EPMT_ERR_BAD_INPUT);
        assert_true(strstr(err.text, "\"") || strstr(err.text, "more than"));
        epmt_hosts_free(&hosts);
    }
}

static void variables_name_them(void **state) {
    struct tempdir dir;
    struct epmt_error err;
    char file[PATH_MAX], variable[PATH_MAX + 32];

    (void)state;
    assert_int_equal(tempdir_make(&dir), 0);
    snprintf(file, sizeof file, "%s/nodes", dir.path);
    FILE *to = fopen(file, "w");
    assert_non_null(to);
    fputs("h1 slots=2\n\nh1\nh2.site 4 all.q\n", to);
    fclose(to);
    static const char *const files[] = {"PBS_NODEFILE", "LSB_DJOB_HOSTFILE", "OAR_NODEFILE",
                                        "PE_HOSTFILE", "COBALT_NODEFILE"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct epmt_hosts hosts = {0};
        snprintf(variable, sizeof variable, "%s=%s", files[i], file);
        char *envp[] = {variable, NULL};
        assert_int_equal(epmt_hosts_add_scheduled(&hosts, envp, &err), 0);
        assert_hosts(&hosts, "h1 h1 h2.site");
    }
    static char *const lists[] = {"SLURM_JOB_NODELIST=n[1-2]", "SLURM_NODELIST=n[1-2]",
                                  "LSB_HOSTS=n1 n2"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct epmt_hosts hosts = {0};
        char *envp[] = {lists[i], NULL};
        assert_int_equal(epmt_hosts_add_scheduled(&hosts, envp, &err), 0);
        assert_hosts(&hosts, "n1 n2");
    }
    struct epmt_hosts hosts = {0};
    char *nobody[] = {"HOME=/", NULL};
    assert_int_equal(epmt_hosts_add_scheduled(&hosts, nobody, &err), 0);
    assert_hosts(&hosts, "");
    char *missing[] = {"PBS_NODEFILE=/does/not/exist", NULL};
    assert_int_equal(epmt_hosts_add_scheduled(&hosts, missing, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_IO);
    assert_non_null(strstr(err.text, "/does/not/exist"));
    tempdir_remove(&dir);
}

static void own_is_no_other(void **state) {
    struct epmt_hosts hosts = {0};
    struct epmt_error err;
    char own[256] = "", full[300], list[1024];

    (void)state;
    gethostname(own, sizeof own - 1);
    snprintf(full, sizeof full, "%.*s.elsewhere", (int)strcspn(own, "."), own);
    snprintf(list, sizeof list, "z,a,%s,z,localhost,%.*sx,%s", own, (int)strcspn(own, "."), own,
             strchr(own, '.') ? "a" : full);
    assert_int_equal(epmt_hosts_add_list(&hosts, list, &err), 0);
    epmt_hosts_finish(&hosts);
    assert_int_equal(hosts.count, 3);
    epmt_hosts_free(&hosts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(no_lists),
        cmocka_unit_test(variables_name_them),
        cmocka_unit_test(own_is_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
