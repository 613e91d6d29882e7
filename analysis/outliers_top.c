// SPDX-License-Identifier: Apache-2.0
// The most unusual rows, in a heap whose root is the least unusual of them.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/outliers_priv.h"

static double severity(const struct epmt_outlier *row) {
    if (!strcmp(row->feature, EPMT_DISTANCE_FEATURE))
        return row->score[EPMT_METHOD_DISTANCE];
    return row->score[EPMT_METHOD_MODIFIED_Z];
}

static int compare_texts(const char *a, const char *b) {
    return strcmp(a ? a : "", b ? b : "");
}

// Below 0: a is more unusual.
static int compare(const struct epmt_outlier *a, const struct epmt_outlier *b) {
    if (a->points != b->points)
        return a->points > b->points ? -1 : 1;
    double x = severity(a), y = severity(b);
    if (x != y && !(isinf(x) && isinf(y)))
        return x > y ? -1 : 1;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    int by_group = compare_texts(a->group, b->group);
    return by_group ? by_group : strcmp(a->feature, b->feature);
}

static void swap(struct epmt_outlier *a, struct epmt_outlier *b) {
    struct epmt_outlier kept = *a;

    *a = *b;
    *b = kept;
}

static void rise(struct epmt_outlier *rows, size_t i) {
    while (i && compare(&rows[i], &rows[(i - 1) / 2]) > 0) {
        swap(&rows[i], &rows[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static void sink(struct epmt_outlier *rows, size_t count) {
    for (size_t i = 0, child = 1; child < count; i = child, child = 2 * i + 1) {
        if (child + 1 < count && compare(&rows[child + 1], &rows[child]) > 0)
            child++;
        if (compare(&rows[child], &rows[i]) <= 0)
            return;
        swap(&rows[child], &rows[i]);
    }
}

static void free_texts(struct epmt_outlier *row) {
    free(row->jobid);
    free(row->group);
    free(row->hostname);
    free(row->exename);
}

static int out_of_memory(struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
}

static int make_room(struct epmt_top *top, struct epmt_error *err) {
    size_t cap = top->cap ? top->cap * 2 : 64;

    if (top->count < top->cap)
        return 0;
    if (cap > top->limit)
        cap = top->limit;
    struct epmt_outlier *rows = realloc(top->rows, cap * sizeof *rows);
    if (!rows)
        return out_of_memory(err);
    top->rows = rows;
    top->cap = cap;
    return 0;
}

int epmt_top_add(struct epmt_top *top, const struct epmt_outlier *outlier, struct epmt_error *err) {
    if (outlier->points < top->min_score)
        return 0;
    top->found++;
    bool full = top->count == top->limit;
    if (!top->limit || (full && compare(outlier, &top->rows[0]) >= 0))
        return 0;
    if (!full && make_room(top, err))
        return -1;
    struct epmt_outlier row = *outlier;
    row.group = strdup(outlier->group ? outlier->group : "");
    if (!row.group)
        return out_of_memory(err);
    if (full) {
        free_texts(&top->rows[0]);
        top->rows[0] = row;
        sink(top->rows, top->count);
    } else {
        top->rows[top->count] = row;
        rise(top->rows, top->count++);
    }
    return 0;
}

void epmt_top_free(struct epmt_top *top) {
    for (size_t i = 0; i < top->count; i++)
        free_texts(&top->rows[i]);
    free(top->rows);
    *top = (struct epmt_top){.count = 0};
}

static bool same(const struct epmt_outlier *a, const struct epmt_outlier *b) {
    return a->id == b->id && !compare_texts(a->group, b->group);
}

static int by_item(const void *a, const void *b) {
    const struct epmt_outlier *x = a, *y = b;

    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    int by_group = compare_texts(x->group, y->group);
    return by_group ? by_group : compare(x, y);
}

// Rows of one item, in the order of compare.
struct item {
    struct epmt_outlier *rows;
    size_t count;
    int points;
};

static int by_points(const void *a, const void *b) {
    const struct item *x = a, *y = b;

    if (x->points != y->points)
        return x->points > y->points ? -1 : 1;
    return compare(x->rows, y->rows);
}

static size_t make_items(const struct epmt_top *top, struct item *items) {
    size_t count = 0;

    qsort(top->rows, top->count, sizeof *top->rows, by_item);
    for (size_t i = 0; i < top->count; i++) {
        if (!i || !same(&top->rows[i], &top->rows[i - 1]))
            items[count++] = (struct item){.rows = &top->rows[i]};
        items[count - 1].count++;
        items[count - 1].points += top->rows[i].points;
    }
    qsort(items, count, sizeof *items, by_points);
    return count;
}

int epmt_top_sort(struct epmt_top *top, struct epmt_error *err) {
    if (!top->count)
        return 0;
    struct item *items = calloc(top->count, sizeof *items);
    struct epmt_outlier *rows = calloc(top->count, sizeof *rows);
    size_t count = items && rows ? make_items(top, items) : 0, at = 0;

    for (size_t i = 0; i < count; i++) {
        memcpy(rows + at, items[i].rows, items[i].count * sizeof *rows);
        at += items[i].count;
    }
    free(items);
    if (!count) {
        free(rows);
        return out_of_memory(err);
    }
    free(top->rows);
    top->rows = rows;
    top->cap = top->count;
    return 0;
}
