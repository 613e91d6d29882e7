// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

double epmt_median(double *values, size_t count) {
    gsl_sort(values, 1, count);
    return gsl_stats_median_from_sorted_data(values, 1, count);
}
