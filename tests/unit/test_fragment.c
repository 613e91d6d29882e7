// SPDX-License-Identifier: Apache-2.0
// aggregator/fragment.h: what goes in comes out, and a full buffer takes nothing back. Damage has a
// test of its own, test_fragment_damage.c.
#include "aggregator/fragment.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

#define SLOTS 64

static uint8_t buffer[1 << 20];
static uint32_t slots[SLOTS];
static const struct epmt_fragment_header about = {
    .flags = EPMT_FRAGMENT_RANK, .step = 0x1122334455667788, .rank = -1, .image = UINT64_MAX};

static struct epmt_bytes bytes_of(const char *text) {
    return (struct epmt_bytes){text, strlen(text)};
}

// Seals and reads one row back.
static struct epmt_row only_row(struct epmt_fragment *fragment) {
    struct epmt_fragment_reader reader;
    struct epmt_fragment_header header;
    struct epmt_row row, none;
    size_t len = epmt_fragment_seal(fragment, &about);

    assert_int_equal(epmt_fragment_check(fragment->data, len, &header, NULL), 0);
    epmt_fragment_reader_init(&reader, fragment->data, &header);
    assert_int_equal(epmt_fragment_next(&reader, &row, NULL), 1);
    assert_int_equal(epmt_fragment_next(&reader, &none, NULL), 0);
    return row;
}

static void assert_round_trip(const struct epmt_record *record, enum epmt_row_kind kind) {
    struct epmt_fragment fragment;

    epmt_fragment_init(&fragment, buffer, sizeof buffer, slots, SLOTS);
    assert_int_equal(epmt_fragment_add(&fragment, kind, record), 0);
    struct epmt_row row = only_row(&fragment);
    assert_int_equal(row.kind, kind);
    assert_true(rows_same_of(epmt_dictionary_of(kind), &row.record, record));
}

static void no_rows(void **state) {
    struct epmt_fragment fragment;
    struct epmt_fragment_header header;
    struct epmt_fragment_reader reader;
    struct epmt_row row;

    (void)state;
    epmt_fragment_init(&fragment, buffer, sizeof buffer, NULL, 0);
    size_t len = epmt_fragment_seal(&fragment, &about);
    assert_int_equal(len, EPMT_FRAGMENT_HEADER_LEN);
    assert_int_equal(epmt_fragment_check(buffer, len, &header, NULL), 0);
    epmt_fragment_reader_init(&reader, buffer, &header);
    assert_int_equal(epmt_fragment_next(&reader, &row, NULL), 0);
    assert_int_equal(epmt_fragment_next(&reader, &row, NULL), 0);
}

static void the_header_is_kept(void **state) {
    struct epmt_fragment fragment;
    struct epmt_fragment_header header;
    struct epmt_record record;

    (void)state;
    epmt_record_clear(&record);
    epmt_fragment_init(&fragment, buffer, sizeof buffer, NULL, 0);
    epmt_fragment_add(&fragment, EPMT_ROW_THREAD, &record);
    size_t len = epmt_fragment_seal(&fragment, &about);
    assert_int_equal(epmt_fragment_check(buffer, len + 100, &header, NULL), 0);
    assert_int_equal(header.len, len);
    assert_int_equal(header.rows, 1);
    assert_int_equal(header.flags, EPMT_FRAGMENT_RANK);
    assert_int_equal(header.rank, -1);
    assert_true(header.step == about.step && header.image == about.image);
    assert_memory_equal(buffer, "EMTF", 4);
}

static const enum epmt_row_kind kinds[] = {
    EPMT_ROW_PROCESS,     EPMT_ROW_THREAD,       EPMT_ROW_MPI_FUNCTION, EPMT_ROW_MPI_IMBALANCE,
    EPMT_ROW_MPI_MESSAGE, EPMT_ROW_MPI_CALLSITE, EPMT_ROW_MPI_SIZE,     EPMT_ROW_MPI_VARIABLE,
    EPMT_ROW_COUNTER,     EPMT_ROW_WAITED};

// Every column of every kind alone, at the ends of its type. The bits of a real are those of the
// number, so infinities and what is no number are among them.
static void every_column_at_its_extremes(void **state) {
    static const uint64_t numbers[] = {0,
                                       1,
                                       127,
                                       128,
                                       16383,
                                       16384,
                                       UINT64_MAX,
                                       INT64_MAX,
                                       (uint64_t)INT64_MIN,
                                       UINT32_MAX,
                                       1ull << 62,
                                       0x7ff0000000000000,
                                       0xfff0000000000000,
                                       0x7ff8000000000001};
    static const uint64_t lengths[] = {0, 1, 127, 128, ROWS_TEXT_LEN};

    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const struct epmt_dictionary *dictionary = epmt_dictionary_of(kinds[k]);
        for (int i = 0; i < dictionary->count; i++) {
            enum epmt_type type = dictionary->columns[i].type;
            bool text = type == EPMT_TYPE_TEXT || type == EPMT_TYPE_LIST;
            size_t count = text ? sizeof lengths / 8 : sizeof numbers / 8;
            for (size_t n = 0; n < count; n++) {
                struct epmt_record record;
                epmt_record_clear(&record);
                if (text)
                    epmt_record_set_text(&record, i, rows_text(), lengths[n]);
                else
                    epmt_record_set_u(&record, i, numbers[n]);
                assert_round_trip(&record, kinds[k]);
            }
        }
    }
}

static void kinds_without_a_dictionary(void **state) {
    struct epmt_fragment fragment;
    struct epmt_record record;

    (void)state;
    epmt_record_clear(&record);
    epmt_fragment_init(&fragment, buffer, sizeof buffer, slots, SLOTS);
    for (int kind = 0; kind < 256; kind++) {
        bool known = false;
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            known |= (int)kinds[k] == kind;
        assert_int_equal(epmt_dictionary_of(kind) != NULL, known);
        assert_int_equal(epmt_fragment_add(&fragment, kind, &record), known ? 0 : -1);
    }
}

static void nothing_and_everything(void **state) {
    struct epmt_record record;

    (void)state;
    epmt_record_clear(&record);
    assert_round_trip(&record, EPMT_ROW_PROCESS);
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        if (epmt_columns[i].type == EPMT_TYPE_TEXT || epmt_columns[i].type == EPMT_TYPE_LIST)
            epmt_record_set_text(&record, i, rows_text() + i, (uint64_t)i);
        else
            epmt_record_set_u(&record, i, UINT64_MAX - (uint64_t)i);
    }
    assert_round_trip(&record, EPMT_ROW_PROCESS);
    epmt_record_set_text(&record, EPMT_COL_tags, NULL, 0);
    assert_round_trip(&record, EPMT_ROW_PROCESS);
}

static void large_texts(void **state) {
    static char text[700000];
    struct epmt_record record;

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 31 >> 3);
    epmt_record_clear(&record);
    epmt_record_set_text(&record, EPMT_COL_args, text, sizeof text);
    assert_round_trip(&record, EPMT_ROW_PROCESS);
}

// Many rows of all kinds, with and without a window for texts, also one that is soon full.
static void many_rows(void **state) {
    static const uint32_t windows[] = {0, 1, 2, 8, SLOTS};

    (void)state;
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
        struct epmt_fragment fragment;
        struct epmt_fragment_header header;
        struct epmt_fragment_reader reader;
        struct epmt_record record;
        struct epmt_row row;
        epmt_fragment_init(&fragment, buffer, sizeof buffer, windows[w] ? slots : NULL, windows[w]);
        for (unsigned i = 0; i < 300; i++) {
            enum epmt_row_kind kind = kinds[i % (sizeof kinds / sizeof *kinds)];
            rows_make_of(epmt_dictionary_of(kind), &record, i, 40);
            if (i % 7 == 0)
                assert_int_equal(epmt_fragment_add_attribute(&fragment, bytes_of("job"),
                                                             bytes_of("key"),
                                                             (struct epmt_bytes){rows_text(), i}),
                                 0);
            else
                assert_int_equal(epmt_fragment_add(&fragment, kind, &record), 0);
        }
        size_t len = epmt_fragment_seal(&fragment, &about);
        assert_int_equal(epmt_fragment_check(buffer, len, &header, NULL), 0);
        epmt_fragment_reader_init(&reader, buffer, &header);
        for (unsigned i = 0; i < 300; i++) {
            assert_int_equal(epmt_fragment_next(&reader, &row, NULL), 1);
            enum epmt_row_kind kind = kinds[i % (sizeof kinds / sizeof *kinds)];
            rows_make_of(epmt_dictionary_of(kind), &record, i, 40);
            if (i % 7 == 0) {
                assert_int_equal(row.kind, EPMT_ROW_ATTRIBUTE);
                assert_true(rows_same_bytes(row.scope, bytes_of("job")));
                assert_true(rows_same_bytes(row.key, bytes_of("key")));
                assert_true(rows_same_bytes(row.value, (struct epmt_bytes){rows_text(), i}));
            } else {
                assert_int_equal(row.kind, kind);
                assert_true(rows_same_of(epmt_dictionary_of(kind), &row.record, &record));
            }
        }
        assert_int_equal(epmt_fragment_next(&reader, &row, NULL), 0);
    }
}

static void a_text_stands_once(void **state) {
    struct epmt_fragment fragment;
    struct epmt_record record;

    (void)state;
    epmt_record_clear(&record);
    epmt_record_set_text(&record, EPMT_COL_hostname, rows_text(), 500);
    epmt_record_set_text(&record, EPMT_COL_path, rows_text(), 500);
    epmt_fragment_init(&fragment, buffer, sizeof buffer, slots, SLOTS);
    for (int i = 0; i < 100; i++)
        assert_int_equal(epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &record), 0);
    assert_true(fragment.len < 500 + 100 * 40);
    epmt_fragment_init(&fragment, buffer, sizeof buffer, NULL, 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &record), 0);
    assert_true(fragment.len > 100 * 2 * 500);
}

// At every size of the buffer: what does not fit leaves all as it was, the texts too.
static void a_full_buffer_is_unchanged(void **state) {
    static uint8_t before[4096], data[4096];

    (void)state;
    for (size_t cap = EPMT_FRAGMENT_HEADER_LEN; cap < 2000; cap += cap < 400 ? 1 : 13) {
        struct epmt_fragment fragment;
        struct epmt_fragment_header header;
        struct epmt_fragment_reader reader;
        struct epmt_row row;
        struct epmt_record record;
        unsigned added[400], count = 0, refused = 0;
        epmt_fragment_init(&fragment, data, cap, slots, SLOTS);
        for (unsigned i = 0; i < 400 && refused < 20; i++) {
            size_t len = fragment.len;
            memcpy(before, data, len);
            rows_make(&record, i, 60);
            if (epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &record) == 0) {
                added[count++] = i;
                continue;
            }
            refused++;
            assert_int_equal(fragment.len, len);
            assert_int_equal(fragment.rows, count);
            assert_memory_equal(before + sizeof header, data + sizeof header, len - sizeof header);
        }
        assert_true(refused > 0 && fragment.len <= cap);
        size_t len = epmt_fragment_seal(&fragment, &about);
        assert_int_equal(epmt_fragment_check(data, len, &header, NULL), 0);
        epmt_fragment_reader_init(&reader, data, &header);
        for (unsigned i = 0; i < count; i++) {
            assert_int_equal(epmt_fragment_next(&reader, &row, NULL), 1);
            rows_make(&record, added[i], 60);
            assert_true(rows_same(&row.record, &record));
        }
        assert_int_equal(epmt_fragment_next(&reader, &row, NULL), 0);
    }
}

// A text of a row that was taken back must not be referred to.
static void a_row_taken_back_leaves_no_text(void **state) {
    struct epmt_fragment fragment;
    struct epmt_record large, small;
    uint8_t data[200];

    (void)state;
    epmt_record_clear(&large);
    epmt_record_set_text(&large, EPMT_COL_tags, "remembered", 10);
    epmt_record_set_text(&large, EPMT_COL_hostname, rows_text(), 500);
    epmt_record_clear(&small);
    epmt_record_set_text(&small, EPMT_COL_tags, "remembered", 10);
    epmt_fragment_init(&fragment, data, sizeof data, slots, SLOTS);
    assert_int_equal(epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &large), -1);
    assert_int_equal(epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &small), 0);
    struct epmt_row row = only_row(&fragment);
    assert_true(rows_same(&row.record, &small));

    epmt_fragment_init(&fragment, data, sizeof data, slots, SLOTS);
    assert_int_equal(epmt_fragment_add_attribute(&fragment, bytes_of("remembered"), bytes_of("k"),
                                                 (struct epmt_bytes){rows_text(), 500}),
                     -1);
    assert_int_equal(fragment.rows, 0);
    assert_int_equal(epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &small), 0);
    row = only_row(&fragment);
    assert_true(rows_same(&row.record, &small));
}

static void encoded_rows(void **state) {
    uint8_t row_data[1000], again[1000];
    struct epmt_fragment fragment;
    struct epmt_record record;

    (void)state;
    epmt_record_clear(&record);
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        if (epmt_columns[i].type == EPMT_TYPE_UINT && epmt_column_in_thread(&epmt_columns[i]))
            epmt_record_set_u(&record, i, UINT64_MAX >> i);
    }
    size_t len = epmt_row_encode(row_data, sizeof row_data, EPMT_ROW_THREAD, &record);
    assert_in_range(len, 20, 400);
    for (size_t cap = 0; cap < len; cap++)
        assert_int_equal(epmt_row_encode(again, cap, EPMT_ROW_THREAD, &record), 0);
    assert_int_equal(epmt_row_encode(again, len, EPMT_ROW_THREAD, &record), len);
    assert_memory_equal(row_data, again, len);

    epmt_fragment_init(&fragment, buffer, EPMT_FRAGMENT_HEADER_LEN + len, NULL, 0);
    assert_int_equal(epmt_fragment_add_encoded(&fragment, row_data, len, 1), 0);
    assert_int_equal(epmt_fragment_add_encoded(&fragment, row_data, len, 1), -1);
    struct epmt_row row = only_row(&fragment);
    assert_int_equal(row.kind, EPMT_ROW_THREAD);
    assert_true(rows_same(&row.record, &record));
}

static void decoded_rows_can_be_added(void **state) {
    static uint8_t other[4096];
    struct epmt_fragment from, to;
    struct epmt_record record;

    (void)state;
    rows_make(&record, 3, 100);
    epmt_fragment_init(&from, buffer, sizeof buffer, slots, SLOTS);
    assert_int_equal(epmt_fragment_add(&from, EPMT_ROW_PROCESS, &record), 0);
    struct epmt_row row = only_row(&from);
    epmt_fragment_init(&to, other, sizeof other, NULL, 0);
    assert_int_equal(epmt_fragment_add_row(&to, &row), 0);
    row = only_row(&to);
    assert_true(rows_same(&row.record, &record));

    row = (struct epmt_row){.kind = EPMT_ROW_ATTRIBUTE,
                            .scope = bytes_of("s"),
                            .key = bytes_of(""),
                            .value = bytes_of("v")};
    epmt_fragment_init(&to, other, sizeof other, NULL, 0);
    assert_int_equal(epmt_fragment_add_row(&to, &row), 0);
    row = only_row(&to);
    assert_true(rows_same_bytes(row.scope, bytes_of("s")) && row.key.len == 0);
}

static void sealed_again_with_more_rows(void **state) {
    struct epmt_fragment fragment;
    struct epmt_fragment_header header;
    struct epmt_record record;

    (void)state;
    rows_make(&record, 5, 10);
    epmt_fragment_init(&fragment, buffer, sizeof buffer, slots, SLOTS);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &record), 0);
        size_t len = epmt_fragment_seal(&fragment, &about);
        assert_int_equal(epmt_fragment_check(buffer, len, &header, NULL), 0);
        assert_int_equal(header.rows, i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_rows),
        cmocka_unit_test(the_header_is_kept),
        cmocka_unit_test(every_column_at_its_extremes),
        cmocka_unit_test(kinds_without_a_dictionary),
        cmocka_unit_test(nothing_and_everything),
        cmocka_unit_test(large_texts),
        cmocka_unit_test(many_rows),
        cmocka_unit_test(a_text_stands_once),
        cmocka_unit_test(a_full_buffer_is_unchanged),
        cmocka_unit_test(a_row_taken_back_leaves_no_text),
        cmocka_unit_test(encoded_rows),
        cmocka_unit_test(decoded_rows_can_be_added),
        cmocka_unit_test(sealed_again_with_more_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
