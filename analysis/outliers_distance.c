// SPDX-License-Identifier: Apache-2.0
// A robust Mahalanobis distance: of the modified z values of a row's features, by their rank
// correlation (Spearman), drawn towards none where there are few rows, so that it can be inverted.
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_blas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_statistics_double.h>

#include "analysis/outliers_priv.h"

struct epmt_distance {
    int width;
    struct epmt_summary usual[EPMT_FEATURES_MAX];
    int place[EPMT_FEATURES_MAX]; // in the matrix; -1: it is the same in all rows
    int varying;
    gsl_matrix *factor; // of Cholesky
    gsl_vector *row;
    double limit;
};

static int out_of_memory(struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
}

int epmt_summary_of_column(struct epmt_summary *summary, const double *values, size_t count,
                           int width, int i, struct epmt_error *err) {
    double *memory = calloc(count * 2, sizeof *memory);

    if (!memory)
        return out_of_memory(err);
    for (size_t row = 0; row < count; row++)
        memory[row] = values[row * (size_t)width + (size_t)i];
    epmt_summary_make(summary, memory, memory + count, count);
    free(memory);
    return 0;
}

// How much of the correlation is believed: 1 - features / rows.
static double believed(int features, size_t rows) {
    double share = (double)features / (double)rows;

    return share < 1 ? 1 - share : 0;
}

static int correlate(struct epmt_distance *distance, const double *values, size_t count,
                     struct epmt_error *err) {
    size_t width = (size_t)distance->width;
    double *work = calloc(count * 2, sizeof *work);
    double share = believed(distance->varying, count);

    if (!work)
        return out_of_memory(err);
    gsl_matrix_set_identity(distance->factor);
    for (int i = 0; i < distance->width; i++) {
        for (int k = 0; k < i; k++) {
            if (distance->place[i] < 0 || distance->place[k] < 0)
                continue;
            double r =
                share * gsl_stats_spearman(values + i, width, values + k, width, count, work);
            size_t a = (size_t)distance->place[i], b = (size_t)distance->place[k];
            gsl_matrix_set(distance->factor, a, b, r);
            gsl_matrix_set(distance->factor, b, a, r);
        }
    }
    free(work);
    return gsl_linalg_cholesky_decomp1(distance->factor)
               ? epmt_errf(err, EPMT_ERR_FAIL, "the features cannot be told apart from each other")
               : 0;
}

static int sum_up(struct epmt_distance *distance, const double *values, size_t count,
                  struct epmt_error *err) {
    for (int i = 0; i < distance->width; i++) {
        if (epmt_summary_of_column(&distance->usual[i], values, count, distance->width, i, err))
            return -1;
        distance->place[i] = distance->usual[i].deviation > 0 ? distance->varying++ : -1;
    }
    if (!distance->varying)
        return 0;
    distance->factor = gsl_matrix_calloc((size_t)distance->varying, (size_t)distance->varying);
    distance->row = gsl_vector_calloc((size_t)distance->varying);
    return distance->factor && distance->row ? correlate(distance, values, count, err)
                                             : out_of_memory(err);
}

static void set_limit(struct epmt_distance *distance, const double *values, size_t count,
                      double threshold, bool model) {
    if (!model && distance->varying)
        distance->limit = sqrt(gsl_cdf_chisq_Pinv(threshold, distance->varying));
    for (size_t row = 0; model && row < count; row++) {
        double there = epmt_distance_of(distance, values + row * (size_t)distance->width);
        if (there > distance->limit)
            distance->limit = there;
    }
}

struct epmt_distance *epmt_distance_create(const double *values, size_t count, int width,
                                           double threshold, bool model, struct epmt_error *err) {
    struct epmt_distance *distance = calloc(1, sizeof *distance);

    if (!distance) {
        out_of_memory(err);
        return NULL;
    }
    // GSL's own handler ends the process.
    gsl_error_handler_t *before = gsl_set_error_handler_off();
    distance->width = width;
    int status = sum_up(distance, values, count, err);
    if (!status)
        set_limit(distance, values, count, threshold, model);
    gsl_set_error_handler(before);
    if (status) {
        epmt_distance_destroy(distance);
        return NULL;
    }
    return distance;
}

void epmt_distance_destroy(struct epmt_distance *distance) {
    if (!distance)
        return;
    gsl_matrix_free(distance->factor);
    gsl_vector_free(distance->row);
    free(distance);
}

double epmt_distance_of(struct epmt_distance *distance, const double *values) {
    for (int i = 0; i < distance->width; i++) {
        double z = epmt_modified_z(&distance->usual[i], values[i]);
        if (isinf(z))
            return INFINITY;
        if (distance->place[i] >= 0)
            gsl_vector_set(distance->row, (size_t)distance->place[i], z);
    }
    if (!distance->varying)
        return 0;
    // With R = L L', z' R^-1 z is the square of the length of the solution of L x = z.
    gsl_blas_dtrsv(CblasLower, CblasNoTrans, CblasNonUnit, distance->factor, distance->row);
    return rint(gsl_blas_dnrm2(distance->row) * 10000) / 10000;
}

double epmt_distance_limit(const struct epmt_distance *distance) {
    return distance->limit;
}
