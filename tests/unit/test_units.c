// SPDX-License-Identifier: Apache-2.0
// cli/units.h: what people read.
#include "cli/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void values_are_shown_in_their_units(void **state) {
    static const char *const cases[][3] = {
        {"time_s", "0", "0 ns"},
        {"time_s", "0.000000053", "53 ns"},
        {"time_s", "0.0000009996", "1000 ns"},
        {"time_s", "0.000001", "1.00 us"},
        {"time_s", "0.00099994", "1000 us"},
        {"time_s", "0.0456", "45.6 ms"},
        {"time_s", "1", "1.00 s"},
        {"time_s", "99.96", "100 s"},
        {"time_s", "9999.4", "9999 s"},
        {"time_s", "36000", "10.0 h"},
        {"time_s", "-1", "-1.00 s"}, // clocks that do not agree
        {"time_s", "-36000", "-10.0 h"},
        {"x_bytes", "0", "0 B"},
        {"x_bytes", "1023", "1023 B"},
        {"x_bytes", "1024", "1.00 KiB"},
        {"x_bytes", "1536000", "1.46 MiB"},
        {"x_bytes", "9223372036854775807", "8192 PiB"},
        {"a_share", "0", "0.0 %"},
        {"a_share", "0.12345", "12.3 %"},
        {"a_share", "3.5", "350.0 %"},
        {"v_line", "one", "one"},
        {"v_line", "MPICH Version:\t4.0.2\nDate", "MPICH Version: 4.0.2..."},
        {"v_line", "0123456789012345678901234567890123456789012345678901234567890",
         "012345678901234567890123456789012345678901234567890123456789..."},
        {"v_line", "01234567890123456789012345678901234567890123456789012345678\xc3\xa9",
         "01234567890123456789012345678901234567890123456789012345678..."},
        {"x_level", "0", "single"},
        {"x_level", "3", "multiple"},
        {"x_level", "4", "4"},
        {"x_level", "funneled", "funneled"},
        {"x_callers", "[\"send_left+0x1a\", \"main+0x2\"]", "send_left+0x1a < main+0x2"},
        {"x_callers", "[\"\",\"main+0x2\"]", "? < main+0x2"},
        {"x_callers", "[\"/usr/lib/libx.so+0x1a\",\"/opt/a b/c+0x2\"]", "libx.so+0x1a < c+0x2"},
        {"x_callers", "[]", ""},
        {"x_callers", "[\"broken", ""},
        {"plain", "0.1", "0.1"},
        {"_s", "0.1", "0.1"}, // no name in front
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct epmt_strbuf text = {0};
        epmt_units_add(&text, cases[i][0], cases[i][1]);
        assert_string_equal(epmt_strbuf_text(&text), cases[i][2]);
        epmt_strbuf_free(&text);
    }
}

static void names_lose_their_endings(void **state) {
    (void)state;
    assert_int_equal(epmt_units_name_len("time_s"), 4);
    assert_int_equal(epmt_units_name_len("MPI share_share"), 9);
    assert_int_equal(epmt_units_name_len("calls"), 5);
    assert_int_equal(epmt_units_name_len("_s"), 2);
    assert_int_equal(epmt_units_name_len(""), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_shown_in_their_units),
        cmocka_unit_test(names_lose_their_endings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
