// SPDX-License-Identifier: Apache-2.0
// Rows passed on without being decoded are the rows that decoding gives, into fragments of any
// size; damaged ones are never worse than refused.
#include "aggregator/relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

#define ROWS 200

static uint8_t source[1 << 17], target[1 << 17], damaged[1 << 17];
static uint32_t slots[256], target_slots[256];
static struct epmt_fragment_header about = {.rank = 3, .image = 9};

static size_t make_source(uint64_t seed, bool window) {
    struct epmt_fragment fragment;
    struct epmt_record record;

    epmt_fragment_init(&fragment, source, sizeof source, window ? slots : NULL, window ? 256 : 0);
    for (unsigned i = 0; i < ROWS; i++) {
        rows_make(&record, seed * ROWS + i, (unsigned)(seed * 7 + i) % 101);
        assert_int_equal(
            epmt_fragment_add(&fragment, i % 3 ? EPMT_ROW_THREAD : EPMT_ROW_PROCESS, &record), 0);
        if (i % 10 == 0)
            assert_int_equal(epmt_fragment_add_attribute(&fragment, (struct epmt_bytes){"job", 3},
                                                         (struct epmt_bytes){"key", 3},
                                                         (struct epmt_bytes){"value", 5}),
                             0);
    }
    return epmt_fragment_seal(&fragment, &about);
}

static void assert_same(const struct epmt_row *a, const struct epmt_row *b) {
    assert_int_equal(a->kind, b->kind);
    if (a->kind == EPMT_ROW_ATTRIBUTE)
        return;
    assert_true(rows_same(&a->record, &b->record));
}

// Compares the rows of the target with the next ones of the source. Returns how many.
static unsigned compare(struct epmt_fragment *to, struct epmt_fragment_reader *wanted) {
    static struct epmt_row got, want;
    struct epmt_fragment_header header;
    struct epmt_fragment_reader reader;
    unsigned count = 0;

    size_t len = epmt_fragment_seal(to, &about);
    assert_int_equal(epmt_fragment_check(to->data, len, &header, NULL), 0);
    epmt_fragment_reader_init(&reader, to->data, &header);
    while (epmt_fragment_next(&reader, &got, NULL) > 0) {
        assert_int_equal(epmt_fragment_next(wanted, &want, NULL), 1);
        assert_same(&got, &want);
        count++;
    }
    return count;
}

static void same_rows(void **state) {
    static struct epmt_row row;
    struct epmt_fragment_header header;
    struct epmt_fragment_reader reader, wanted;
    struct epmt_relay relay;
    struct epmt_fragment to;

    (void)state;
    for (unsigned run = 0; run < 60; run++) {
        size_t len = make_source(run, run % 2), cap = 2048 + run * 400;
        unsigned count = 0;
        assert_int_equal(epmt_fragment_check(source, len, &header, NULL), 0);
        epmt_fragment_reader_init(&reader, source, &header);
        wanted = reader;
        epmt_relay_init(&relay);
        epmt_fragment_init(&to, target, cap, run % 3 ? target_slots : NULL, run % 3 ? 256 : 0);
        for (bool end = false; !end;) {
            enum epmt_relay_outcome outcome = epmt_relay_row(&relay, &to, &reader);
            if (outcome == EPMT_RELAY_DECODE) {
                struct epmt_fragment_reader before = reader;
                end = epmt_fragment_next(&reader, &row, NULL) <= 0;
                if (!end)
                    assert_int_equal(row.kind, EPMT_ROW_ATTRIBUTE);
                if (end || !epmt_fragment_add_row(&to, &row))
                    continue;
                reader = before;
                outcome = EPMT_RELAY_FULL;
            }
            if (outcome == EPMT_RELAY_FULL) {
                assert_true(to.rows > 0);
                count += compare(&to, &wanted);
                epmt_fragment_init(&to, target, cap, run % 3 ? target_slots : NULL,
                                   run % 3 ? 256 : 0);
                epmt_relay_init(&relay);
            }
        }
        count += compare(&to, &wanted);
        assert_int_equal(count, ROWS + ROWS / 10);
    }
}

// Bytes changed at random, with a checksum that is right: nothing is read or written outside, and
// what is passed on can be read.
static void damage(void **state) {
    struct epmt_fragment_header header;
    struct epmt_fragment_reader reader;
    struct epmt_relay relay;
    struct epmt_fragment to;
    unsigned random = 7;
    static struct epmt_row row;

    (void)state;
    size_t len = make_source(1, true);
    for (unsigned run = 0; run < 4000; run++) {
        memcpy(damaged, source, len);
        for (unsigned i = 0; i < 3; i++) {
            random = random * 1103515245 + 12345;
            size_t at = EPMT_FRAGMENT_HEADER_LEN +
                        (random >> 8) % (run % 2 ? 400 : len - EPMT_FRAGMENT_HEADER_LEN);
            random = random * 1103515245 + 12345;
            damaged[at] = (uint8_t)(random >> 16);
        }
        memcpy(&header, damaged, sizeof header);
        epmt_fragment_reader_init(&reader, damaged, &header);
        epmt_relay_init(&relay);
        epmt_fragment_init(&to, target, sizeof target, target_slots, 256);
        for (;;) {
            enum epmt_relay_outcome outcome = epmt_relay_row(&relay, &to, &reader);
            assert_true(outcome != EPMT_RELAY_FULL);
            if (outcome == EPMT_RELAY_DECODE && epmt_fragment_next(&reader, &row, NULL) <= 0)
                break;
        }
        size_t new_len = epmt_fragment_seal(&to, &about);
        assert_int_equal(epmt_fragment_check(target, new_len, &header, NULL), 0);
        epmt_fragment_reader_init(&reader, target, &header);
        int got;
        while ((got = epmt_fragment_next(&reader, &row, NULL)) > 0)
            ;
        assert_int_equal(got, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_rows),
        cmocka_unit_test(damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
