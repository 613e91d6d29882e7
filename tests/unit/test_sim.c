// SPDX-License-Identifier: Apache-2.0
// The simulator: every row arrives exactly once at every size and placement, in logarithmic
// rounds, with linear bytes and bounded memory; and it notices where that is not so.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aggregator/sim_rows.h"

static struct epmt_sim_options options;
static struct epmt_sim_result result;

static void run(void) {
    assert_int_equal(epmt_sim_run(&options, &result), 0);
    assert_int_equal(result.rows,
                     (uint64_t)options.ranks * (uint64_t)(options.threads + options.functions + 1));
    // Calls and time, of each function and of all.
    assert_int_equal(result.statistics, options.chunk / 256 > (size_t)options.functions
                                            ? 2 * (options.functions + 1)
                                            : 0);
    assert_int_equal(result.lost, 0);
    assert_int_equal(result.doubled, 0);
    assert_int_equal(result.wrong, 0);
}

static void every_placement(void **state) {
    static const int sizes[] = {1, 2, 3, 5, 8, 31, 64, 100, 257};

    (void)state;
    epmt_sim_defaults(&options);
    options.threads = 2;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int node = 1; node <= 64; node *= 4) {
            for (int placement = EPMT_PLACEMENT_BLOCK; placement <= EPMT_PLACEMENT_LISTED;
                 placement++) {
                options.ranks = sizes[i];
                options.node = node;
                options.placement = (enum epmt_placement_kind)placement;
                run();
                assert_int_not_equal(result.placement, EPMT_PLACEMENT_PLAIN);
                assert_int_equal(result.agreement_messages,
                                 (result.placement == EPMT_PLACEMENT_LISTED ? 4 : 2) *
                                     (options.ranks - 1));
            }
        }
    }
}

// Chunks so small that all ranks have to wait for each other, and more texts than a window holds.
static void small_chunks(void **state) {
    (void)state;
    epmt_sim_defaults(&options);
    options.ranks = 300;
    options.node = 16;
    options.strings = 0;
    for (options.chunk = 2048; options.chunk <= 65536; options.chunk *= 4) {
        run();
        assert_true(result.root_messages > result.rows * 100 / options.chunk);
    }
}

static void growth(void **state) {
    double modelled = 0;
    uint64_t bytes = 0;

    (void)state;
    epmt_sim_defaults(&options);
    for (options.ranks = 256; options.ranks <= 4096; options.ranks *= 4) {
        run();
        assert_int_equal(result.rounds, __builtin_ctz((unsigned)options.ranks));
        assert_int_equal(result.depth, result.rounds);
        // Bytes: each row on each edge above it, which is depth / 2 of them.
        if (bytes)
            assert_true((double)result.bytes <
                        4.0 * 1.25 * (double)bytes * result.depth / (result.depth - 2));
        assert_true(result.modelled_s > modelled);
        assert_true(result.rank_peak < 4u << 20);
        bytes = result.bytes;
        modelled = result.modelled_s;
    }
}

static void a_limit(void **state) {
    (void)state;
    epmt_sim_defaults(&options);
    options.ranks = 64;
    options.limit = 1 << 20;
    assert_int_equal(epmt_sim_run(&options, &result), -1);
    assert_int_equal(result.lost, 0);
    assert_true(result.rank_peak > options.limit);
}

// The check itself sees a row that is missing, twice there, or altered.
static void the_check(void **state) {
    static uint8_t data[8192];
    struct epmt_sim_rows rows;

    (void)state;
    epmt_sim_defaults(&options);
    options.ranks = 4;
    assert_int_equal(epmt_sim_rows_init(&rows, &options), 0);
    size_t len = epmt_sim_rows_make(&rows, 2, data, sizeof data);
    epmt_sim_rows_check(&rows, data, len);
    assert_int_equal(rows.count, epmt_sim_rows_of_rank(&options));
    assert_int_equal(rows.doubled, 0);
    assert_int_equal(rows.wrong, 0);
    epmt_sim_rows_check(&rows, data, len);
    assert_int_equal(rows.doubled, epmt_sim_rows_of_rank(&options));
    options.strings = 1; // other texts are expected now
    epmt_sim_rows_check(&rows, data, len);
    assert_int_equal(rows.wrong, 1);
    data[len - 1] ^= 1;
    epmt_sim_rows_check(&rows, data, len);
    assert_int_equal(rows.wrong, 2);
    epmt_sim_rows_fini(&rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_placement), cmocka_unit_test(small_chunks), cmocka_unit_test(growth),
        cmocka_unit_test(a_limit),         cmocka_unit_test(the_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
