// SPDX-License-Identifier: Apache-2.0
// Settings from files, under the environment.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli/settings_files.h"
#include "cli/settings_show.h"
#include "cli/thishost.h"
#include "tempdir.h"

static struct tempdir dir;

static int make_dir(void **state) {
    (void)state;
    return tempdir_make(&dir);
}

static int remove_dir(void **state) {
    (void)state;
    epmt_settings_files_free();
    return tempdir_remove(&dir);
}

static int read_text(const char *text, struct epmt_settings *settings, struct epmt_error *err) {
    const char *path = tempdir_name(&dir, "epmt.conf");
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
    epmt_settings_init(settings);
    return epmt_settings_file_read(settings, path, err);
}

static void values_are_taken(void **state) {
    struct epmt_settings settings;
    struct epmt_error err;

    (void)state;
    assert_int_equal(read_text("# comment\n[epmt]\noutput_prefix = /a b/\nverbose=2 ; two\n"
                               "disable = yes\n",
                               &settings, &err),
                     0);
    assert_string_equal(settings.output_prefix, "/a b/");
    assert_int_equal(settings.verbose, 2);
    assert_int_equal(settings.disable, 1);
    assert_int_equal(settings.arrival_timeout, 600);
}

static void what_is_wrong_is_named_with_its_line(void **state) {
    static const struct {
        const char *text, *line, *part;
    } rows[] = {
        {"[epmt]\n\nverbos = 1\n", "epmt.conf:3: ", "verbos"},
        {"[epmt]\nverbose = x\n", "epmt.conf:2: ", "verbose"},
        {"verbose = 1\n", "epmt.conf:1: ", "[epmt]"},
        {"[other]\nverbose = 1\n", "epmt.conf:2: ", "[other]"},
        {"[host none*]\nverbos = 1\n", "epmt.conf:2: ", "mean verbose"},
        {"[cpu 0/0/0]\nverbose = x\n", "epmt.conf:2: ", "verbose"},
        {"[epmt]\nnonsense\n", "epmt.conf:2: ", "name = value"},
    };
    struct epmt_settings settings;
    struct epmt_error err;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(read_text(rows[i].text, &settings, &err), -1);
        assert_int_equal(err.code, EPMT_ERR_USAGE);
        assert_non_null(strstr(err.text, rows[i].line));
        assert_non_null(strstr(err.text, rows[i].part));
    }
    // The lines behind a wrong one still count.
    assert_int_equal(read_text("[epmt]\nverbos = 1\nverbose = 1\n", &settings, &err), -1);
    assert_int_equal(settings.verbose, 1);
}

static void a_long_line_is_not_cut(void **state) {
    struct epmt_settings settings;
    struct epmt_error err;
    char text[1024];

    (void)state;
    snprintf(text, sizeof text, "[epmt]\noutput_prefix = %0600d\n", 0);
    assert_int_equal(read_text(text, &settings, &err), -1);
    assert_non_null(strstr(err.text, "epmt.conf:2: the line is too long"));
}

static void a_missing_file_is_none(void **state) {
    struct epmt_settings settings;
    struct epmt_error err;

    (void)state;
    epmt_settings_init(&settings);
    assert_int_equal(epmt_settings_file_read(&settings, tempdir_name(&dir, "none.ini"), &err), 0);
    assert_int_equal(epmt_settings_file_read(&settings, dir.path, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_IO);
}

static void the_environment_counts_more(void **state) {
    struct epmt_settings settings;
    struct epmt_error err;
    char home[PATH_MAX + 32];
    char *envp[] = {home, "EPMT_VERBOSE=2", NULL};
    FILE *file;

    (void)state;
    mkdir(tempdir_name(&dir, ".config"), 0700);
    mkdir(tempdir_name(&dir, ".config/epmt"), 0700);
    file = fopen(tempdir_name(&dir, ".config/epmt/epmt.conf"), "w");
    fputs("[epmt]\nverbose = 1\nchunk_kib = 7\n", file);
    fclose(file);
    snprintf(home, sizeof home, "HOME=%s", dir.path);
    assert_int_equal(epmt_settings_load(&settings, envp, &err), 0);
    assert_int_equal(settings.verbose, 2);
    assert_int_equal(settings.chunk_kib, 7);
    envp[1] = "EPMT_VERBOSE=many";
    assert_int_equal(epmt_settings_load(&settings, envp, &err), -1);
    assert_int_equal(settings.verbose, 1);
}

static void sections_count_on_their_hosts(void **state) {
    struct epmt_settings settings;
    struct epmt_error err;
    char host[EPMT_PLACE_MAX], cpu[EPMT_PLACE_MAX], text[2048];

    (void)state;
    epmt_host_name(host);
    epmt_cpu_name(cpu);
    snprintf(text, sizeof text,
             "[epmt]\nverbose = 1\nchunk_kib = 1\nmemory_mib = 1\n[host no-such:%.1s*]\n"
             "verbose = 2\n[host no-such*]\nchunk_kib = 2\n[cpu %s]\nmemory_mib = 2\n",
             host, *cpu ? cpu : "*");
    assert_int_equal(read_text(text, &settings, &err), 0);
    assert_int_equal(settings.verbose, 2);
    assert_int_equal(settings.chunk_kib, 1);
    assert_int_equal(settings.memory_mib, 2);
}

static void origins_are_told(void **state) {
    struct epmt_settings settings;
    char home[PATH_MAX + 32];
    char *envp[] = {home, "EPMT_VERBOSE=2", "PAPIEX_OUTPUT=/old/", NULL};
    char path[PATH_MAX];
    FILE *file;

    (void)state;
    mkdir(tempdir_name(&dir, "epmt"), 0700);
    snprintf(home, sizeof home, "XDG_CONFIG_HOME=%s", dir.path);
    epmt_settings_user_path(envp, path, sizeof path);
    file = fopen(path, "w");
    fputs("[epmt]\nverbose = 1\nlog = /x\n", file);
    fclose(file);
    assert_int_equal(epmt_settings_load(&settings, envp, NULL), 0);
    assert_string_equal(epmt_setting_origin(epmt_setting_find("verbose")), "environment");
    assert_string_equal(epmt_setting_origin(epmt_setting_find("log")), path);
    assert_string_equal(epmt_setting_origin(epmt_setting_find("disable")), "default");
    assert_string_equal(settings.output_prefix, "/old/");
    assert_non_null(strstr(epmt_setting_origin(epmt_setting_find("output_prefix")), "PAPIEX"));
    // A name of before is still read, and the one of today counts more.
    strcpy(strrchr(path, '.'), ".ini");
    file = fopen(path, "w");
    fputs("[epmt]\nlog = /y\nchunk_kib = 9\n", file);
    fclose(file);
    assert_int_equal(epmt_settings_load(&settings, envp, NULL), 0);
    assert_string_equal(settings.log, "/x");
    assert_int_equal(settings.chunk_kib, 9);
}

static void secrets_are_not_shown(void **state) {
    static const char *const urls[][2] = {
        {"postgresql://u:p%40s@h:5432/d", "postgresql://u:***@h:5432/d"},
        {"postgresql://u@h/d", "postgresql://u@h/d"},
        {"postgresql://h/d?user=u&password=geheim&x=1", "postgresql://h/d?user=u&password=***&x=1"},
        {"host=h password=geheim dbname=d", "host=h password=*** dbname=d"},
        {"sqlite:////a:b@c", "sqlite:////a:b@c"},
    };
    struct epmt_settings settings;
    char shown[EPMT_SETTING_SHOWN_MAX];

    (void)state;
    epmt_settings_init(&settings);
    for (unsigned i = 0; i < sizeof urls / sizeof *urls; i++) {
        settings.db_url = urls[i][0];
        assert_string_equal(epmt_setting_shown(&settings, epmt_setting_find("db_url"), shown),
                            urls[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_taken),
        cmocka_unit_test(what_is_wrong_is_named_with_its_line),
        cmocka_unit_test(a_long_line_is_not_cut),
        cmocka_unit_test(a_missing_file_is_none),
        cmocka_unit_test(the_environment_counts_more),
        cmocka_unit_test(sections_count_on_their_hosts),
        cmocka_unit_test(origins_are_told),
        cmocka_unit_test(secrets_are_not_shown),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
