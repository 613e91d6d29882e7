// SPDX-License-Identifier: Apache-2.0
// Texts of unknown bytes as UTF-8, as JSON, and as words of a shell.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/shell.h"
#include "storage/strbuf.h"

#define BYTES(literal) ((struct epmt_bytes){literal, sizeof literal - 1})

static void text_grows(void **state) {
    struct epmt_strbuf text = {0};

    (void)state;
    assert_string_equal(epmt_strbuf_text(&text), "");
    for (int i = 0; i < 1000; i++)
        epmt_strbuf_printf(&text, "%d,", i);
    assert_false(text.failed);
    assert_int_equal(text.len, 10 * 2 + 90 * 3 + 900 * 4);
    assert_int_equal(strlen(epmt_strbuf_text(&text)), text.len);
    epmt_strbuf_reset(&text);
    assert_string_equal(epmt_strbuf_text(&text), "");
    epmt_strbuf_free(&text);
}

static void utf8_is_judged(void **state) {
    static const char *const right[] = {
        "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"};
    // A lone continuation, cut short, overlong, a surrogate, beyond the last character.
    static const char *const wrong[] = {"\x80",         "\xc3",
                                        "\xc0\x80",     "\xe0\x80\x80",
                                        "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                        "\xff",         "\xf0\x9f\x98",
                                        "\xc3(",        ""};

    (void)state;
    for (unsigned i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(epmt_utf8_len(right[i], strlen(right[i])), strlen(right[i]));
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(epmt_utf8_len(wrong[i], strlen(wrong[i])), 0);
}

static void clean_texts_have_no_foreign_bytes(void **state) {
    struct epmt_strbuf text = {0};

    (void)state;
    epmt_strbuf_add_clean(&text, BYTES("a\0b\xff\xc3\xa4\xc3"));
    assert_string_equal(epmt_strbuf_text(&text), "a\\x00b\\xff\xc3\xa4\\xc3");
    epmt_strbuf_free(&text);
}

static void json_keeps_every_byte(void **state) {
    struct epmt_strbuf text = {0};

    (void)state;
    epmt_strbuf_add_json(&text, BYTES("\"\\\n\t\x01\x7f\0\xff\xc3\xa4/"));
    assert_string_equal(epmt_strbuf_text(&text),
                        "\"\\\"\\\\\\n\\t\\u0001\\u007f\\u0000\\udcff\xc3\xa4/\"");
    epmt_strbuf_free(&text);
}

static void lists_keep_their_boundaries(void **state) {
    struct epmt_strbuf text = {0};

    (void)state;
    epmt_strbuf_add_json_list(&text, BYTES("a b\0\0c\0"));
    assert_string_equal(epmt_strbuf_text(&text), "[\"a b\",\"\",\"c\"]");
    epmt_strbuf_reset(&text);
    epmt_strbuf_add_json_list(&text, BYTES("x\0cut"));
    assert_string_equal(epmt_strbuf_text(&text), "[\"x\",\"cut\"]");
    epmt_strbuf_reset(&text);
    epmt_strbuf_add_json_list(&text, BYTES(""));
    assert_string_equal(epmt_strbuf_text(&text), "[]");
    epmt_strbuf_reset(&text);
    epmt_strbuf_add_json_list(&text, BYTES("\0"));
    assert_string_equal(epmt_strbuf_text(&text), "[\"\"]");
    epmt_strbuf_free(&text);
}

static void words_of_shells(void **state) {
    struct epmt_strbuf code = {0};

    (void)state;
    epmt_shell_quote(&code, "a'b$c\"!");
    assert_string_equal(epmt_strbuf_text(&code), "'a'\\''b$c\"!'");
    epmt_strbuf_reset(&code);
    epmt_shell_quote(&code, "a  b*%'");
    assert_string_equal(epmt_strbuf_text(&code), "\"$(printf 'a\\040\\040b\\052\\045\\047')\"");
    epmt_strbuf_reset(&code);
    epmt_shell_quote_csh(&code, "a!'");
    assert_string_equal(epmt_strbuf_text(&code), "'a\\!'\\'''");
    epmt_strbuf_free(&code);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(utf8_is_judged),
        cmocka_unit_test(clean_texts_have_no_foreign_bytes),
        cmocka_unit_test(json_keeps_every_byte),
        cmocka_unit_test(lists_keep_their_boundaries),
        cmocka_unit_test(words_of_shells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
