// SPDX-License-Identifier: Apache-2.0
// Adding rows to a job and looking at them.
#include "storage/fold.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/journal.h"
#include "storage/fold_priv.h"

struct epmt_jobfold *epmt_fold_create(void) {
    struct epmt_jobfold *fold = calloc(1, sizeof *fold);

    if (!fold)
        return NULL;
    fold->processes.by_image = true;
    epmt_fold_mpi_init(fold);
    return fold;
}

void epmt_fold_destroy(struct epmt_jobfold *fold) {
    if (!fold)
        return;
    epmt_fold_table_free(&fold->processes);
    epmt_fold_table_free(&fold->threads);
    for (int i = 0; i < EPMT_TABLE_COUNT; i++)
        epmt_fold_mpi_clear(&fold->mpi[i]);
    epmt_texts_free(&fold->texts);
    free(fold->attributes);
    free(fold->waits.rows);
    free(fold);
}

static void forget_order(struct epmt_jobfold *fold) {
    free(fold->processes.order);
    free(fold->threads.order);
    fold->processes.order = NULL;
    fold->threads.order = NULL;
    epmt_fold_mpi_forget_order(fold);
}

// Columns that are kept in the row's key or counted anew each time.
static bool stays_out(enum epmt_row_kind kind, int column) {
    if (column == EPMT_COL_image || column == EPMT_COL_generation)
        return true;
    return kind == EPMT_ROW_THREAD && (column == EPMT_COL_tid || column == EPMT_COL_start);
}

static bool stands_in(enum epmt_row_kind kind, int column) {
    const struct epmt_column *about = &epmt_columns[column];

    if (stays_out(kind, column))
        return false;
    return kind == EPMT_ROW_PROCESS ? epmt_column_in_process(about) : epmt_column_in_thread(about);
}

// A list ends each item with a NUL; one that lacks the last gets it, so that it is the same list
// after a way through the job file.
uint32_t epmt_texts_intern_list(struct epmt_texts *texts, struct epmt_bytes list) {
    if (!list.len || !list.data[list.len - 1] || list.len > EPMT_FRAGMENT_MAX)
        return epmt_texts_intern(texts, list.data, list.len);
    char *whole = malloc(list.len + 1);
    if (!whole)
        return EPMT_FOLD_NOWHERE;
    memcpy(whole, list.data, list.len);
    whole[list.len] = '\0';
    uint32_t number = epmt_texts_intern(texts, whole, list.len + 1);
    free(whole);
    return number;
}

// Returns 0, or -1 where memory ran out.
static int to_layered(struct epmt_layered *row, struct epmt_texts *texts, enum epmt_row_kind kind,
                      const struct epmt_record *record) {
    uint64_t revision = 0;

    if (epmt_record_has(record, EPMT_COL_revision))
        revision = record->value[EPMT_COL_revision].u;
    memset(row->valid, 0, sizeof row->valid);
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        if (!epmt_record_has(record, i) || !stands_in(kind, i))
            continue;
        uint64_t value = record->value[i].u;
        switch (epmt_columns[i].type) {
        case EPMT_TYPE_TEXT:
            value = epmt_texts_intern(texts, record->value[i].text.data, record->value[i].text.len);
            break;
        case EPMT_TYPE_LIST:
            value = epmt_texts_intern_list(texts, record->value[i].text);
            break;
        case EPMT_TYPE_STATE:
            if (value >= EPMT_STATE_COUNT)
                continue; // a state that is none says nothing
            break;
        case EPMT_TYPE_INT:
        case EPMT_TYPE_UINT:
        case EPMT_TYPE_REAL:
            epmt_layered_set(row, i, value, revision);
            continue;
        }
        if (value == EPMT_FOLD_NOWHERE)
            return -1;
        epmt_layered_set(row, i, value, revision);
    }
    return 0;
}

static int64_t key_of(enum epmt_row_kind kind, const struct epmt_record *record, int column) {
    if (kind == EPMT_ROW_PROCESS || !epmt_record_has(record, column))
        return EPMT_FOLD_NO_KEY;
    return record->value[column].i;
}

int epmt_fold_add_record(struct epmt_jobfold *fold, enum epmt_row_kind kind,
                         const struct epmt_record *record, struct epmt_error *err) {
    struct epmt_fold_table *table = kind == EPMT_ROW_PROCESS ? &fold->processes : &fold->threads;
    struct epmt_layered there, fresh;

    if (kind == EPMT_ROW_WAITED)
        return epmt_fold_waited_add(fold, record, err);
    if (kind >= EPMT_ROW_MPI_FUNCTION)
        return epmt_fold_mpi_add(fold, kind, record, err);
    if (!epmt_record_has(record, EPMT_COL_image))
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "a row without the column image");
    if (to_layered(&fresh, &fold->texts, kind, record))
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the texts of a job");
    forget_order(fold);
    uint32_t number = epmt_fold_table_add(table, record->value[EPMT_COL_image].u,
                                          key_of(kind, record, EPMT_COL_tid),
                                          key_of(kind, record, EPMT_COL_start));
    if (number == EPMT_FOLD_NOWHERE)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the rows of a job");
    struct epmt_fold_row *row = &table->rows[number];
    epmt_layered_decode(&there, row->data);
    if (!epmt_layered_merge(&there, &fresh, &fold->texts) && row->data)
        return 0;
    if (epmt_layered_encode(&there, &row->data))
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the rows of a job");
    return 0;
}

int epmt_fold_add(struct epmt_jobfold *fold, const struct epmt_row *row, struct epmt_error *err) {
    if (row->kind == EPMT_ROW_ATTRIBUTE)
        return epmt_fold_add_attribute(fold, row->scope, row->key, row->value, err);
    if (!epmt_dictionary_of(row->kind))
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "a row of an unknown kind");
    return epmt_fold_add_record(fold, row->kind, &row->record, err);
}

static void count_damage(struct epmt_fold_damage *damage, uint64_t gaps, uint64_t bytes,
                         const struct epmt_error *why) {
    if (gaps && !damage->gaps)
        damage->first = *why;
    damage->gaps += gaps;
    damage->gap_bytes += bytes;
}

// Adds the rows of one fragment. What cannot be understood is damage, no failure.
static int add_fragment(struct epmt_jobfold *fold, const uint8_t *fragment,
                        const struct epmt_fragment_header *header, struct epmt_row *row,
                        struct epmt_fold_damage *damage, struct epmt_error *err) {
    struct epmt_fragment_reader reader;
    struct epmt_error why;
    int status;

    epmt_fragment_reader_init(&reader, fragment, header);
    for (;;) {
        size_t at = reader.at;
        status = epmt_fragment_next(&reader, row, &why);
        if (status == 0)
            return 0;
        if (status < 0) {
            count_damage(damage, 1, header->len - at, &why);
            return 0;
        }
        if (!epmt_fold_add(fold, row, &why))
            continue;
        if (why.code == EPMT_ERR_MEMORY)
            return epmt_errf(err, why.code, "%s", why.text);
        count_damage(damage, 1, reader.at - at, &why);
    }
}

int epmt_fold_add_bytes(struct epmt_jobfold *fold, const void *data, size_t len,
                        struct epmt_fold_damage *damage, struct epmt_error *err) {
    struct epmt_journal_scan scan;
    struct epmt_fragment_header header;
    struct epmt_row row;
    const uint8_t *fragment;
    int status = 0;

    epmt_journal_scan_init(&scan, data, len);
    while (!status && (fragment = epmt_journal_scan_next(&scan, &header)))
        status = add_fragment(fold, fragment, &header, &row, damage, err);
    count_damage(damage, scan.gaps, scan.gap_bytes, &scan.first_error);
    return status;
}

uint64_t epmt_fold_process_count(const struct epmt_jobfold *fold) {
    return fold->processes.count;
}

uint64_t epmt_fold_thread_count(const struct epmt_jobfold *fold) {
    return fold->threads.count;
}

void epmt_fold_decode(const struct epmt_jobfold *fold, enum epmt_row_kind kind, uint32_t number,
                      struct epmt_record *record) {
    const struct epmt_fold_table *table =
        kind == EPMT_ROW_PROCESS ? &fold->processes : &fold->threads;
    const struct epmt_fold_row *row = &table->rows[number];

    epmt_layered_decode_record(record, row->data, &fold->texts);
    epmt_record_set_u(record, EPMT_COL_image, row->image);
    if (kind == EPMT_ROW_PROCESS)
        return;
    if (row->tid != EPMT_FOLD_NO_KEY)
        epmt_record_set_i(record, EPMT_COL_tid, row->tid);
    if (row->start != EPMT_FOLD_NO_KEY)
        epmt_record_set_i(record, EPMT_COL_start, row->start);
}

static uint32_t at_place(const struct epmt_fold_table *table, uint64_t i) {
    return table->order ? table->order[i] : (uint32_t)i;
}

void epmt_fold_process(const struct epmt_jobfold *fold, uint64_t i, struct epmt_record *record) {
    epmt_fold_decode(fold, EPMT_ROW_PROCESS, at_place(&fold->processes, i), record);
}

void epmt_fold_thread(const struct epmt_jobfold *fold, uint64_t i, struct epmt_record *record) {
    epmt_fold_decode(fold, EPMT_ROW_THREAD, at_place(&fold->threads, i), record);
}
