// SPDX-License-Identifier: Apache-2.0
// Tags as people write them, and as nobody should.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/tags.h"

static void parse(struct epmt_tags *tags, const char *text) {
    assert_int_equal(epmt_tags_parse(tags, (struct epmt_bytes){text, strlen(text)}), 0);
}

static void tags_are_pairs(void **state) {
    static const struct {
        const char *text, *pairs;
    } cases[] = {
        {"", ""},
        {";;:;  ; :x", ""},
        {"a:b", "a=b;"},
        {"b:2;a:1", "a=1;b=2;"},
        {" a : b ;\tword\n", "a=b;word=1;"},
        {"time:12:30:00", "time=12:30:00;"},
        {"a:1;b:2;a:3", "a=3;b=2;"},
        {"a:1;a", "a=1;"},
        {"a:;b: ", "a=;b=;"},
        {"'; DROP TABLE jobs;--:\"", "'=1;--=\";DROP TABLE jobs=1;"},
        {"ab:1;a:2;abc:3", "a=2;ab=1;abc=3;"},
    };
    struct epmt_tags tags = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char pairs[256] = "";
        size_t len = 0;
        parse(&tags, cases[i].text);
        for (size_t t = 0; t < tags.count; t++)
            len += (size_t)snprintf(pairs + len, sizeof pairs - len, "%.*s=%.*s;",
                                    (int)tags.tags[t].key.len, tags.tags[t].key.data,
                                    (int)tags.tags[t].value.len, tags.tags[t].value.data);
        assert_string_equal(pairs, cases[i].pairs);
    }
    epmt_tags_free(&tags);
}

static void long_ones_are_cut_between_characters(void **state) {
    struct epmt_tags tags = {0};
    char text[5000];

    (void)state;
    // 3 bytes each: neither limit is a multiple of it.
    for (int i = 0; i < 1600; i++)
        memcpy(text + 3L * i, "\xe2\x82\xac", 3);
    text[2400] = ':';
    text[4799] = '\0';
    memset(text + 2401, 'v', 4799 - 2401);
    parse(&tags, text);
    assert_int_equal(tags.count, 1);
    assert_int_equal(tags.tags[0].key.len, 510);
    assert_int_equal(tags.tags[0].value.len, EPMT_TAG_VALUE_MAX);
    epmt_tags_free(&tags);
}

static void a_great_many_are_no_trouble(void **state) {
    enum { COUNT = 200000 };
    char *text = malloc(COUNT * 8);
    struct epmt_tags tags = {0};
    size_t len = 0;

    (void)state;
    assert_non_null(text);
    for (int i = 0; i < COUNT; i++)
        len += (size_t)sprintf(text + len, "k%d;", i % 1000);
    parse(&tags, text);
    assert_int_equal(tags.count, 1000);
    epmt_tags_free(&tags);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_pairs),
        cmocka_unit_test(long_ones_are_cut_between_characters),
        cmocka_unit_test(a_great_many_are_no_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
