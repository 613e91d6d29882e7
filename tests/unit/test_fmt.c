// SPDX-License-Identifier: Apache-2.0
// common/fmt.h against snprintf, at every size of the buffer; common/err.h on top of it.
#include "common/fmt.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"

// The same format and arguments through both, whole and cut at every length.
#define SAME(...)                                            \
    do {                                                     \
        char want[256], got[256];                            \
        int len = snprintf(want, sizeof want, __VA_ARGS__);  \
        assert_true(epmt_fmt(got, sizeof got, __VA_ARGS__)); \
        assert_string_equal(want, got);                      \
        for (size_t cap = 1; cap <= (size_t)len; cap++) {    \
            memset(got, '#', sizeof got);                    \
            assert_false(epmt_fmt(got, cap, __VA_ARGS__));   \
            assert_memory_equal(want, got, cap - 1);         \
            assert_int_equal(got[cap - 1], 0);               \
            assert_int_equal(got[cap], '#');                 \
        }                                                    \
    } while (0)

static void conversions(void **state) {
    (void)state;
    SAME("plain");
    SAME("%s|%s", "a", "");
    SAME("%.*s|", 3, "abcdef");
    SAME("%.*s|", 0, "abcdef");
    SAME("%.*s|", 9, "abc");
    SAME("%c%c", 'x', 'y');
    SAME("100%% of %s", "it");
    SAME("%d %d %d", 0, INT_MAX, INT_MIN);
    SAME("%u %u", 0u, UINT_MAX);
    SAME("%ld %ld", LONG_MAX, LONG_MIN);
    SAME("%lu %llu", ULONG_MAX, ULLONG_MAX);
    SAME("%lld", LLONG_MIN);
    SAME("%zu", SIZE_MAX);
    SAME("%x %lx %08x %016lx", 0xbeefu, ULONG_MAX, 0x1fu, 0x1ful);
}

static void precision_stops_the_reading(void **state) {
    const char bytes[3] = {'a', 'b', 'c'}; // not terminated
    char got[8];

    (void)state;
    assert_true(epmt_fmt(got, sizeof got, "%.*s", 3, bytes));
    assert_string_equal(got, "abc");
}

static void appending_stays_terminated(void **state) {
    char data[5];
    struct epmt_text_buffer text;

    (void)state;
    epmt_text_init(&text, data, sizeof data);
    assert_string_equal(data, "");
    epmt_text_append(&text, "ab", 2);
    assert_false(text.cut);
    epmt_text_append(&text, "cdef", 4);
    assert_true(text.cut);
    assert_int_equal(text.len, 4);
    assert_string_equal(data, "abcd");
    epmt_text_fmt(&text, "%d", 7);
    assert_string_equal(data, "abcd");
}

static void numbers_are_parsed(void **state) {
    const char text[] = " \t18446744073709551615 7x";
    const char *at = text, *end = text + sizeof text - 1;
    uint64_t value = 0;

    (void)state;
    assert_true(epmt_parse_u64(&at, end, &value));
    assert_true(value == UINT64_MAX);
    assert_true(epmt_parse_u64(&at, end, &value));
    assert_int_equal(value, 7);
    assert_int_equal(*at, 'x');
    assert_false(epmt_parse_u64(&at, end, &value));
    assert_int_equal(*at, 'x');
    assert_int_equal(value, 7);
}

static void too_large_numbers_are_refused(void **state) {
    static const char *const texts[] = {"18446744073709551616", "99999999999999999999999", "", " "};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *at = texts[i];
        uint64_t value = 42;
        assert_false(epmt_parse_u64(&at, at + strlen(at), &value));
        assert_ptr_equal(at, texts[i]);
        assert_int_equal(value, 42);
    }
}

static void parsing_stops_at_the_end(void **state) {
    const char *at = "12345";
    uint64_t value = 0;

    (void)state;
    assert_true(epmt_parse_u64(&at, at + 3, &value));
    assert_int_equal(value, 123);
}

static void whole_numbers(void **state) {
    static const char *const wrong[] = {"",   "-",   "--1", "1 ",  " 1",
                                        "1x", "0x1", "+1",  "- 1", "9223372036854775808"};
    int64_t value = 5;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(epmt_parse_whole_i64(wrong[i], &value));
    assert_int_equal(value, 5);
    assert_true(epmt_parse_whole_i64("-12", &value));
    assert_int_equal(value, -12);
    assert_true(epmt_parse_whole_i64("9223372036854775807", &value));
    assert_true(value == INT64_MAX);
}

static void an_error_carries_code_and_text(void **state) {
    struct epmt_error err;

    (void)state;
    errno = EDOM;
    assert_int_equal(epmt_errf(&err, EPMT_ERR_USAGE, "option %s", "--x"), -1);
    assert_int_equal(err.code, EPMT_ERR_USAGE);
    assert_string_equal(err.text, "option --x");
    assert_int_equal(epmt_errf(NULL, EPMT_ERR_USAGE, "nobody %s", "listens"), -1);
    assert_int_equal(errno, EDOM);
}

static void an_error_tells_errno(void **state) {
    struct epmt_error err;

    (void)state;
    errno = ENOSPC;
    assert_int_equal(epmt_errf_errno(&err, EPMT_ERR_IO, "cannot write %s", "f"), -1);
    assert_string_equal(err.text, "cannot write f: No space left on device");
    assert_int_equal(errno, ENOSPC);
}

static void a_long_error_ends_in_dots(void **state) {
    char name[EPMT_ERROR_TEXT_MAX + 100];
    struct epmt_error err;

    (void)state;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    epmt_errf(&err, EPMT_ERR_IO, "%s", name);
    assert_int_equal(strlen(err.text), EPMT_ERROR_TEXT_MAX - 1);
    assert_string_equal(err.text + EPMT_ERROR_TEXT_MAX - 5, "n...");
    name[EPMT_ERROR_TEXT_MAX - 1] = '\0'; // the longest that fits
    epmt_errf(&err, EPMT_ERR_IO, "%s", name);
    assert_string_equal(err.text, name);
}

static void a_long_error_ends_between_characters(void **state) {
    char name[EPMT_ERROR_TEXT_MAX + 100];
    struct epmt_error err;

    (void)state;
    for (size_t i = 0; i < sizeof name - 1; i++)
        name[i] = i % 2 ? '\xa9' : '\xc3';
    name[sizeof name - 1] = '\0';
    epmt_errf(&err, EPMT_ERR_IO, "%s", name);
    assert_string_equal(err.text + EPMT_ERROR_TEXT_MAX - 6, "\xc3\xa9...");
    epmt_errf(&err, EPMT_ERR_IO, "n%s", name);
    assert_string_equal(err.text + EPMT_ERROR_TEXT_MAX - 7, "\xc3\xa9...");
}

static void exit_statuses_are_usable_and_differ(void **state) {
    static const int statuses[] = {
#define STATUS(name, status, sentence) status,
        EPMT_ERRORS(STATUS)
#undef STATUS
    };

    (void)state;
    assert_int_equal(EPMT_ERR_OK, 0);
    assert_int_equal(EPMT_ERR_USAGE, 2);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        assert_in_range(statuses[i], 0, 125);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(statuses[i], statuses[j]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversions),
        cmocka_unit_test(precision_stops_the_reading),
        cmocka_unit_test(appending_stays_terminated),
        cmocka_unit_test(numbers_are_parsed),
        cmocka_unit_test(too_large_numbers_are_refused),
        cmocka_unit_test(parsing_stops_at_the_end),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(an_error_carries_code_and_text),
        cmocka_unit_test(an_error_tells_errno),
        cmocka_unit_test(a_long_error_ends_in_dots),
        cmocka_unit_test(a_long_error_ends_between_characters),
        cmocka_unit_test(exit_statuses_are_usable_and_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
