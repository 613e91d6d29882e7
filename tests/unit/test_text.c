// SPDX-License-Identifier: Apache-2.0
// The preload's own functions on bytes and texts (preload/text.c) against the C library's.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// The same source with other names.
#define memcpy own_memcpy
#define memmove own_memmove
#define memset own_memset
#define memcmp own_memcmp
#define memchr own_memchr
#define memmem own_memmem
#define strlen own_strlen
#define strnlen own_strnlen
#define strncmp own_strncmp
#define strcmp own_strcmp
#define strchrnul own_strchrnul
#define strchr own_strchr
#define strrchr own_strrchr
#define strcspn own_strcspn
#define strspn own_strspn
#define strstr own_strstr
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "preload/text.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef memmem
#undef strlen
#undef strnlen
#undef strncmp
#undef strcmp
#undef strchrnul
#undef strchr
#undef strrchr
#undef strcspn
#undef strspn
#undef strstr

static int sign(int number) {
    return (number > 0) - (number < 0);
}

static void bytes_are_copied_and_set(void **state) {
    enum { ROOM = 300 };
    unsigned char want[ROOM], got[ROOM], from[ROOM];

    (void)state;
    for (size_t i = 0; i < ROOM; i++)
        from[i] = (unsigned char)(i * 7 + 3);
    for (size_t at = 0; at < 9; at++) {
        for (size_t len = 0; len < ROOM - 20; len++) {
            memset(want, '#', ROOM);
            memset(got, '#', ROOM);
            memcpy(want + at, from + 9 - at, len);
            assert_ptr_equal(own_memcpy(got + at, from + 9 - at, len), got + at);
            assert_memory_equal(want, got, ROOM);
            memset(want + at, 200, len);
            assert_ptr_equal(own_memset(got + at, 200 + 256, len), got + at);
            assert_memory_equal(want, got, ROOM);
        }
    }
    // Over themselves, forwards and backwards.
    for (size_t to = 0; to < 100; to++) {
        for (size_t len = 0; len < 200; len++) {
            memcpy(want, from, ROOM);
            memcpy(got, from, ROOM);
            memmove(want + to, want + 50, len);
            assert_ptr_equal(own_memmove(got + to, got + 50, len), got + to);
            assert_memory_equal(want, got, ROOM);
        }
    }
}

// Short texts over few bytes, so that all cases come: equal, prefix, high bytes, empty.
static size_t make_text(char *text, size_t max) {
    static const char bytes[] = {'a', 'b', (char)0xe9, (char)0x80};
    size_t len = (size_t)rand() % (max + 1);

    for (size_t i = 0; i < len; i++)
        text[i] = bytes[(size_t)rand() % sizeof bytes];
    text[len] = '\0';
    return len;
}

static void texts_are_searched_and_compared(void **state) {
    static const int wanted[] = {'a', 'b', 0xe9, 0x80, (char)0xe9, 'x', 0};

    (void)state;
    srand(1);
    for (int i = 0; i < 100000; i++) {
        char a[16], b[8];
        size_t a_len = make_text(a, 15), b_len = make_text(b, 4), most = (size_t)rand() % 18;

        assert_int_equal(own_strlen(a), a_len);
        assert_int_equal(own_strnlen(a, most), strnlen(a, most));
        assert_int_equal(sign(own_strcmp(a, b)), sign(strcmp(a, b)));
        assert_int_equal(sign(own_strncmp(a, b, most)), sign(strncmp(a, b, most)));
        assert_int_equal(sign(own_memcmp(a, b, b_len < a_len ? b_len : a_len)),
                         sign(memcmp(a, b, b_len < a_len ? b_len : a_len)));
        assert_ptr_equal(own_memmem(a, a_len, b, b_len), memmem(a, a_len, b, b_len));
        assert_ptr_equal(own_strstr(a, b), strstr(a, b));
        assert_int_equal(own_strspn(a, b), strspn(a, b));
        assert_int_equal(own_strcspn(a, b), strcspn(a, b));
        for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
            assert_ptr_equal(own_strchr(a, wanted[w]), strchr(a, wanted[w]));
            assert_ptr_equal(own_strrchr(a, wanted[w]), strrchr(a, wanted[w]));
            assert_ptr_equal(own_strchrnul(a, wanted[w]), strchrnul(a, wanted[w]));
            assert_ptr_equal(own_memchr(a, wanted[w], a_len), memchr(a, wanted[w], a_len));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_copied_and_set),
        cmocka_unit_test(texts_are_searched_and_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
