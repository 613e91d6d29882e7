// SPDX-License-Identifier: Apache-2.0
// The order of the rows of a finished fold.
#include <stdlib.h>

#include "storage/fold_priv.h"

static int compare_numbers(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int compare_steps(const struct epmt_jobfold *fold, uint32_t a, uint32_t b) {
    if (a == b)
        return 0;
    if (a == EPMT_FOLD_NOWHERE || b == EPMT_FOLD_NOWHERE)
        return a == EPMT_FOLD_NOWHERE ? -1 : 1;
    return epmt_bytes_compare(fold->texts.items[a], fold->texts.items[b]);
}

static int compare_processes(const void *left, const void *right, void *context) {
    const struct epmt_jobfold *fold = context;
    const struct epmt_fold_row *a = &fold->processes.rows[*(const uint32_t *)left];
    const struct epmt_fold_row *b = &fold->processes.rows[*(const uint32_t *)right];
    bool a_mpi = a->tid != EPMT_FOLD_NO_KEY, b_mpi = b->tid != EPMT_FOLD_NO_KEY;
    int order = b_mpi - a_mpi;

    if (!order && a_mpi) {
        order = compare_steps(fold, a->link, b->link);
        if (!order)
            order = compare_numbers(a->tid, b->tid);
    }
    if (!order)
        order = compare_numbers(a->start, b->start);
    return order ? order : (a->image > b->image) - (a->image < b->image);
}

static int compare_threads(const void *left, const void *right, void *context) {
    const struct epmt_jobfold *fold = context;
    const struct epmt_fold_row *a = &fold->threads.rows[*(const uint32_t *)left];
    const struct epmt_fold_row *b = &fold->threads.rows[*(const uint32_t *)right];
    int order =
        compare_numbers(fold->processes.rows[a->link].place, fold->processes.rows[b->link].place);

    if (!order)
        order = compare_numbers(a->tid, b->tid);
    return order ? order : compare_numbers(a->start, b->start);
}

static int sort(struct epmt_jobfold *fold, struct epmt_fold_table *table,
                int (*compare)(const void *, const void *, void *)) {
    free(table->order);
    table->order = malloc((table->count + 1) * sizeof *table->order);
    if (!table->order)
        return -1;
    for (uint32_t i = 0; i < table->count; i++)
        table->order[i] = i;
    qsort_r(table->order, table->count, sizeof *table->order, compare, fold);
    for (uint32_t i = 0; i < table->count; i++)
        table->rows[table->order[i]].place = i;
    return 0;
}

int epmt_fold_sort(struct epmt_jobfold *fold) {
    if (sort(fold, &fold->processes, compare_processes))
        return -1;
    return sort(fold, &fold->threads, compare_threads);
}

uint64_t epmt_fold_find_process(const struct epmt_jobfold *fold, uint64_t image) {
    uint32_t number =
        epmt_fold_table_find(&fold->processes, image, EPMT_FOLD_NO_KEY, EPMT_FOLD_NO_KEY);

    if (number == EPMT_FOLD_NOWHERE)
        return UINT64_MAX;
    return fold->processes.order ? fold->processes.rows[number].place : number;
}
