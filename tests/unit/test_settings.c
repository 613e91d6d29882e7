// SPDX-License-Identifier: Apache-2.0
// metadata/settings.h: defaults, values of each type, the environment.
#include "metadata/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cli/markdown.h"

static void defaults(void **state) {
    struct epmt_settings settings;

    (void)state;
    memset(&settings, 0xff, sizeof settings);
    epmt_settings_init(&settings);
    assert_string_equal(settings.output_prefix, "/tmp/epmt/");
    assert_int_equal(settings.disable, 0);
    assert_string_equal(settings.log, "");
    assert_int_equal(settings.arrival_timeout, 600);
}

// Every row: its default is there, and setting it by its name changes it and nothing else.
static void every_row_is_reached_by_its_name(void **state) {
    (void)state;
    assert_true(epmt_setting_count > 5);
    for (int i = 0; i < epmt_setting_count; i++) {
        const struct epmt_setting *row = &epmt_setting_table[i];
        const char *value = "123";
        struct epmt_settings settings, before;
        epmt_settings_init(&settings);
        if (row->type == EPMT_SETTING_SWITCH)
            value = *(uint64_t *)((char *)&settings + row->offset) ? "no" : "yes";
        before = settings;
        assert_int_equal(epmt_settings_set(&settings, row->name, value, NULL), 0);
        for (int j = 0; j < epmt_setting_count; j++) {
            uint32_t at = epmt_setting_table[j].offset;
            bool same = !memcmp((char *)&settings + at, (char *)&before + at, 8);
            assert_int_equal(same, i != j);
        }
        assert_true(epmt_setting_description(row)[0]);
    }
}

static void wrong_values_change_nothing(void **state) {
    static const char *const wrong[][2] = {
        {"verbose", ""}, {"verbose", "-1"}, {"verbose", "1x"}, {"verbose", "18446744073709551616"},
        {"disable", ""}, {"disable", "2"},  {"disable", "ja"}, {"no_such_setting", "1"},
        {"", "1"},       {"Verbose", "1"},  {"verbos", "1"},   {"verbose ", "1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct epmt_settings settings, before;
        struct epmt_error err = {EPMT_ERR_OK, ""};
        epmt_settings_init(&settings);
        before = settings;
        assert_int_equal(epmt_settings_set(&settings, wrong[i][0], wrong[i][1], &err), -1);
        assert_int_equal(err.code, EPMT_ERR_USAGE);
        assert_non_null(strstr(err.text, wrong[i][0]));
        assert_memory_equal(&settings, &before, sizeof settings);
        assert_int_equal(epmt_settings_set(&settings, wrong[i][0], wrong[i][1], NULL), -1);
    }
}

static void switches(void **state) {
    static const char *const on[] = {"1", "yes", "true", "on", "YES", "On"};
    static const char *const off[] = {"0", "no", "false", "off", "No"};
    struct epmt_settings settings;

    (void)state;
    epmt_settings_init(&settings);
    for (size_t i = 0; i < sizeof on / sizeof *on; i++) {
        settings.disable = 0;
        assert_int_equal(epmt_settings_set(&settings, "disable", on[i], NULL), 0);
        assert_int_equal(settings.disable, 1);
    }
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        settings.disable = 1;
        assert_int_equal(epmt_settings_set(&settings, "disable", off[i], NULL), 0);
        assert_int_equal(settings.disable, 0);
    }
}

static void the_environment(void **state) {
    char *envp[] = {"EPMT_VERBOSE=2",
                    "HOME=/root",
                    "EPMT_OUTPUT_PREFIX=/p=q/",
                    "EPMT_DISABLE=maybe",
                    "EPMT_VERBOSITY=9",
                    "XEPMT_LOG=x",
                    "EPMT_LOG_=x",
                    "epmt_log=x",
                    "EPMT_CHUNK_KIB=many",
                    "EPMT_DB_URL=",
                    "EPMT_",
                    "EPMT_log=x",
                    NULL};
    struct epmt_settings settings;
    struct epmt_error err = {EPMT_ERR_OK, ""};

    (void)state;
    epmt_settings_init(&settings);
    assert_int_equal(epmt_settings_from_environment(&settings, envp, &err), 2);
    assert_int_equal(settings.verbose, 2);
    assert_string_equal(settings.output_prefix, "/p=q/");
    assert_string_equal(settings.db_url, "");
    assert_string_equal(settings.log, "");
    assert_int_equal(settings.disable, 0);
    assert_int_equal(settings.chunk_kib, 256);
    assert_int_equal(err.code, EPMT_ERR_USAGE);
    assert_non_null(strstr(err.text, "disable")); // the first one
    assert_int_equal(epmt_settings_from_environment(&settings, envp, NULL), 2);
}

static void an_empty_environment(void **state) {
    char *envp[] = {NULL};
    struct epmt_settings settings;

    (void)state;
    epmt_settings_init(&settings);
    assert_int_equal(epmt_settings_from_environment(&settings, envp, NULL), 0);
    assert_int_equal(epmt_settings_from_environment(&settings, NULL, NULL), 0);
    assert_null(epmt_environment_get(envp, "HOME"));
    assert_null(epmt_environment_get(NULL, "HOME"));
}

static void an_empty_text_is_none(void **state) {
    char *envp[] = {"EPMT_OUTPUT_PREFIX=", "EPMT_LOG=", NULL};
    struct epmt_settings settings;
    struct epmt_error err;

    (void)state;
    epmt_settings_init(&settings);
    assert_int_equal(epmt_settings_set(&settings, "log", "stderr", &err), 0);
    assert_int_equal(epmt_settings_from_environment(&settings, envp, &err), 0);
    assert_string_equal(settings.output_prefix, "/tmp/epmt/");
    assert_string_equal(settings.log, "");
}

static void variables_are_found(void **state) {
    char *envp[] = {"AB=1", "A=2", "C=", "D", "A=3", NULL};

    (void)state;
    assert_string_equal(epmt_environment_get(envp, "A"), "2");
    assert_string_equal(epmt_environment_get(envp, "AB"), "1");
    assert_string_equal(epmt_environment_get(envp, "C"), "");
    assert_null(epmt_environment_get(envp, "D"));
    assert_null(epmt_environment_get(envp, "B"));
    assert_null(epmt_environment_get(envp, "ABC"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_row_is_reached_by_its_name),
        cmocka_unit_test(wrong_values_change_nothing),
        cmocka_unit_test(switches),
        cmocka_unit_test(the_environment),
        cmocka_unit_test(an_empty_environment),
        cmocka_unit_test(an_empty_text_is_none),
        cmocka_unit_test(variables_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
