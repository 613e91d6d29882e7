// SPDX-License-Identifier: Apache-2.0
// Statistics that every analysis shares, by GSL.
#ifndef EPMT_ANALYSIS_STATISTICS_H
#define EPMT_ANALYSIS_STATISTICS_H

#include <stddef.h>

// The median of count > 0 values, which are left sorted.
double epmt_median(double *values, size_t count);

#endif
