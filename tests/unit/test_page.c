// SPDX-License-Identifier: Apache-2.0
// Pages with everything inside: what the data cannot break out of, what the policy says, and
// what cannot be put inside.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "analysis/page.h"
#include "tests/unit/tempdir.h"

// Made by another program: base64 of the SHA-256 of the two texts.
#define SCRIPT "run();\n"
#define SCRIPT_HASH "'sha256-eEpJQ875EgK5EExgc82CWSzcnYEGRRQ+0JkzZRvf3lg='"
#define STYLE "p{}\n"
#define STYLE_HASH "'sha256-ENciTu8dY6ZA4nEGXBqyKSkyCEnyvmHRBTrJoNuRdwE='"

#define HEAD "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n"
#define PAGE                                               \
    HEAD "<link rel=\"stylesheet\" href=\"/web/a.css\">\n" \
         "<p>\n<script src=\"/web/a.js\"></script>\n"

struct site {
    struct tempdir dir;
    struct epmt_strbuf page;
    struct epmt_error err;
};

static void put(struct site *site, const char *name, const char *text) {
    FILE *file = fopen(tempdir_name(&site->dir, name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
    struct site *site = calloc(1, sizeof *site);

    if (!site || tempdir_make(&site->dir))
        return -1;
    put(site, "page.html", PAGE);
    put(site, "a.css", STYLE);
    put(site, "a.js", SCRIPT);
    *state = site;
    return 0;
}

static int tear_down(void **state) {
    struct site *site = *state;

    tempdir_remove(&site->dir);
    epmt_strbuf_free(&site->page);
    free(site);
    return 0;
}

static int embed(struct site *site, json_t *data) {
    int status = epmt_page_embed(&site->page, site->dir.path, "page.html", data, &site->err);

    json_decref(data);
    return status;
}

static void everything_stands_inside(void **state) {
    struct site *site = *state;

    assert_int_equal(embed(site, json_pack("{s:i}", "n", 1)), 0);
    assert_string_equal(
        site->page.data,
        HEAD "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
             "style-src " STYLE_HASH "; script-src " SCRIPT_HASH
             "; base-uri 'none'; form-action 'none'\">\n"
             "<style>" STYLE "</style>\n"
             "<p>\n"
             "<script type=\"application/json\" id=\"epmt-data\">{\"n\":1}</script>\n"
             "<script>" SCRIPT "</script>\n");
}

// Each must come back as it was, from text without anything that ends a script or a line of it.
static void no_text_breaks_out(void **state) {
    const char *const hostile[] = {
        "</script><script>alert(1)</script>",
        "</SCRIPT >",
        "<!--<script>",
        "]]>",
        "&lt;&amp;",
        "\xe2\x80\xa8 and \xe2\x80\xa9",
        "\"};alert(1);//",
        "'\\u003c\\",
        "\xf0\x9f\x92\xa5",
        "\x01\x7f",
    };

    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct epmt_strbuf text = {0};
        json_error_t error;
        json_t *data = json_pack("{s:s, s:[s]}", hostile[i], hostile[i], "list", hostile[i]);
        assert_int_equal(epmt_page_add_json(&text, data), 0);
        assert_null(strpbrk(text.data, "<>&"));
        for (size_t at = 0; at < text.len; at++)
            assert_in_range(text.data[at], ' ', '~' + 1);
        json_t *back = json_loads(text.data, 0, &error);
        assert_true(json_equal(back, data));
        json_decref(back);
        json_decref(data);
        epmt_strbuf_free(&text);
    }
}

static void expect_failure(struct site *site, enum epmt_err code, const char *part) {
    assert_int_equal(embed(site, json_object()), -1);
    assert_int_equal(site->err.code, code);
    assert_non_null(strstr(site->err.text, part));
    assert_int_equal(site->page.len, 0);
}

static void what_cannot_stand_inside_is_refused(void **state) {
    struct site *site = *state;
    const char *const wrong[] = {"x = '</script>';", "x = '<!--';", "a();\r\n", "'</Style'"};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put(site, "a.js", wrong[i]);
        expect_failure(site, EPMT_ERR_BAD_INPUT, "a.js cannot stand in a page");
    }
}

static void what_is_missing_is_named(void **state) {
    struct site *site = *state;

    assert_int_equal(unlink(tempdir_name(&site->dir, "a.css")), 0);
    expect_failure(site, EPMT_ERR_NOT_FOUND, "/a.css");
    put(site, "page.html", HEAD "<script src=\"/web/../a.js\"></script>\n");
    expect_failure(site, EPMT_ERR_BAD_INPUT, "../a.js");
    put(site, "page.html", "<p>\n<script src=\"/web/a.js\"></script>\n");
    expect_failure(site, EPMT_ERR_BAD_INPUT, "is no page of epmt");
    put(site, "page.html", HEAD);
    expect_failure(site, EPMT_ERR_BAD_INPUT, "is no page of epmt");
    assert_int_equal(unlink(tempdir_name(&site->dir, "page.html")), 0);
    expect_failure(site, EPMT_ERR_NOT_FOUND, "page.html");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_stands_inside, set_up, tear_down),
        cmocka_unit_test(no_text_breaks_out),
        cmocka_unit_test_setup_teardown(what_cannot_stand_inside_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_missing_is_named, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
