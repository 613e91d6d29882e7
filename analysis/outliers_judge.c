// SPDX-License-Identifier: Apache-2.0
#include "analysis/outliers_priv.h"

#include <string.h>

#include "common/fmt.h"

static const struct method {
    const char *name;
    double threshold;
} methods_table[EPMT_METHOD_COUNT] = {
#define METHOD(number, name, threshold, description) {name, threshold},
    EPMT_OUTLIER_METHODS(METHOD)
#undef METHOD
};

const char *epmt_method_name(enum epmt_outlier_method method) {
    return methods_table[method].name;
}

double epmt_method_threshold(enum epmt_outlier_method method) {
    return methods_table[method].threshold;
}

int epmt_methods_parse(const char *names, unsigned *methods, struct epmt_error *err) {
    *methods = 0;
    while (*names) {
        size_t len = strcspn(names, ",");
        unsigned found = 0;
        for (int i = 0; i < EPMT_METHOD_COUNT; i++) {
            if (strlen(methods_table[i].name) == len && !memcmp(methods_table[i].name, names, len))
                found = 1U << i;
        }
        if (len == 3 && !memcmp(names, "all", 3))
            found = EPMT_METHODS_ALL;
        if (!found)
            return epmt_errf(err, EPMT_ERR_USAGE,
                             "%.*s is none of iqr, z_score, modified_z_score, distance and all",
                             (int)len, names);
        *methods |= found;
        names += len + (names[len] == ',');
    }
    if (!*methods)
        return epmt_errf(err, EPMT_ERR_USAGE, "there is no method to find outliers by");
    return 0;
}

static double greater(double a, double b) {
    return a > b ? a : b;
}

void epmt_reference_make(struct epmt_reference *reference, const struct epmt_summary *usual,
                         const double *threshold, bool model) {
    *reference = (struct epmt_reference){.usual = *usual};
    for (int i = 0; i < EPMT_METHOD_COUNT; i++)
        reference->limit[i] =
            threshold && threshold[i] > 0 ? threshold[i] : epmt_method_threshold(i);
    epmt_iqr_limits(usual, reference->limit[EPMT_METHOD_IQR], &reference->low, &reference->high);
    reference->limit[EPMT_METHOD_IQR] = 0;
    if (!model)
        return;
    // The quartiles that epmt_iqr_fitted finds have these limits, but for rounding.
    reference->low = usual->min;
    reference->high = usual->max;
    // Nothing is further from the middle than the ends.
    reference->limit[EPMT_METHOD_Z] =
        greater(epmt_z_score(usual, usual->min), epmt_z_score(usual, usual->max));
    reference->limit[EPMT_METHOD_MODIFIED_Z] =
        greater(epmt_modified_z_score(usual, usual->min), epmt_modified_z_score(usual, usual->max));
}

void epmt_reference_judge(const struct epmt_reference *reference, unsigned methods, double value,
                          struct epmt_outlier *outlier) {
    outlier->value = value;
    outlier->usual = reference->usual;
    outlier->low = reference->low;
    outlier->high = reference->high;
    outlier->score[EPMT_METHOD_IQR] = value < reference->low || value > reference->high;
    outlier->score[EPMT_METHOD_Z] = epmt_z_score(&reference->usual, value);
    outlier->score[EPMT_METHOD_MODIFIED_Z] = epmt_modified_z_score(&reference->usual, value);
    outlier->flagged = 0;
    outlier->points = 0;
    for (int i = 0; i < EPMT_METHOD_DISTANCE; i++) {
        outlier->limit[i] = reference->limit[i];
        if (!(methods & 1U << i) || outlier->score[i] <= reference->limit[i])
            continue;
        outlier->flagged |= 1U << i;
        outlier->points++;
    }
}
