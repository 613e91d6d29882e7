// SPDX-License-Identifier: Apache-2.0
// Damaged and hostile fragments: refused, or decoded into rows that stay inside the bytes. Each is
// looked at in memory of exactly its size, so that AddressSanitizer sees one byte too far.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "aggregator/fragment.h"
#include "common/hash.h"
#include "metadata/tables.h"
#include "tests/unit/rows.h"

static uint8_t buffer[1 << 16];
static uint32_t slots[64];
static const struct epmt_fragment_header about = {.rank = 7, .step = 99, .image = 5};

// A fragment with a few rows of every kind. Returns its length.
#define SAMPLE_ROWS (6 + EPMT_TABLE_COUNT)
static size_t make_sample(void) {
    struct epmt_fragment fragment;
    struct epmt_record record;
    struct epmt_bytes job = {"job", 3};

    epmt_fragment_init(&fragment, buffer, sizeof buffer, slots, 64);
    for (unsigned i = 0; i < 3; i++) {
        rows_make(&record, i, 20);
        assert_int_equal(epmt_fragment_add(&fragment, 1 + i % 2, &record), 0);
        assert_int_equal(epmt_fragment_add_attribute(&fragment, job, job, job), 0);
    }
    for (int i = 0; i < EPMT_TABLE_COUNT; i++) {
        enum epmt_row_kind kind = EPMT_ROW_MPI_FUNCTION + i;
        rows_make_of(epmt_dictionary_of(kind), &record, (uint64_t)i, 20);
        assert_int_equal(epmt_fragment_add(&fragment, kind, &record), 0);
    }
    return epmt_fragment_seal(&fragment, &about);
}

// Gives damaged bytes a right checksum, as a hostile writer would.
static void make_crc_right(uint8_t *data, size_t len) {
    const size_t at = offsetof(struct epmt_fragment_header, crc);
    uint32_t crc = 0;

    memcpy(data + at, &crc, sizeof crc);
    crc = epmt_crc32c(0, data, len);
    memcpy(data + at, &crc, sizeof crc);
}

static void assert_inside(struct epmt_bytes text, const uint8_t *data, size_t len) {
    const uint8_t *begin = (const uint8_t *)text.data;

    assert_true(begin >= data && begin <= data + len && text.len <= (size_t)(data + len - begin));
}

// Reads all rows. Returns their number, or -1 for malformed bytes.
static int read_rows(const uint8_t *data, const struct epmt_fragment_header *header) {
    struct epmt_fragment_reader reader;
    struct epmt_row row;
    struct epmt_error err = {EPMT_ERR_OK, ""};
    int status, rows = 0;

    epmt_fragment_reader_init(&reader, data, header);
    while ((status = epmt_fragment_next(&reader, &row, &err)) == 1) {
        rows++;
        assert_true((uint32_t)rows <= header->rows);
        if (row.kind == EPMT_ROW_ATTRIBUTE) {
            assert_inside(row.scope, data, header->len);
            assert_inside(row.key, data, header->len);
            assert_inside(row.value, data, header->len);
            continue;
        }
        const struct epmt_dictionary *dictionary = epmt_dictionary_of(row.kind);
        for (int i = 0; i < dictionary->count; i++) {
            enum epmt_type type = dictionary->columns[i].type;
            if (epmt_record_has(&row.record, i) &&
                (type == EPMT_TYPE_TEXT || type == EPMT_TYPE_LIST))
                assert_inside(row.record.value[i].text, data, header->len);
        }
    }
    if (status == 0)
        return rows;
    assert_int_equal(status, -1);
    assert_int_equal(err.code, EPMT_ERR_BAD_INPUT);
    assert_int_equal(epmt_fragment_next(&reader, &row, NULL) == 1, 0); // and that is the end
    return -1;
}

// Checks and reads bytes in memory of their own. Returns the rows, or -1.
static int read_alone(const uint8_t *data, size_t len) {
    struct epmt_fragment_header header;
    struct epmt_error err = {EPMT_ERR_OK, ""};
    uint8_t *alone = malloc(len ? len : 1);
    int rows = -1;

    assert_non_null(alone);
    memcpy(alone, data, len);
    if (epmt_fragment_check(alone, len, &header, &err) == 0)
        rows = read_rows(alone, &header);
    else
        assert_true(err.code == EPMT_ERR_BAD_INPUT || err.code == EPMT_ERR_VERSION);
    free(alone);
    return rows;
}

static void the_sample_is_whole(void **state) {
    (void)state;
    assert_int_equal(read_alone(buffer, make_sample()), SAMPLE_ROWS);
}

static void every_truncation_is_refused(void **state) {
    size_t len = make_sample();

    (void)state;
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(read_alone(buffer, cut), -1);
}

static void every_flipped_bit_is_refused(void **state) {
    size_t len = make_sample();

    (void)state;
    for (size_t bit = 0; bit < len * 8; bit++) {
        buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(read_alone(buffer, len), -1);
        buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

// The same with a right checksum: now the rows themselves must be looked at with care.
static void flipped_bits_with_a_right_checksum(void **state) {
    static uint8_t copy[sizeof buffer];
    size_t len = make_sample();
    int refused = 0, read = 0;

    (void)state;
    for (size_t bit = 0; bit < len * 8; bit++) {
        memcpy(copy, buffer, len);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        make_crc_right(copy, len);
        if (read_alone(copy, len) < 0)
            refused++;
        else
            read++;
    }
    assert_true(refused > 0 && read > 0); // both happen, or the test tests nothing
}

static void random_bytes_with_a_right_checksum(void **state) {
    static uint8_t copy[sizeof buffer];
    size_t len = make_sample();
    uint64_t seed = 4711;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        memcpy(copy, buffer, len);
        for (unsigned n = 1 + rows_random(&seed) % 8; n; n--) {
            size_t at =
                EPMT_FRAGMENT_HEADER_LEN + rows_random(&seed) % (len - EPMT_FRAGMENT_HEADER_LEN);
            uint64_t value = rows_random(&seed);
            copy[at] = (uint8_t)(value & 1 ? 0xff : value & 2 ? 0 : value >> 8);
        }
        make_crc_right(copy, len);
        read_alone(copy, len);
    }
}

// Cut short, with the length in the header and the checksum to match.
static void truncations_that_look_whole(void **state) {
    static uint8_t copy[sizeof buffer];
    size_t len = make_sample();

    (void)state;
    for (size_t cut = EPMT_FRAGMENT_HEADER_LEN; cut < len; cut++) {
        uint32_t shorter = (uint32_t)cut;
        memcpy(copy, buffer, cut);
        memcpy(copy + offsetof(struct epmt_fragment_header, len), &shorter, sizeof shorter);
        make_crc_right(copy, cut);
        assert_int_equal(read_alone(copy, cut), -1);
    }
}

static void set_header(size_t at, const void *value, size_t len) {
    size_t whole = make_sample();

    memcpy(buffer + at, value, len);
    make_crc_right(buffer, whole);
}

static void other_versions_are_told_apart(void **state) {
    struct epmt_fragment_header header;
    struct epmt_error err;
    uint16_t version = EPMT_FRAGMENT_VERSION + 1;
    uint64_t schema = epmt_schema_hash() + 1;

    (void)state;
    set_header(offsetof(struct epmt_fragment_header, version), &version, sizeof version);
    assert_int_equal(epmt_fragment_check(buffer, sizeof buffer, &header, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_VERSION);
    set_header(offsetof(struct epmt_fragment_header, schema), &schema, sizeof schema);
    assert_int_equal(epmt_fragment_check(buffer, sizeof buffer, &header, &err), -1);
    assert_int_equal(err.code, EPMT_ERR_VERSION);
}

static void hostile_lengths_are_refused(void **state) {
    static const uint32_t lengths[] = {0, 1, EPMT_FRAGMENT_HEADER_LEN - 1, EPMT_FRAGMENT_MAX + 1,
                                       UINT32_MAX};
    struct epmt_fragment_header header;
    struct epmt_error err;

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        set_header(offsetof(struct epmt_fragment_header, len), &lengths[i], sizeof lengths[i]);
        assert_int_equal(epmt_fragment_check(buffer, sizeof buffer, &header, &err), -1);
        assert_int_equal(err.code, EPMT_ERR_BAD_INPUT);
    }
}

static void a_wrong_number_of_rows(void **state) {
    size_t len = make_sample();
    uint32_t rows[] = {SAMPLE_ROWS + 1, UINT32_MAX};

    (void)state;
    for (int i = 0; i < 2; i++) {
        set_header(offsetof(struct epmt_fragment_header, rows), &rows[i], sizeof rows[i]);
        assert_int_equal(read_alone(buffer, len), -1);
    }
}

// One crafted row. Returns what reading it gives.
static int craft(const void *row, size_t row_len) {
    struct epmt_fragment fragment;

    epmt_fragment_init(&fragment, buffer, sizeof buffer, NULL, 0);
    assert_int_equal(epmt_fragment_add_encoded(&fragment, row, row_len, 1), 0);
    return read_alone(buffer, epmt_fragment_seal(&fragment, &about));
}

#define CRAFT(...) craft((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

// Rows begin at byte 48; kind and length take two, so the body of a crafted one begins at 50.
static void malformed_rows(void **state) {
    (void)state;
    assert_int_equal(CRAFT(3, 6, 0, 1, 'a', 51, 51), -1);    // longer than the fragment
    assert_int_equal(CRAFT(3, 5, 0, 1, 'a', 51, 51), 1);     // right: the same text three times
    assert_int_equal(CRAFT(3, 4, 0, 1, 'a', 51, 51), -1);    // shorter than its texts
    assert_int_equal(CRAFT(3, 6, 0, 1, 'a', 51, 51, 0), -1); // bytes left over
    assert_int_equal(CRAFT(3, 5, 52, 0, 1, 'a', 52), -1);    // a text that comes only later
    assert_int_equal(CRAFT(3, 5, 0, 1, 'a', 51, 47), -1);    // a text in the header
    assert_int_equal(CRAFT(3, 5, 0, 1, 'a', 51, 127), -1);   // a text behind the end
    assert_int_equal(CRAFT(3, 5, 0, 127, 'a', 51, 51), -1);  // a text that runs over the end
    assert_int_equal(CRAFT(3, 5, 0, 0xff, 0xff, 0xff, 0xff), -1); // a number without an end
    assert_int_equal(
        CRAFT(3, 14, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 'a', 'b', 'c'),
        -1); // a length of 2^64 - 1
    assert_int_equal(CRAFT(3), -1);
    assert_int_equal(CRAFT(3, 0x80), -1);
    assert_int_equal(CRAFT(1, 0), -1);
    assert_int_equal(CRAFT(2, 7, 0, 0, 0, 0, 0, 0, 0), -1); // validity words cut off
}

// Bytes of the validity bits.
#define VALID_LEN(columns) (((columns) + 7) / 8)

static void a_column_that_is_none(void **state) {
    (void)state;
    for (int kind = EPMT_ROW_PROCESS; kind < EPMT_FIRST_TABLE + EPMT_TABLE_COUNT; kind++) {
        const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);
        uint8_t row[2 + VALID_LEN(EPMT_COLUMN_COUNT)] = {(uint8_t)kind};
        if (!dictionary)
            continue;
        row[1] = (uint8_t)VALID_LEN(dictionary->count);
        assert_int_equal(craft(row, 2u + row[1]), 1);
        for (int bit = dictionary->count; bit < row[1] * 8; bit++) {
            row[2 + bit / 8] = (uint8_t)(1 << bit % 8);
            assert_int_equal(craft(row, 2u + row[1]), -1);
        }
    }
}

static void a_real_cut_off(void **state) {
    enum { column = EPMT_MPI_IMBALANCE_COL_mean, valid = VALID_LEN(EPMT_MPI_IMBALANCE_COL_COUNT) };
    uint8_t row[2 + valid + 8] = {EPMT_ROW_MPI_IMBALANCE, valid + 8};

    (void)state;
    row[2 + column / 8] = 1 << column % 8;
    assert_int_equal(craft(row, sizeof row), 1);
    for (uint8_t len = 0; len < 8; len++) {
        row[1] = valid + len;
        assert_int_equal(craft(row, 2u + valid + len), -1);
    }
}

static void numbers_of_more_than_64_bits(void **state) {
    enum { valid = VALID_LEN(EPMT_COLUMN_COUNT) };
    uint8_t row[2 + valid + 10] = {EPMT_ROW_THREAD, valid + 10};

    (void)state;
    row[2 + EPMT_COL_usertime / 8] = 1 << EPMT_COL_usertime % 8;
    memset(row + 2 + valid, 0xff, 9);
    row[2 + valid + 9] = 0x01; // 2^64 - 1
    assert_int_equal(craft(row, sizeof row), 1);
    row[2 + valid + 9] = 0x02;
    assert_int_equal(craft(row, sizeof row), -1);
    row[2 + valid + 9] = 0x81;
    assert_int_equal(craft(row, sizeof row), -1);
}

// A kind that a later version may bring is passed over, but not beyond the fragment.
static void unknown_kinds(void **state) {
    (void)state;
    for (unsigned kind = EPMT_ROW_COUNTER + 1; kind < 256; kind++) {
        if (kind == EPMT_ROW_WAITED)
            continue;
        assert_int_equal(CRAFT((uint8_t)kind, 3, 1, 2, 3), 0);
        assert_int_equal(CRAFT((uint8_t)kind, 4, 1, 2, 3), -1);
    }
    assert_int_equal(CRAFT(0, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_is_whole),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(flipped_bits_with_a_right_checksum),
        cmocka_unit_test(random_bytes_with_a_right_checksum),
        cmocka_unit_test(truncations_that_look_whole),
        cmocka_unit_test(other_versions_are_told_apart),
        cmocka_unit_test(hostile_lengths_are_refused),
        cmocka_unit_test(a_wrong_number_of_rows),
        cmocka_unit_test(malformed_rows),
        cmocka_unit_test(a_column_that_is_none),
        cmocka_unit_test(a_real_cut_off),
        cmocka_unit_test(numbers_of_more_than_64_bits),
        cmocka_unit_test(unknown_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
