// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "metadata/events.h"

static struct epmt_bytes bytes(const char *text) {
    return (struct epmt_bytes){text, strlen(text)};
}

static void lists_are_split(void **state) {
    static const char *const lists[] = {"A,perf::B:u,C", " A, perf::B:u ,C,", "A perf::B:u\tC\n",
                                        "COLLATED_TSV,A,DEBUG,perf::B:u,QUIET,MULTIPLEX,C,RUSAGE"};

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const char *at = lists[i];
        struct epmt_bytes name;
        assert_true(epmt_events_next(&at, &name));
        assert_true(name.len == 1 && name.data[0] == 'A');
        assert_true(epmt_events_next(&at, &name));
        assert_true(name.len == 9 && !memcmp(name.data, "perf::B:u", 9));
        assert_true(epmt_events_next(&at, &name));
        assert_true(name.len == 1 && name.data[0] == 'C');
        assert_false(epmt_events_next(&at, &name));
        assert_false(epmt_events_next(&at, &name));
        assert_true(epmt_events_has(lists[i], bytes("perf::B:u")));
        assert_false(epmt_events_has(lists[i], bytes("perf::B")));
        assert_false(epmt_events_has(lists[i], bytes("DEBUG")));
    }
    const char *empty = ", ,COLLATED_TSV, ";
    struct epmt_bytes name;
    assert_false(epmt_events_next(&empty, &name));
}

static void known_events_are_encoded(void **state) {
    static const struct {
        const char *name;
        uint32_t type, exclude;
        uint64_t config;
    } known[] = {
        {"PERF_COUNT_SW_CPU_CLOCK", 1, EPMT_PERF_HV, 0},
        {"perf::TASK-CLOCK", 1, EPMT_PERF_HV, 1},
        {"PERF::task-clock", 1, EPMT_PERF_HV, 1},
        {"cycles", 0, EPMT_PERF_HV, 0},
        {"cycles:u", 0, EPMT_PERF_HV | EPMT_PERF_KERNEL, 0},
        {"instructions:k", 0, EPMT_PERF_HV | EPMT_PERF_USER, 1},
        {"instructions:uk", 0, EPMT_PERF_HV, 1},
        {"instructions:u:k", 0, EPMT_PERF_HV, 1},
        {"instructions:ukh", 0, 0, 1},
        {"LLC-LOAD-MISSES", 3, EPMT_PERF_HV, 0x10002},
    };
    static const char *const unknown[] = {
        "",        "perf::",        "cycles:", "cycles:x",     "cycles:u=1",
        "cyclesu", "perf:::cycles", "cycl",    "PAPI_TOT_CYC", "r00c0"};
    struct epmt_perf_event event;

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_true(epmt_event_encode_known(bytes(known[i].name), &event));
        assert_int_equal(event.type, known[i].type);
        assert_int_equal(event.exclude, known[i].exclude);
        assert_int_equal(event.config, known[i].config);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_false(epmt_event_encode_known(bytes(unknown[i]), &event));
    assert_true(epmt_event_is_papi(bytes("PAPI_TOT_CYC")));
    assert_true(epmt_event_is_papi(bytes("rapl:::PACKAGE_ENERGY")));
    assert_false(epmt_event_is_papi(bytes("perf::CYCLES")));
    assert_false(epmt_event_is_papi(bytes("PAPI_")));
}

static void encodings_come_back(void **state) {
    const struct epmt_perf_event first = {4, EPMT_PERF_HV, UINT64_MAX, 7, 0};
    const struct epmt_perf_event second = {9, 0, 1, 0, UINT64_MAX};
    static const char *const damaged[] = {"",
                                          ",",
                                          "1:2:3",
                                          "0:4:0:1:2:3:X",
                                          "0:4:0:1:2:X,",
                                          "a:4:0:1:2:3:X,",
                                          "0:4:0:99999999999999999999:2:3:X,"};
    struct epmt_perf_event got;
    enum epmt_event_reason reason;
    struct epmt_text_buffer text;
    char data[512];

    (void)state;
    epmt_text_init(&text, data, sizeof data);
    epmt_event_put_encoded(&text, bytes("INST:c=1:u"), &first, EPMT_REASON_NONE);
    epmt_event_put_encoded(&text, bytes("NOPE"), NULL, EPMT_REASON_UNKNOWN);
    epmt_event_put_encoded(&text, bytes("INST"), &second, EPMT_REASON_NONE);
    assert_true(epmt_event_find_encoded(data, bytes("INST:c=1:u"), &got, &reason));
    assert_memory_equal(&got, &first, sizeof got);
    assert_int_equal(reason, EPMT_REASON_NONE);
    assert_true(epmt_event_find_encoded(data, bytes("INST"), &got, &reason));
    assert_memory_equal(&got, &second, sizeof got);
    assert_true(epmt_event_find_encoded(data, bytes("NOPE"), &got, &reason));
    assert_int_equal(reason, EPMT_REASON_UNKNOWN);
    assert_false(epmt_event_find_encoded(data, bytes("INS"), &got, &reason));
    assert_false(epmt_event_find_encoded(NULL, bytes("INST"), &got, &reason));
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        assert_false(epmt_event_find_encoded(damaged[i], bytes("X"), &got, &reason));
}

// Each says something, of a length for which rows have room, and numbers beyond say nothing.
static void reasons_have_sentences(void **state) {
    (void)state;
    assert_string_equal(epmt_event_reason_text(EPMT_REASON_NONE), "");
    for (int i = EPMT_REASON_NONE + 1; i <= EPMT_REASON_NOT_PER_THREAD; i++) {
        size_t len = strlen(epmt_event_reason_text((enum epmt_event_reason)i));
        assert_true(len > 10 && len < 160);
    }
    assert_string_equal(epmt_event_reason_text((enum epmt_event_reason)255), "");
}

static void errors_have_reasons(void **state) {
    const struct epmt_perf_event cycles = {0, 0, 0, 0, 0}, switches = {1, 0, 3, 0, 0};

    (void)state;
    assert_int_equal(epmt_event_reason_of(&cycles, -EACCES), EPMT_REASON_NOT_PERMITTED);
    assert_int_equal(epmt_event_reason_of(&switches, -EACCES), EPMT_REASON_KERNEL_ONLY);
    assert_int_equal(epmt_event_reason_of(&cycles, -ENOENT), EPMT_REASON_NOT_HERE);
    assert_int_equal(epmt_event_reason_of(&cycles, -EMFILE), EPMT_REASON_NO_DESCRIPTOR);
    assert_int_equal(epmt_event_reason_of(&cycles, -EINVAL), EPMT_REASON_INVALID);
    assert_int_equal(epmt_event_reason_of(&cycles, -ENOSYS), EPMT_REASON_NO_SYSCALL);
    assert_int_equal(epmt_event_reason_of(&cycles, -EBUSY), EPMT_REASON_BUSY);
    assert_int_equal(epmt_event_reason_of(&cycles, -EIO), EPMT_REASON_FAILED);
}

static void shared_counters_are_scaled(void **state) {
    (void)state;
    assert_int_equal(epmt_perf_scale(&(struct epmt_perf_count){1000, 50, 50}), 1000);
    assert_int_equal(epmt_perf_scale(&(struct epmt_perf_count){1000, 100, 25}), 4000);
    assert_int_equal(epmt_perf_scale(&(struct epmt_perf_count){1000, 50, 60}), 1000);
    assert_true(epmt_perf_scale(&(struct epmt_perf_count){UINT64_MAX, 2, 1}) == UINT64_MAX);
    // Beyond what a product of 64 bits holds.
    assert_int_equal(
        epmt_perf_scale(&(struct epmt_perf_count){1000000000000000, 3000000000000, 1000000000000}),
        3000000000000000);
}

static void zero_of_the_kernel_says_nothing(void **state) {
    const struct epmt_perf_event faults = {1, 0, 2, 0, 0}, clock = {1, 0, 0, 0, 0},
                                 cycles = {0, 0, 0, 0, 0}, switches = {1, 0, 3, 0, 0};

    (void)state;
    assert_true(epmt_perf_is_blind(&faults, EPMT_PERF_KERNEL));
    assert_false(epmt_perf_is_blind(&faults, EPMT_PERF_HV));
    assert_false(epmt_perf_is_blind(&clock, EPMT_PERF_KERNEL));
    assert_false(epmt_perf_is_blind(&cycles, EPMT_PERF_KERNEL));
    assert_true(epmt_perf_needs_kernel(&switches));
    assert_false(epmt_perf_needs_kernel(&faults));
    assert_string_equal(epmt_event_unit(&clock), "ns");
    assert_string_equal(epmt_event_unit(&faults), "count");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_split),
        cmocka_unit_test(known_events_are_encoded),
        cmocka_unit_test(encodings_come_back),
        cmocka_unit_test(reasons_have_sentences),
        cmocka_unit_test(errors_have_reasons),
        cmocka_unit_test(shared_counters_are_scaled),
        cmocka_unit_test(zero_of_the_kernel_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
