// SPDX-License-Identifier: Apache-2.0
// common/hash.h against published vectors.
#include "common/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

// RFC 3720, B.4, and the check value of the CRC catalogues.
static void crc32c_vectors(void **state) {
    uint8_t bytes[32];

    (void)state;
    assert_int_equal(epmt_crc32c(0, "", 0), 0);
    assert_int_equal(epmt_crc32c(0, "123456789", 9), 0xe3069283);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(epmt_crc32c(0, bytes, sizeof bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(epmt_crc32c(0, bytes, sizeof bytes), 0x62a8ab43);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(epmt_crc32c(0, bytes, sizeof bytes), 0x46dd794e);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(31 - i);
    assert_int_equal(epmt_crc32c(0, bytes, sizeof bytes), 0x113fdb5c);
}

// All 256 entries of the table take part.
static void crc32c_bit_by_bit(void **state) {
    uint8_t bytes[512];
    uint32_t crc = 0xffffffff;

    (void)state;
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        assert_int_equal(epmt_crc32c(0, bytes, i + 1), (uint32_t)~crc);
    }
}

// Long runs, and what follows once there has been one, take the processor's instruction.
static void crc32c_long_runs(void **state) {
    static uint8_t bytes[5000];
    uint32_t crc = 0xffffffff;

    (void)state;
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 11 + i / 256);
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        if (i >= 4080)
            assert_int_equal(epmt_crc32c(0, bytes, i + 1), (uint32_t)~crc);
    }
    crc32c_vectors(state);
    crc32c_bit_by_bit(state);
}

static void crc32c_in_pieces(void **state) {
    const char text[] = "the quick brown fox jumps over the lazy dog";
    uint32_t whole = epmt_crc32c(0, text, sizeof text);

    (void)state;
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        uint32_t crc = epmt_crc32c(0, text, cut);
        assert_int_equal(epmt_crc32c(crc, text + cut, sizeof text - cut), whole);
    }
}

// FNV-1a, 64 bits, from the list of its authors.
static void fnv_vectors(void **state) {
    (void)state;
    assert_true(epmt_hash_bytes(EPMT_HASH_START, "", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(epmt_hash_bytes(EPMT_HASH_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(epmt_hash_bytes(EPMT_HASH_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
}

static void hashes_go_on(void **state) {
    uint64_t piece = epmt_hash_bytes(EPMT_HASH_START, "foo", 3);
    uint64_t number = UINT64_C(0x0102030405060708);

    (void)state;
    assert_true(epmt_hash_bytes(piece, "bar", 3) == epmt_hash_bytes(EPMT_HASH_START, "foobar", 6));
    assert_true(epmt_hash_u64(piece, number) == epmt_hash_bytes(piece, &number, sizeof number));
}

static void finished_hashes(void **state) {
    (void)state;
    assert_true(epmt_hash_finish(0) != 0);
    for (int bit = 0; bit < 64; bit++) {
        uint64_t hash = epmt_hash_finish(EPMT_HASH_START ^ UINT64_C(1) << bit);
        int changed = __builtin_popcountll(hash ^ epmt_hash_finish(EPMT_HASH_START));
        assert_in_range(changed, 10, 54);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_vectors),   cmocka_unit_test(crc32c_bit_by_bit),
        cmocka_unit_test(crc32c_in_pieces), cmocka_unit_test(crc32c_long_runs),
        cmocka_unit_test(fnv_vectors),      cmocka_unit_test(hashes_go_on),
        cmocka_unit_test(finished_hashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
