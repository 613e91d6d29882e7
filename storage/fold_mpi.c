// SPDX-License-Identifier: Apache-2.0
// The rows of the MPI tables in a fold. A row is a word of validity bits and a word per column,
// texts as their numbers. Rows with the same keys are one; what is counted only grows, so that of
// two records of a process the greater values are the later ones, whichever came first.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/stats.h"
#include "common/hash.h"
#include "storage/fold_priv.h"

static bool has(const uint64_t *row, int column) {
    return row[0] >> column & 1;
}

static bool is_text(const struct epmt_column *column) {
    return column->type == EPMT_TYPE_TEXT || column->type == EPMT_TYPE_LIST;
}

static size_t words(const struct epmt_fold_mpi *table) {
    return (size_t)table->dictionary->count + 1;
}

static uint64_t *row_at(const struct epmt_fold_mpi *table, uint32_t number) {
    return table->rows + number * words(table);
}

struct epmt_fold_mpi *epmt_fold_mpi_table(const struct epmt_jobfold *fold,
                                          enum epmt_row_kind kind) {
    return (struct epmt_fold_mpi *)&fold->mpi[kind - EPMT_ROW_MPI_FUNCTION];
}

void epmt_fold_mpi_init(struct epmt_jobfold *fold) {
    for (int i = 0; i < EPMT_TABLE_COUNT; i++)
        fold->mpi[i].dictionary = epmt_dictionary_of(EPMT_ROW_MPI_FUNCTION + i);
}

void epmt_fold_mpi_clear(struct epmt_fold_mpi *table) {
    free(table->rows);
    free(table->slots);
    free(table->order);
    *table = (struct epmt_fold_mpi){.dictionary = table->dictionary};
}

void epmt_fold_mpi_forget_order(struct epmt_jobfold *fold) {
    for (int i = 0; i < EPMT_TABLE_COUNT; i++) {
        free(fold->mpi[i].order);
        fold->mpi[i].order = NULL;
    }
}

static uint64_t hash_keys(const struct epmt_fold_mpi *table, const uint64_t *row) {
    uint64_t hash = EPMT_HASH_START;

    for (int i = 0; i < table->dictionary->count; i++) {
        if (table->dictionary->columns[i].scope == EPMT_SCOPE_KEY)
            hash = epmt_hash_u64(hash, has(row, i) ? row[i + 1] : UINT64_MAX - 1);
    }
    return epmt_hash_finish(hash);
}

static bool same_keys(const struct epmt_fold_mpi *table, const uint64_t *a, const uint64_t *b) {
    for (int i = 0; i < table->dictionary->count; i++) {
        if (table->dictionary->columns[i].scope == EPMT_SCOPE_KEY &&
            (has(a, i) != has(b, i) || (has(a, i) && a[i + 1] != b[i + 1])))
            return false;
    }
    return true;
}

static int grow(struct epmt_fold_mpi *table) {
    if (table->count >= UINT32_MAX / 4)
        return -1;
    if (table->count == table->cap) {
        uint32_t cap = table->cap ? table->cap + table->cap / 2 : 64;
        uint64_t *rows = realloc(table->rows, cap * words(table) * sizeof *rows);
        if (!rows)
            return -1;
        table->rows = rows;
        table->cap = cap;
    }
    if (table->count < table->slot_count / 4 * 3)
        return 0;
    uint32_t count = table->slot_count ? table->slot_count * 2 : 128;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots)
        return -1;
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t at = (uint32_t)hash_keys(table, row_at(table, i)) & (count - 1);
        while (slots[at])
            at = (at + 1) & (count - 1);
        slots[at] = i + 1;
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = count;
    return 0;
}

static bool is_greater(const struct epmt_texts *texts, const struct epmt_column *column, uint64_t a,
                       uint64_t b) {
    if (!is_text(column))
        return a > b;
    struct epmt_bytes left = texts->items[a], right = texts->items[b];
    return left.len != right.len ? left.len > right.len : epmt_bytes_compare(left, right) > 0;
}

// Statistics belong together: those over more ranks stand, all of them.
static void merge_whole(const struct epmt_fold_mpi *table, uint64_t *onto, const uint64_t *from) {
    int order = memcmp(from, onto, words(table) * sizeof *from);
    uint64_t fresh = from[EPMT_MPI_IMBALANCE_COL_ranks + 1];
    uint64_t there = onto[EPMT_MPI_IMBALANCE_COL_ranks + 1];

    if (fresh > there || (fresh == there && order > 0))
        memcpy(onto, from, words(table) * sizeof *from);
}

static void merge(const struct epmt_jobfold *fold, const struct epmt_fold_mpi *table,
                  uint64_t *onto, const uint64_t *from) {
    for (int i = 0; i < table->dictionary->count; i++) {
        const struct epmt_column *column = &table->dictionary->columns[i];
        if (!has(from, i) || column->scope == EPMT_SCOPE_KEY)
            continue;
        bool greater = !has(onto, i) || is_greater(&fold->texts, column, from[i + 1], onto[i + 1]);
        if (column->fold == EPMT_FOLD_MIN && has(onto, i))
            greater = from[i + 1] < onto[i + 1];
        if (greater)
            onto[i + 1] = from[i + 1];
        onto[0] |= UINT64_C(1) << i;
    }
}

// Adds the row or merges it with the one of its keys. Returns 0 or -1 (out of memory).
static int add_row(struct epmt_jobfold *fold, struct epmt_fold_mpi *table, const uint64_t *row) {
    if (grow(table))
        return -1;
    uint32_t mask = table->slot_count - 1;
    uint32_t at = (uint32_t)hash_keys(table, row) & mask;
    for (; table->slots[at]; at = (at + 1) & mask) {
        uint64_t *there = row_at(table, table->slots[at] - 1);
        if (!same_keys(table, there, row))
            continue;
        if (table->dictionary == epmt_dictionary_of(EPMT_ROW_MPI_IMBALANCE))
            merge_whole(table, there, row);
        else
            merge(fold, table, there, row);
        return 0;
    }
    memcpy(row_at(table, table->count), row, words(table) * sizeof *row);
    table->slots[at] = ++table->count;
    return 0;
}

// On the way the sum of squares travels, which can be combined; stored is what people read.
static void derive_stddev(struct epmt_record *record) {
    const union epmt_value *value = record->value;

    if (epmt_record_has(record, EPMT_MPI_IMBALANCE_COL_m2) &&
        epmt_record_has(record, EPMT_MPI_IMBALANCE_COL_ranks) &&
        value[EPMT_MPI_IMBALANCE_COL_ranks].u && value[EPMT_MPI_IMBALANCE_COL_m2].r >= 0)
        epmt_record_set_r(record, EPMT_MPI_IMBALANCE_COL_stddev,
                          sqrt(value[EPMT_MPI_IMBALANCE_COL_m2].r /
                               (double)value[EPMT_MPI_IMBALANCE_COL_ranks].u));
}

// Takes the columns over that are stored. Returns 0 or -1 (out of memory).
static int to_row(struct epmt_jobfold *fold, const struct epmt_fold_mpi *table,
                  const struct epmt_record *record, uint64_t *row) {
    memset(row, 0, words(table) * sizeof *row);
    for (int i = 0; i < table->dictionary->count; i++) {
        const struct epmt_column *column = &table->dictionary->columns[i];
        if (!epmt_record_has(record, i) || column->scope == EPMT_SCOPE_WIRE)
            continue;
        row[i + 1] = record->value[i].u;
        if (is_text(column)) {
            uint32_t number = column->type == EPMT_TYPE_LIST
                                  ? epmt_texts_intern_list(&fold->texts, record->value[i].text)
                                  : epmt_texts_intern(&fold->texts, record->value[i].text.data,
                                                      record->value[i].text.len);
            if (number == EPMT_FOLD_NOWHERE)
                return -1;
            row[i + 1] = number;
        }
        row[0] |= UINT64_C(1) << i;
    }
    return 0;
}

// The column without which a row of the kind belongs to nothing.
static int needed_column(enum epmt_row_kind kind) {
    return kind == EPMT_ROW_MPI_VARIABLE ? EPMT_MPI_VARIABLE_COL_name : 0;
}

int epmt_fold_mpi_put(struct epmt_jobfold *fold, struct epmt_fold_mpi *table,
                      const struct epmt_record *record) {
    uint64_t row[EPMT_COLUMN_COUNT + 1];
    struct epmt_record derived;

    if (table->dictionary == epmt_dictionary_of(EPMT_ROW_MPI_IMBALANCE)) {
        derived = *record;
        derive_stddev(&derived);
        record = &derived;
    }
    return to_row(fold, table, record, row) || add_row(fold, table, row) ? -1 : 0;
}

int epmt_fold_mpi_add(struct epmt_jobfold *fold, enum epmt_row_kind kind,
                      const struct epmt_record *record, struct epmt_error *err) {
    struct epmt_fold_mpi *table = epmt_fold_mpi_table(fold, kind);

    if (!epmt_record_has(record, needed_column(kind)))
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "a row without the column %s",
                         table->dictionary->columns[needed_column(kind)].name);
    if (kind == EPMT_ROW_MPI_IMBALANCE && epmt_stats_is_internal(record))
        return 0;
    epmt_fold_mpi_forget_order(fold);
    if (epmt_fold_mpi_put(fold, table, record))
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the MPI tables of a job");
    return 0;
}

void epmt_fold_mpi_decode(const struct epmt_jobfold *fold, enum epmt_row_kind kind, uint32_t number,
                          struct epmt_record *record) {
    const struct epmt_fold_mpi *table = epmt_fold_mpi_table(fold, kind);
    const uint64_t *row = row_at(table, number);

    epmt_record_clear(record);
    record->valid[0] = row[0];
    for (int i = 0; i < table->dictionary->count; i++) {
        if (has(row, i) && is_text(&table->dictionary->columns[i]))
            record->value[i].text = fold->texts.items[row[i + 1]];
        else
            record->value[i].u = row[i + 1];
    }
}

uint64_t epmt_fold_mpi_count(const struct epmt_jobfold *fold, enum epmt_row_kind kind) {
    return epmt_fold_mpi_table(fold, kind)->count;
}

void epmt_fold_mpi(const struct epmt_jobfold *fold, enum epmt_row_kind kind, uint64_t i,
                   struct epmt_record *record) {
    const struct epmt_fold_mpi *table = epmt_fold_mpi_table(fold, kind);

    epmt_fold_mpi_decode(fold, kind, table->order ? table->order[i] : (uint32_t)i, record);
}

int epmt_fold_mpi_add_processes(struct epmt_jobfold *fold) {
    for (int k = 0; k < EPMT_TABLE_COUNT; k++) {
        const struct epmt_fold_mpi *table = &fold->mpi[k];
        if (!epmt_table_is_of_process(EPMT_FIRST_TABLE + k))
            continue;
        for (uint32_t i = 0; i < table->count; i++) {
            if (epmt_fold_add_missing_process(fold, row_at(table, i)[1]) == EPMT_FOLD_NOWHERE)
                return -1;
        }
    }
    return 0;
}

struct sorting {
    const struct epmt_jobfold *fold;
    const struct epmt_fold_mpi *table;
    uint64_t *places; // by row: where its process stands, so that a rank's rows stand together
};

// Returns 0 or -1 (out of memory).
static int find_places(struct sorting *sorting) {
    const struct epmt_fold_mpi *table = sorting->table;
    int image = 0;

    while (image < table->dictionary->count &&
           strcmp(table->dictionary->columns[image].name, "image") != 0)
        image++;
    sorting->places = malloc((table->count + 1) * sizeof *sorting->places);
    if (!sorting->places)
        return -1;
    for (uint32_t i = 0; i < table->count; i++) {
        const uint64_t *row = row_at(table, i);
        bool known = image < table->dictionary->count && has(row, image);
        sorting->places[i] = known ? epmt_fold_find_process(sorting->fold, row[image + 1]) : 0;
    }
    return 0;
}

static int compare_values(const struct epmt_jobfold *fold, const struct epmt_column *column,
                          uint64_t a, uint64_t b) {
    if (a == b)
        return 0;
    if (is_text(column))
        return epmt_bytes_compare(fold->texts.items[a], fold->texts.items[b]);
    if (column->type == EPMT_TYPE_INT)
        return (int64_t)a < (int64_t)b ? -1 : 1;
    return a < b ? -1 : 1;
}

// By the keys; a process sorts as its row does.
static int compare_rows(const void *left, const void *right, void *context) {
    const struct sorting *sorting = context;
    uint32_t i = *(const uint32_t *)left, j = *(const uint32_t *)right;
    const uint64_t *a = row_at(sorting->table, i), *b = row_at(sorting->table, j);
    int order = 0;

    for (int k = 0; k < sorting->table->dictionary->count && !order; k++) {
        const struct epmt_column *column = &sorting->table->dictionary->columns[k];
        if (column->scope != EPMT_SCOPE_KEY)
            continue;
        order = has(a, k) - has(b, k);
        if (order || !has(a, k))
            continue;
        if (!strcmp(column->name, "image") && sorting->places[i] != sorting->places[j])
            order = sorting->places[i] < sorting->places[j] ? -1 : 1;
        else
            order = compare_values(sorting->fold, column, a[k + 1], b[k + 1]);
    }
    return order;
}

int epmt_fold_mpi_sort(struct epmt_jobfold *fold, enum epmt_row_kind kind) {
    struct epmt_fold_mpi *table = epmt_fold_mpi_table(fold, kind);
    struct sorting sorting = {fold, table, NULL};

    free(table->order);
    table->order = malloc((table->count + 1) * sizeof *table->order);
    if (!table->order || find_places(&sorting))
        return -1;
    for (uint32_t i = 0; i < table->count; i++)
        table->order[i] = i;
    qsort_r(table->order, table->count, sizeof *table->order, compare_rows, &sorting);
    free(sorting.places);
    return 0;
}
