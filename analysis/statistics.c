// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics.h"

#include <math.h>

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

#define DIGITS 10000.0 // four behind the point
// Of a normal distribution, the median absolute deviation is this part of the standard deviation.
#define MAD_OF_SD 0.6745

double epmt_median(double *values, size_t count) {
    gsl_sort(values, 1, count);
    return gsl_stats_median_from_sorted_data(values, 1, count);
}

void epmt_summary_make(struct epmt_summary *summary, double *values, double *work, size_t count) {
    *summary = (struct epmt_summary){.count = count, .median = epmt_median(values, count)};
    summary->min = values[0];
    summary->max = values[count - 1];
    summary->q1 = gsl_stats_quantile_from_sorted_data(values, 1, count, 0.25);
    summary->q3 = gsl_stats_quantile_from_sorted_data(values, 1, count, 0.75);
    // What is all the same deviates by nothing, whatever the rounding of a sum.
    if (summary->min == summary->max) {
        summary->mean = summary->min;
        return;
    }
    summary->mean = gsl_stats_mean(values, 1, count);
    summary->sd = gsl_stats_sd_with_fixed_mean(values, 1, count, summary->mean);
    summary->deviation = gsl_stats_mad0(values, 1, count, work);
    if (summary->deviation == 0) {
        summary->deviation = gsl_stats_absdev_m(values, 1, count, summary->median);
        summary->mean_deviation = true;
    }
}

static double rounded(double score) {
    return fabs(score) < 1e11 ? rint(score * DIGITS) / DIGITS : score;
}

static double scaled(double distance, double by) {
    if (distance == 0)
        return 0;
    return by > 0 ? distance / by : distance > 0 ? INFINITY : -INFINITY;
}

double epmt_z_score(const struct epmt_summary *others, double value) {
    return rounded(fabs(scaled(value - others->mean, others->sd)));
}

double epmt_modified_z(const struct epmt_summary *others, double value) {
    return scaled(MAD_OF_SD * (value - others->median), others->deviation);
}

double epmt_modified_z_score(const struct epmt_summary *others, double value) {
    return rounded(fabs(epmt_modified_z(others, value)));
}

void epmt_iqr_limits(const struct epmt_summary *others, double factor, double *low, double *high) {
    double range = others->q3 - others->q1;

    *low = others->q1 - factor * range;
    *high = others->q3 + factor * range;
}

void epmt_iqr_fitted(const struct epmt_summary *others, double *q1, double *q3) {
    *q1 = rounded(3 * others->max / 8 + 5 * others->min / 8);
    *q3 = rounded(5 * others->max / 8 + 3 * others->min / 8);
}
