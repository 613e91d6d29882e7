// SPDX-License-Identifier: Apache-2.0
// analysis/statistics.h and what judges by it. The first examples are those that the tool before
// epmt pins its own definitions by; the others are derived by hand, as the comments say.
#include "analysis/statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/outliers_priv.h"

#define COUNT(values) (sizeof(values) / sizeof *(values))
#define MAX 64

static struct epmt_summary sum_up(const double *values, size_t count) {
    double sorted[MAX], work[MAX];
    struct epmt_summary summary;

    assert_true(count <= MAX);
    memcpy(sorted, values, count * sizeof *values);
    epmt_summary_make(&summary, sorted, work, count);
    for (size_t i = 1; i < count; i++)
        assert_true(sorted[i - 1] <= sorted[i]);
    return summary;
}

// To four digits behind the point.
static void assert_near(double expected, double value) {
    if (!(fabs(expected - value) < 0.00005))
        fail_msg("%.6f is not %.4f", value, expected);
}

static int points_of(const double *values, size_t count, size_t i) {
    struct epmt_summary usual = sum_up(values, count);
    struct epmt_outlier outlier;
    struct epmt_reference reference;

    epmt_reference_make(&reference, &usual, NULL, false);
    epmt_reference_judge(&reference, EPMT_METHODS_UNIVARIATE, values[i], &outlier);
    return outlier.points;
}

static void scores_are_numbers_of_methods(void **state) {
    static const double two[] = {1, 2, 1, 1, 1, 1, 2, 1, 0, 2, 100, 100};

    (void)state;
    for (size_t i = 0; i < COUNT(two); i++)
        assert_int_equal(points_of(two, COUNT(two), i), i >= 10 ? 2 : 0);
    for (size_t i = 0; i < 11; i++)
        assert_int_equal(points_of(two, 11, i), i == 10 ? 3 : 0);
}

static void z_scores(void **state) {
    static const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1000};
    static const double expected[] = {0.332, 0.3285, 0.325, 0.3215, 0.318, 0.3145,
                                      0.311, 0.3075, 0.304, 0.3005, 3.1621};
    struct epmt_summary usual = sum_up(values, COUNT(values));

    (void)state;
    assert_near(95.9091, usual.mean);
    assert_near(285.9118, usual.sd);
    for (size_t i = 0; i < COUNT(values); i++)
        assert_true(epmt_z_score(&usual, values[i]) == expected[i]);
}

static bool is_out(const double *values, size_t count, double value) {
    struct epmt_summary usual = sum_up(values, count);
    double low, high;

    epmt_iqr_limits(&usual, 1.5, &low, &high);
    return value < low || value > high;
}

static void the_range_between_quartiles(void **state) {
    static const double alike[] = {100, 100, 100, 45, 100};
    static const double values[] = {1, 2, 3, 4, 3, 2, 1, 10};
    struct epmt_summary usual = sum_up(values, COUNT(values));
    struct epmt_reference model;
    double q1, q3;

    (void)state;
    assert_true(is_out(alike, COUNT(alike), 45));
    assert_false(is_out(alike, COUNT(alike), 100));
    for (size_t i = 0; i < COUNT(values); i++)
        assert_true(is_out(values, COUNT(values), values[i]) == (values[i] == 10));
    // Sorted 1 1 2 2 3 3 4 10: 1/4 of the way is at place 1.75, 3/4 at 5.25.
    assert_near(1.75, usual.q1);
    assert_near(3.25, usual.q3);
    // Of these the limits are 1 and 10: 3*10/8 + 5*1/8, 5*10/8 + 3*1/8.
    epmt_iqr_fitted(&usual, &q1, &q3);
    assert_true(q1 == 4.375 && q3 == 6.625);
    assert_true(q1 - 1.5 * (q3 - q1) == 1 && q3 + 1.5 * (q3 - q1) == 10);
    epmt_reference_make(&model, &usual, NULL, true);
    assert_true(model.low == 1 && model.high == 10);
}

// 1 1 2 3 3 4 5 5 6 9: median 3.5; distances 0.5 0.5 0.5 1.5 1.5 1.5 2.5 2.5 2.5 5.5: their median
// is 1.5, so that 9 has 0.6745 * 5.5 / 1.5 = 2.4732. Mean 3.9, sum of squares 207: sd^2 = 20.7 -
// 15.21.
static void modified_z_scores(void **state) {
    static const double values[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
    struct epmt_summary usual = sum_up(values, COUNT(values));

    (void)state;
    assert_true(usual.min == 1 && usual.max == 9 && usual.median == 3.5);
    assert_near(2.25, usual.q1);
    assert_near(5, usual.q3);
    assert_true(usual.deviation == 1.5 && !usual.mean_deviation);
    assert_near(sqrt(5.49), usual.sd);
    assert_true(epmt_modified_z_score(&usual, 9) == 2.4732);
    assert_near(-0.6745 * 2.5 / 1.5, epmt_modified_z(&usual, 1));
}

// Of 5 5 5 5 5 5 9 the median distance is 0, the mean one 4/7.
static void without_a_median_deviation_the_mean_one_counts(void **state) {
    static const double values[] = {5, 5, 9, 5, 5, 5, 5}, alike[] = {0.1, 0.1, 0.1};
    struct epmt_summary usual = sum_up(values, COUNT(values));

    (void)state;
    assert_true(usual.mean_deviation);
    assert_near(4.0 / 7, usual.deviation);
    assert_true(epmt_modified_z_score(&usual, 9) == 4.7215); // 0.6745 * 7
    assert_true(epmt_modified_z_score(&usual, 5) == 0);
    usual = sum_up(alike, COUNT(alike));
    assert_true(usual.deviation == 0 && usual.sd == 0 && usual.mean == 0.1);
    assert_true(epmt_z_score(&usual, 0.1) == 0 && epmt_modified_z_score(&usual, 0.1) == 0);
    assert_true(isinf(epmt_z_score(&usual, 0.2)) && isinf(epmt_modified_z_score(&usual, 0.2)));
    usual = sum_up(values, 1);
    assert_true(usual.median == 5 && usual.q1 == 5 && usual.sd == 0);
}

// A model flags what is beyond all of its own, and nothing of its own.
static void a_model_includes_its_own(void **state) {
    static const double values[] = {10, 11, 12, 13, 30}, others[] = {9.5, 10, 30, 30.5};
    struct epmt_summary usual = sum_up(values, COUNT(values));
    struct epmt_reference model;
    struct epmt_outlier outlier;

    (void)state;
    epmt_reference_make(&model, &usual, NULL, true);
    // |30 - 15.2| / sd and 0.6745 * 18 / 1; sd^2 = 1434 / 5 - 231.04.
    assert_near(14.8 / sqrt(55.76), model.limit[EPMT_METHOD_Z]);
    assert_near(0.6745 * 18, model.limit[EPMT_METHOD_MODIFIED_Z]);
    for (size_t i = 0; i < COUNT(values); i++) {
        epmt_reference_judge(&model, EPMT_METHODS_UNIVARIATE, values[i], &outlier);
        assert_int_equal(outlier.points, 0);
    }
    static const int points[] = {1, 0, 0, 3};
    for (size_t i = 0; i < COUNT(others); i++) {
        epmt_reference_judge(&model, EPMT_METHODS_UNIVARIATE, others[i], &outlier);
        assert_int_equal(outlier.points, points[i]);
    }
    epmt_reference_judge(&model, 1U << EPMT_METHOD_Z, 30.5, &outlier);
    assert_int_equal(outlier.flagged, 1U << EPMT_METHOD_Z);
}

// The ranks of (1..5) and (2 1 3 5 4) correlate by 1 - 6 * 4 / (5 * 24) = 0.8, of which 1 - 2/5 is
// believed: r = 0.48. Both have the median 3 and the deviation 1, so that 5 and 1 have the modified
// z a = +-1.349. R has the eigenvalue 1 + r for (1 1), 1 - r for (1 -1): the distance of (5 5) is
// sqrt(2 a^2 / 1.48), that of (5 1) sqrt(2 a^2 / 0.52). Two values have the distribution function
// 1 - exp(-d^2 / 2): of 0.9973, d = sqrt(-2 ln 0.0027).
static void distances_know_of_correlation(void **state) {
    static const double values[] = {1, 2, 2, 1, 3, 3, 4, 5, 5, 4};
    static const double with[] = {5, 5}, against[] = {5, 1}, middle[] = {3, 3};
    struct epmt_error err;
    struct epmt_distance *distance = epmt_distance_create(values, 5, 2, 0.9973, false, &err);

    (void)state;
    assert_non_null(distance);
    assert_near(1.5682, epmt_distance_of(distance, with));
    assert_near(2.6456, epmt_distance_of(distance, against));
    assert_near(0, epmt_distance_of(distance, middle));
    assert_near(sqrt(-2 * log(0.0027)), epmt_distance_limit(distance));
    epmt_distance_destroy(distance);
    // A model's limit is the distance of its own that is furthest: here (5 4) or (1 2).
    distance = epmt_distance_create(values, 5, 2, 0.9973, true, &err);
    assert_near(epmt_distance_of(distance, values), epmt_distance_limit(distance));
    assert_true(epmt_distance_of(distance, against) > epmt_distance_limit(distance));
    epmt_distance_destroy(distance);
}

// Where every row is the same in a feature, another value is infinitely far; where two features say
// the same, their matrix must still be inverted.
static void distances_of_what_does_not_vary(void **state) {
    static const double values[] = {1, 7, 2, 7, 3, 7, 4, 7, 5, 7}, other[] = {3, 8};
    static const double same[] = {1, 1, 2, 2, 3, 3, 4, 4}, apart[] = {1, 4};
    static const double alike[] = {7, 7, 7, 7};
    struct epmt_error err;
    struct epmt_distance *distance = epmt_distance_create(values, 5, 2, 0.9973, false, &err);

    (void)state;
    assert_near(0.6745 * 2, epmt_distance_of(distance, values));
    assert_true(isinf(epmt_distance_of(distance, other)));
    epmt_distance_destroy(distance);
    distance = epmt_distance_create(same, 4, 2, 0.9973, false, &err);
    assert_non_null(distance);
    assert_true(epmt_distance_of(distance, apart) > epmt_distance_of(distance, same));
    epmt_distance_destroy(distance);
    distance = epmt_distance_create(alike, 4, 1, 0.9973, false, &err);
    assert_true(epmt_distance_of(distance, alike) == 0 && epmt_distance_limit(distance) == 0);
    epmt_distance_destroy(distance);
}

// The most unusual are kept, whatever the order in which they come; those of the most points over
// all features come first.
static void the_top_is_kept(void **state) {
    struct epmt_top top = {.limit = 5, .min_score = 1};
    struct epmt_error err;

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct epmt_outlier row = {.id = i * 37 % 100, .feature = "a", .group = "g"};
        row.points = row.id >= 90 ? 2 : row.id >= 50 ? 1 : 0;
        row.score[EPMT_METHOD_MODIFIED_Z] = (double)row.id;
        assert_int_equal(epmt_top_add(&top, &row, &err), 0);
    }
    struct epmt_outlier again = {.id = 97, .feature = "b", .group = "g", .points = 3};
    assert_int_equal(epmt_top_add(&top, &again, &err), 0);
    assert_int_equal(epmt_top_sort(&top, &err), 0);
    assert_int_equal(top.count, 5);
    assert_int_equal(top.found, 51);
    static const int64_t ids[] = {97, 97, 99, 98, 96};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(top.rows[i].id, ids[i]);
    assert_string_equal(top.rows[0].feature, "b");
    epmt_top_free(&top);
}

static void methods_are_parsed(void **state) {
    struct epmt_error err;
    unsigned methods;

    (void)state;
    assert_int_equal(epmt_methods_parse("iqr,z_score,modified_z_score", &methods, &err), 0);
    assert_int_equal(methods, EPMT_METHODS_UNIVARIATE);
    assert_int_equal(epmt_methods_parse("all", &methods, &err), 0);
    assert_int_equal(methods, EPMT_METHODS_ALL);
    assert_int_equal(epmt_methods_parse("", &methods, &err), -1);
    assert_int_equal(epmt_methods_parse("iqr,,z_score", &methods, &err), -1);
    assert_int_equal(epmt_methods_parse("median", &methods, &err), -1);
    assert_non_null(strstr(err.text, "median is none of"));
}

static void features_are_found(void **state) {
    struct epmt_features features;
    struct epmt_error err;

    (void)state;
    for (int i = 0; i < EPMT_COMPARED_COUNT; i++) {
        assert_int_equal(epmt_features_find(i, NULL, &features, &err), 0);
        assert_int_equal(epmt_features_find(i, "all", &features, &err), 0);
        assert_in_range(features.count, 20, EPMT_FEATURES_MAX - 1);
    }
    assert_int_equal(
        epmt_features_find(EPMT_COMPARED_JOBS, "num_procs,duration,duration", &features, &err), 0);
    assert_int_equal(features.count, 2);
    assert_string_equal(features.list[0].name, "processes");
    assert_int_equal(epmt_features_find(EPMT_COMPARED_THREADS, "rssmax", &features, &err), -1);
    assert_non_null(strstr(err.text, "threads have no feature rssmax"));
    epmt_features_among(EPMT_COMPARED_OPERATIONS, "hosts,duration,nothing", &features);
    assert_int_equal(features.count, 1);
    epmt_features_among(EPMT_COMPARED_OPERATIONS, "num_procs,processes,duration,duration",
                        &features);
    assert_int_equal(features.count, 2);
    epmt_features_among(EPMT_COMPARED_OPERATIONS, "all", &features);
    assert_in_range(features.count, 20, EPMT_FEATURES_MAX - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_numbers_of_methods),
        cmocka_unit_test(z_scores),
        cmocka_unit_test(the_range_between_quartiles),
        cmocka_unit_test(modified_z_scores),
        cmocka_unit_test(without_a_median_deviation_the_mean_one_counts),
        cmocka_unit_test(a_model_includes_its_own),
        cmocka_unit_test(distances_know_of_correlation),
        cmocka_unit_test(distances_of_what_does_not_vary),
        cmocka_unit_test(the_top_is_kept),
        cmocka_unit_test(methods_are_parsed),
        cmocka_unit_test(features_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
