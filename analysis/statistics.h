// SPDX-License-Identifier: Apache-2.0
// Statistics that every analysis shares, by GSL, and the scores that tell how unusual a value is.
// docs/outliers.md defines them.
#ifndef EPMT_ANALYSIS_STATISTICS_H
#define EPMT_ANALYSIS_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

struct epmt_summary {
    size_t count;
    double min, q1, median, q3, max;
    double mean, sd;  // of the population
    double deviation; // from the median: median absolute, or where that is 0 mean absolute
    bool mean_deviation;
};

// The median of count > 0 values, which are left sorted.
double epmt_median(double *values, size_t count);

// Sums up count > 0 finite values, which are left sorted; work has room for as many.
void epmt_summary_make(struct epmt_summary *summary, double *values, double *work, size_t count);

// Scores of a value against others, 0 or more, rounded to four digits behind the point. Where the
// others are all the same: 0 for a value like them, else INFINITY.
double epmt_z_score(const struct epmt_summary *others, double value);
double epmt_modified_z_score(const struct epmt_summary *others, double value);

// The same as epmt_modified_z_score with its sign, not rounded.
double epmt_modified_z(const struct epmt_summary *others, double value);

// The limits of the rule of the interquartile range: Q1 - factor * IQR, Q3 + factor * IQR.
void epmt_iqr_limits(const struct epmt_summary *others, double factor, double *low, double *high);

// The quartiles of which the limits (factor 1.5) are just min and max.
void epmt_iqr_fitted(const struct epmt_summary *others, double *q1, double *q3);

#endif
