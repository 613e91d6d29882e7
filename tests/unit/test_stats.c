// SPDX-License-Identifier: Apache-2.0
// aggregator/stats.h against a naive computation in long double over all values: in any order, in
// any tree, with values that spoil the textbook formula, with ranks that did not call.
#include "aggregator/stats.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "metadata/mpi_tables.h"
#include "tests/unit/rows.h"

static struct epmt_spread naive(const uint64_t *values, size_t count) {
    struct epmt_spread all = {.ranks = count, .min = UINT64_MAX, .min_rank = -1, .max_rank = -1};
    long double sum = 0, m2 = 0;

    for (size_t i = 0; i < count; i++) {
        sum += (long double)values[i];
        if (values[i] < all.min || all.min_rank < 0) {
            all.min = values[i];
            all.min_rank = (int32_t)i;
        }
        if (values[i] > all.max || all.max_rank < 0) {
            all.max = values[i];
            all.max_rank = (int32_t)i;
        }
    }
    for (size_t i = 0; i < count; i++) {
        long double distance = (long double)values[i] - sum / (long double)count;
        m2 += distance * distance;
    }
    all.mean = (double)(sum / (long double)count);
    all.m2 = (double)m2;
    return all;
}

// Equal up to rounding: of the mean, and of what the distances from a rounded mean make of it.
static void assert_same(const struct epmt_spread *a, const struct epmt_spread *b) {
    double noise = fabs(b->mean) * DBL_EPSILON * 8, ranks = (double)b->ranks;

    assert_int_equal(a->ranks, b->ranks);
    assert_true(a->min == b->min && a->max == b->max);
    assert_int_equal(a->min_rank, b->min_rank);
    assert_int_equal(a->max_rank, b->max_rank);
    assert_true(fabs(a->mean - b->mean) <= noise);
    double m2_noise = b->m2 * 1e-12 + 2 * sqrt(b->m2 * ranks) * noise + ranks * noise * noise;
    assert_true(fabs(a->m2 - b->m2) <= m2_noise);
}

// Combines values[from..to) as a tree that splits where the seed says, in either order.
static struct epmt_spread combine(const uint64_t *values, size_t from, size_t to, uint64_t *seed) {
    if (to - from == 1)
        return epmt_spread_of(values[from], 1, (int32_t)from);
    size_t middle = from + 1 + rows_random(seed) % (to - from - 1);
    struct epmt_spread left = combine(values, from, middle, seed);
    struct epmt_spread right = combine(values, middle, to, seed);
    if (rows_random(seed) & 1) {
        epmt_spread_combine(&right, &left);
        return right;
    }
    epmt_spread_combine(&left, &right);
    return left;
}

static void fill(uint64_t *values, size_t count, int kind) {
    uint64_t seed = 42 + (uint64_t)kind;

    for (size_t i = 0; i < count; i++) {
        uint64_t random = rows_random(&seed);
        switch (kind) {
        case 0: // close together and far from 0: the squares of the textbook cancel
            values[i] = UINT64_C(4000000000000000) + random % 7;
            break;
        case 1: // all the same
            values[i] = UINT64_C(12345678901234567);
            break;
        case 2: // one of them huge
            values[i] = i == count / 3 ? UINT64_MAX : random % 3;
            break;
        case 3: // of every magnitude
            values[i] = random >> (rows_random(&seed) % 64);
            break;
        case 4: // mostly 0
            values[i] = random % 50 ? 0 : 1;
            break;
        default: // ties
            values[i] = random % 2 * 1000;
            break;
        }
    }
}

static void any_order_is_as_good_as_naive(void **state) {
    static uint64_t values[5000];
    static const size_t counts[] = {1, 2, 3, 7, 64, 1000, 5000};

    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            fill(values, counts[c], kind);
            struct epmt_spread right = naive(values, counts[c]);
            for (uint64_t seed = 1; seed <= 20; seed++) {
                uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
                struct epmt_spread got = combine(values, 0, counts[c], &random);
                assert_same(&got, &right);
                if (kind == 1)
                    assert_true(got.m2 == 0 && got.mean == right.mean);
            }
        }
    }
}

// A block of equal values is as many single ones.
static void blocks_are_single_ranks(void **state) {
    uint64_t values[300] = {0};
    struct epmt_spread got = epmt_spread_of(0, 299, 0), one;

    (void)state;
    values[299] = 77;
    one = epmt_spread_of(77, 1, 299);
    epmt_spread_combine(&got, &one);
    struct epmt_spread right = naive(values, 300);
    assert_same(&got, &right);
    struct epmt_spread nothing = {0}, kept = got;
    epmt_spread_combine(&got, &nothing);
    assert_memory_equal(&got, &kept, sizeof got);
    epmt_spread_combine(&nothing, &got);
    assert_memory_equal(&nothing, &got, sizeof got);
}

#define RANKS 37
#define FUNCTIONS 9
static const char *const names[FUNCTIONS] = {
    "MPI_Init",    "MPI_Send",    "MPI_Recv", "MPI_Bcast",
    "MPI_Barrier", "MPI_Waitall", "MPI_Put",  "MPI_File_write_at_all",
    "MPI_Finalize"};

// What rank `rank` did: not every rank calls every function.
static bool called(int rank, int function, uint64_t values[EPMT_MEASURE_COUNT]) {
    uint64_t seed = (uint64_t)(rank * 100 + function + 1) * UINT64_C(0x9e3779b97f4a7c15);

    if (function && rows_random(&seed) % 3 == 0)
        return false;
    values[0] = 1 + rows_random(&seed) % 1000;
    values[1] = UINT64_C(3000000000000) + rows_random(&seed) % 100;
    values[2] = function == 4 ? 0 : rows_random(&seed) % 4096;
    values[3] = 0;
    return true;
}

static void add_rank(struct epmt_stats *stats, int rank) {
    struct epmt_row row = {.kind = EPMT_ROW_PROCESS};
    uint64_t image = 1000 + (uint64_t)rank;

    epmt_stats_set_rank(stats, image, rank);
    epmt_record_clear(&row.record);
    epmt_record_set_u(&row.record, EPMT_COL_image, image);
    epmt_record_set_text(&row.record, EPMT_COL_step, "world", 5);
    assert_false(epmt_stats_take(stats, 0, &row));
    for (int f = 0; f < FUNCTIONS; f++) {
        uint64_t values[EPMT_MEASURE_COUNT];
        if (!called(rank, f, values))
            continue;
        row.kind = EPMT_ROW_MPI_FUNCTION;
        for (int other = 0; other < 2; other++) { // a child of the rank, on the same way
            epmt_record_clear(&row.record);
            epmt_record_set_u(&row.record, EPMT_MPI_FUNCTION_COL_image, other ? 5 : image);
            epmt_record_set_text(&row.record, EPMT_MPI_FUNCTION_COL_function, names[f],
                                 strlen(names[f]));
            epmt_record_set_u(&row.record, EPMT_MPI_FUNCTION_COL_calls, values[0]);
            epmt_record_set_u(&row.record, EPMT_MPI_FUNCTION_COL_time, values[1]);
            epmt_record_set_u(&row.record, EPMT_MPI_FUNCTION_COL_bytes_out, values[2]);
            assert_false(epmt_stats_take(stats, 0, &row));
        }
    }
}

// What the statistics over all ranks must say of a function (FUNCTIONS: all) and a measure.
static struct epmt_spread expected(int function, int measure) {
    uint64_t all[RANKS] = {0}, values[EPMT_MEASURE_COUNT];

    for (int rank = 0; rank < RANKS; rank++) {
        for (int f = 0; f < FUNCTIONS; f++) {
            if ((f == function || function == FUNCTIONS) && called(rank, f, values))
                all[rank] += values[measure];
        }
    }
    return naive(all, RANKS);
}

static struct epmt_spread spread_in(const struct epmt_record *record) {
    const union epmt_value *value = record->value;

    return (struct epmt_spread){value[EPMT_MPI_IMBALANCE_COL_ranks].u,
                                value[EPMT_MPI_IMBALANCE_COL_mean].r,
                                value[EPMT_MPI_IMBALANCE_COL_m2].r,
                                value[EPMT_MPI_IMBALANCE_COL_min].u,
                                value[EPMT_MPI_IMBALANCE_COL_max].u,
                                (int32_t)value[EPMT_MPI_IMBALANCE_COL_min_rank].i,
                                (int32_t)value[EPMT_MPI_IMBALANCE_COL_max_rank].i};
}

static bool is_text(struct epmt_bytes text, const char *other) {
    return text.len == strlen(other) && !memcmp(text.data, other, text.len);
}

static void check_rows(struct epmt_stats *stats) {
    struct epmt_row row;
    int rows = 0, wanted = 0;

    assert_true(epmt_stats_next(stats, &row));
    assert_true(epmt_stats_is_internal(&row.record));
    while (epmt_stats_next(stats, &row)) {
        int function = 0, measure = 0;
        assert_int_equal(row.kind, EPMT_ROW_MPI_IMBALANCE);
        assert_false(epmt_stats_is_internal(&row.record));
        assert_true(is_text(row.record.value[EPMT_MPI_IMBALANCE_COL_step].text, "world"));
        while (function < FUNCTIONS &&
               !is_text(row.record.value[EPMT_MPI_IMBALANCE_COL_function].text, names[function]))
            function++;
        while (!is_text(row.record.value[EPMT_MPI_IMBALANCE_COL_measure].text,
                        epmt_measure_name(measure)))
            measure++;
        struct epmt_spread got = spread_in(&row.record), right = expected(function, measure);
        assert_same(&got, &right);
        rows++;
    }
    for (int f = 0; f <= FUNCTIONS; f++) {
        for (int m = 0; m < EPMT_MEASURE_COUNT; m++)
            wanted += expected(f, m).max != 0;
    }
    assert_int_equal(rows, wanted);
    assert_true(wanted > FUNCTIONS * 2 && wanted < (FUNCTIONS + 1) * EPMT_MEASURE_COUNT);
}

static struct epmt_stats *make(uint32_t functions) {
    return epmt_stats_init(malloc(epmt_stats_memory(functions)), functions);
}

// As the fold does: one rank after the other through source 0, in any order.
static void ranks_one_by_one(void **state) {
    (void)state;
    for (int step = 1; step < RANKS; step += 5) {
        struct epmt_stats *stats = make(FUNCTIONS + 1);
        for (int i = 0; i < RANKS; i++) {
            add_rank(stats, i * step % RANKS);
            epmt_stats_close(stats);
        }
        epmt_stats_close(stats); // changes nothing
        check_rows(stats);
        free(stats);
    }
}

// Sends the result of ranks[from..to) up to `up` as source, from its children's likewise.
static struct epmt_stats *subtree(int from, int to, int children, bool reversed) {
    struct epmt_stats *stats = make(64);
    struct epmt_stats *below[8];
    struct epmt_row row;
    int count = 0;

    // The ranks behind the first are the children's.
    for (int at = from + 1; at < to; count++) {
        int span = (to - at + children - count - 1) / (children - count);
        below[count] = subtree(at, at + span, children, reversed);
        at += span;
    }
    add_rank(stats, from);
    for (int more = count; more;) { // their rows one by one, mixed with each other's
        more = 0;
        for (int i = 0; i < count; i++) {
            int child = reversed ? count - 1 - i : i;
            if (!epmt_stats_next(below[child], &row))
                continue;
            assert_true(epmt_stats_take(stats, child + 1, &row));
            more++;
        }
    }
    while (count)
        free(below[--count]);
    epmt_stats_close(stats);
    return stats;
}

static void ranks_up_a_tree(void **state) {
    (void)state;
    for (int children = 1; children <= 8; children++) {
        for (int reversed = 0; reversed < 2; reversed++) {
            struct epmt_stats *stats = subtree(0, RANKS, children, reversed);
            check_rows(stats);
            free(stats);
        }
    }
}

// Rows of one function in two places (threads, fragments) are one value of the rank.
static void rows_of_a_rank_add_up(void **state) {
    const uint64_t a[] = {1, UINT64_MAX - 5, 3, 0}, b[] = {10, 20, 30, 0};
    struct epmt_bytes name = {"MPI_Send", 8};
    struct epmt_stats *stats = make(2);
    struct epmt_row row;
    int rows = 0;

    (void)state;
    epmt_stats_set_rank(stats, 1, 4);
    epmt_stats_add(stats, name, a);
    epmt_stats_add(stats, name, b);
    epmt_stats_close(stats);
    while (epmt_stats_next(stats, &row)) {
        static const uint64_t sums[] = {11, UINT64_MAX, 33};
        if (!rows++)
            continue;
        assert_int_equal(row.record.value[EPMT_MPI_IMBALANCE_COL_ranks].u, 1);
        assert_true(row.record.value[EPMT_MPI_IMBALANCE_COL_max].u == sums[(rows - 2) % 3]);
        assert_int_equal(row.record.value[EPMT_MPI_IMBALANCE_COL_max_rank].i, 4);
    }
    assert_int_equal(rows, 1 + 2 * 3);
    free(stats);
}

// Nothing rather than something wrong.
static void what_does_not_fit_ends_the_statistics(void **state) {
    const uint64_t values[EPMT_MEASURE_COUNT] = {1, 1, 1, 1};
    char name[EPMT_STATS_NAME_MAX + 1];
    struct epmt_stats *stats = make(2);
    struct epmt_row row;

    (void)state;
    memset(name, 'x', sizeof name);
    epmt_stats_set_rank(stats, 1, 0);
    epmt_stats_close(stats);
    assert_false(epmt_stats_next(stats, &row)); // nobody called anything
    epmt_stats_add(stats, (struct epmt_bytes){name, EPMT_STATS_NAME_MAX}, values);
    assert_false(stats->broken);
    epmt_stats_add(stats, (struct epmt_bytes){name, 3}, values);
    assert_true(stats->broken);
    epmt_stats_close(stats);
    assert_false(epmt_stats_next(stats, &row));
    epmt_stats_init(stats, 2);
    epmt_stats_add(stats, (struct epmt_bytes){name, sizeof name}, values);
    assert_true(stats->broken);
    epmt_stats_init(stats, 0);
    epmt_stats_add(stats, (struct epmt_bytes){name, 1}, values);
    assert_true(stats->broken);
    free(stats);
}

// A child that speaks of other ranks than it said, or leaves something out.
static void children_that_contradict_themselves(void **state) {
    struct epmt_stats *child = make(4), *parent = make(4);
    const uint64_t values[EPMT_MEASURE_COUNT] = {1, 1, 1, 1};
    struct epmt_row first, row;

    (void)state;
    epmt_stats_set_rank(child, 1, 5);
    epmt_stats_add(child, (struct epmt_bytes){"MPI_Send", 8}, values);
    epmt_stats_close(child);
    assert_true(epmt_stats_next(child, &first));
    assert_true(epmt_stats_next(child, &row));
    assert_true(epmt_stats_take(parent, 1, &row)); // not told of which ranks
    assert_true(parent->broken);
    for (int i = 0; i < EPMT_MPI_IMBALANCE_COL_COUNT; i++) {
        struct epmt_row less = row;
        if (!epmt_record_has(&row.record, i))
            continue;
        epmt_stats_init(parent, 4);
        epmt_record_unset(&less.record, i);
        assert_true(epmt_stats_take(parent, 1, &first));
        assert_false(parent->broken);
        assert_true(epmt_stats_take(parent, 1, &less));
        assert_true(parent->broken);
    }
    epmt_stats_init(parent, 4);
    assert_true(epmt_stats_take(parent, 1, &first));
    epmt_record_set_text(&row.record, EPMT_MPI_IMBALANCE_COL_measure, "colour", 6);
    assert_true(epmt_stats_take(parent, 1, &row));
    assert_true(parent->broken);
    free(child);
    free(parent);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_is_as_good_as_naive),
        cmocka_unit_test(blocks_are_single_ranks),
        cmocka_unit_test(ranks_one_by_one),
        cmocka_unit_test(ranks_up_a_tree),
        cmocka_unit_test(rows_of_a_rank_add_up),
        cmocka_unit_test(what_does_not_fit_ends_the_statistics),
        cmocka_unit_test(children_that_contradict_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
