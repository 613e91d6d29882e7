// SPDX-License-Identifier: Apache-2.0
// Not part of the guest: it allocates.
#include "aggregator/sim_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "metadata/mpi_tables.h"

int epmt_sim_rows_of_rank(const struct epmt_sim_options *options) {
    return 1 + options->threads + options->functions;
}

int epmt_sim_rows_init(struct epmt_sim_rows *rows, const struct epmt_sim_options *options) {
    uint64_t count = (uint64_t)options->ranks * (uint64_t)epmt_sim_rows_of_rank(options);

    *rows = (struct epmt_sim_rows){.options = options};
    rows->seen = calloc(count / 8 + 1, 1);
    return rows->seen ? 0 : -1;
}

void epmt_sim_rows_fini(struct epmt_sim_rows *rows) {
    free(rows->seen);
}

int epmt_sim_host(const struct epmt_sim_options *options, int rank) {
    int node = options->node;

    switch (options->placement) {
    case EPMT_PLACEMENT_CYCLIC:
        return rank % ((options->ranks + node - 1) / node);
    case EPMT_PLACEMENT_LISTED: // hosts of different sizes, in turns of different lengths
        return rank < node ? 0 : rank / node - (rank % node < node / 3 ? 1 : 0);
    case EPMT_PLACEMENT_PLAIN:
    case EPMT_PLACEMENT_BLOCK:
        break;
    }
    return rank / node;
}

// A value of a column that is known to both ends and has a typical number of digits.
static uint64_t value_of(int rank, int thread, int column) {
    uint64_t mixed =
        epmt_hash_finish((uint64_t)rank << 32 | (uint64_t)thread << 16 | (uint64_t)column);

    return mixed >> (24 + mixed % 40);
}

struct texts {
    char host[32], args[96], tags[32];
    int host_len, args_len, tags_len;
};

static void make_texts(struct texts *texts, const struct epmt_sim_options *options, int rank) {
    uint64_t number = options->strings ? (uint64_t)rank % options->strings : (uint64_t)rank;

    texts->host_len =
        snprintf(texts->host, sizeof texts->host, "node%06d", epmt_sim_host(options, rank));
    texts->args_len =
        snprintf(texts->args, sizeof texts->args, "--input%c/scratch/project/run/input-%08llu.nc%c",
                 0, (unsigned long long)number, 0);
    texts->tags_len = snprintf(texts->tags, sizeof texts->tags, "op:run;member:%llu",
                               (unsigned long long)(number % 50));
}

static void fill(struct epmt_record *record, const struct epmt_sim_options *options, int rank,
                 int thread, const struct texts *texts) {
    epmt_record_clear(record);
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        const struct epmt_column *column = &epmt_columns[i];
        if (thread ? !epmt_column_in_thread(column) : !epmt_column_in_process(column))
            continue;
        if (column->type == EPMT_TYPE_UINT)
            epmt_record_set_u(record, i, value_of(rank, thread, i));
        else if (column->type == EPMT_TYPE_INT)
            epmt_record_set_i(record, i, (int64_t)value_of(rank, thread, i));
    }
    epmt_record_set_u(record, EPMT_COL_image, (uint64_t)rank + 1);
    epmt_record_set_i(record, EPMT_COL_mpirank, rank);
    if (thread) {
        epmt_record_set_i(record, EPMT_COL_tid, thread);
        return;
    }
    epmt_record_set_i(record, EPMT_COL_numranks, options->ranks);
    epmt_record_set_text(record, EPMT_COL_hostname, texts->host, (uint64_t)texts->host_len);
    epmt_record_set_text(record, EPMT_COL_args, texts->args, (uint64_t)texts->args_len);
    epmt_record_set_text(record, EPMT_COL_tags, texts->tags, (uint64_t)texts->tags_len);
    epmt_record_set_text(record, EPMT_COL_exename, "model.exe", 9);
    epmt_record_set_text(record, EPMT_COL_path, "/home/user/model/bin/model.exe", 30);
    epmt_record_set_text(record, EPMT_COL_bootid, "0f5dd0d4-9f0e-4ce0-9a5b-27a2b6d2a41f", 36);
    epmt_record_set_text(record, EPMT_COL_step, "mpi-1234567890-0a1b2c3d", 23);
}

// What a rank spent in MPI function f. Every f + 1st one calls it.
static uint64_t calls_of(int rank, int f) {
    return rank % (f + 1) ? 0 : 1 + (uint64_t)rank % 1000 * (uint64_t)(f + 3);
}

static uint64_t time_of(int rank, int f) {
    return calls_of(rank, f) * 1500 + epmt_hash_finish((uint64_t)rank + 1) % 100000;
}

// Functions are called F000, F001, ...
static int number_of(struct epmt_bytes name) {
    return name.len == 4
               ? (name.data[1] - '0') * 100 + (name.data[2] - '0') * 10 + name.data[3] - '0'
               : -1;
}

static void fill_function(struct epmt_record *record, int rank, int f, char name[8]) {
    snprintf(name, 8, "F%03d", f % 1000);
    epmt_record_clear(record);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_image, (uint64_t)rank + 1);
    epmt_record_set_text(record, EPMT_MPI_FUNCTION_COL_function, name, 4);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_calls, calls_of(rank, f));
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_time, time_of(rank, f));
}

size_t epmt_sim_rows_max(const struct epmt_sim_options *options) {
    return 2048 + (size_t)options->threads * 512 + (size_t)options->functions * 128;
}

size_t epmt_sim_rows_make(struct epmt_sim_rows *rows, int rank, void *data, size_t cap) {
    struct epmt_fragment_header about = {.rank = rank, .image = (uint64_t)rank + 1};
    struct epmt_fragment fragment;
    struct texts texts;

    make_texts(&texts, rows->options, rank);
    epmt_fragment_init(&fragment, data, cap, NULL, 0);
    for (int thread = rows->options->threads; thread >= 0; thread--) {
        fill(&rows->row.record, rows->options, rank, thread, &texts);
        epmt_fragment_add(&fragment, thread ? EPMT_ROW_THREAD : EPMT_ROW_PROCESS,
                          &rows->row.record);
    }
    for (int f = 0; f < rows->options->functions; f++) {
        char name[8];
        fill_function(&rows->row.record, rank, f, name);
        epmt_fragment_add(&fragment, EPMT_ROW_MPI_FUNCTION, &rows->row.record);
    }
    return epmt_fragment_seal(&fragment, &about);
}

static bool same(const struct epmt_record *a, const struct epmt_record *b) {
    if (memcmp(a->valid, b->valid, sizeof a->valid))
        return false;
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        enum epmt_type type = epmt_columns[i].type;
        if (!epmt_record_has(a, i))
            continue;
        if (type == EPMT_TYPE_TEXT || type == EPMT_TYPE_LIST) {
            if (a->value[i].text.len != b->value[i].text.len ||
                memcmp(a->value[i].text.data, b->value[i].text.data, a->value[i].text.len))
                return false;
        } else if (a->value[i].u != b->value[i].u) {
            return false;
        }
    }
    return true;
}

// Notes that a row has come. Returns false for one that there is not.
static bool tick_off(struct epmt_sim_rows *rows, int64_t rank, int64_t number) {
    int64_t of_rank = epmt_sim_rows_of_rank(rows->options);

    if (rank < 0 || rank >= rows->options->ranks || number < 0 || number >= of_rank)
        return false;
    uint64_t place = (uint64_t)(rank * of_rank + number);
    uint8_t bit = (uint8_t)(1u << place % 8);
    rows->count++;
    if (rows->seen[place / 8] & bit)
        rows->doubled++;
    rows->seen[place / 8] |= bit;
    return true;
}

static bool check_process_or_thread(struct epmt_sim_rows *rows, const struct epmt_row *row) {
    static struct epmt_record wanted;
    const struct epmt_sim_options *options = rows->options;
    int64_t rank = row->record.value[EPMT_COL_mpirank].i;
    bool is_thread = row->kind == EPMT_ROW_THREAD;
    int64_t thread = is_thread ? row->record.value[EPMT_COL_tid].i : 0;
    struct texts texts;

    if (!epmt_record_has(&row->record, EPMT_COL_mpirank) || thread < is_thread ||
        thread > options->threads || !tick_off(rows, rank, thread))
        return false;
    make_texts(&texts, options, (int)rank);
    fill(&wanted, options, (int)rank, (int)thread, &texts);
    return same(&wanted, &row->record);
}

static bool check_function(struct epmt_sim_rows *rows, const struct epmt_record *record) {
    int64_t rank = (int64_t)record->value[EPMT_MPI_FUNCTION_COL_image].u - 1;
    int f = number_of(record->value[EPMT_MPI_FUNCTION_COL_function].text);

    return f >= 0 && f < rows->options->functions &&
           tick_off(rows, rank, 1 + rows->options->threads + f) &&
           record->value[EPMT_MPI_FUNCTION_COL_calls].u == calls_of((int)rank, f) &&
           record->value[EPMT_MPI_FUNCTION_COL_time].u == time_of((int)rank, f);
}

static double value_in(const struct epmt_sim_rows *rows, int rank, int f, bool of_time) {
    double value = 0;

    for (int i = f < 0 ? 0 : f; i < (f < 0 ? rows->options->functions : f + 1); i++)
        value += (double)(of_time ? time_of(rank, i) : calls_of(rank, i));
    return value;
}

static bool near(double a, double b) {
    double apart = a > b ? a - b : b - a;

    return apart <= 1e-9 * (b > 1 ? b : 1);
}

// Statistics against those made by two passes over all ranks.
static bool check_statistics(struct epmt_sim_rows *rows, const struct epmt_record *record) {
    const union epmt_value *value = record->value;
    struct epmt_bytes measure = value[EPMT_MPI_IMBALANCE_COL_measure].text;
    int f = number_of(value[EPMT_MPI_IMBALANCE_COL_function].text), ranks = rows->options->ranks;
    bool of_time = measure.len == 4;
    double sum = 0, squares = 0, least = value_in(rows, 0, f, of_time), most = least;

    for (int rank = 0; rank < ranks; rank++) {
        double mine = value_in(rows, rank, f, of_time);
        sum += mine;
        least = mine < least ? mine : least;
        most = mine > most ? mine : most;
    }
    double mean = sum / ranks;
    for (int rank = 0; rank < ranks; rank++) {
        double off = value_in(rows, rank, f, of_time) - mean;
        squares += off * off;
    }
    rows->statistics++;
    return value[EPMT_MPI_IMBALANCE_COL_ranks].u == (uint64_t)ranks &&
           near((double)value[EPMT_MPI_IMBALANCE_COL_min].u, least) &&
           near((double)value[EPMT_MPI_IMBALANCE_COL_max].u, most) &&
           near(value[EPMT_MPI_IMBALANCE_COL_mean].r, mean) &&
           near(value[EPMT_MPI_IMBALANCE_COL_m2].r, squares);
}

static bool check_row(struct epmt_sim_rows *rows, const struct epmt_row *row) {
    switch (row->kind) {
    case EPMT_ROW_PROCESS:
    case EPMT_ROW_THREAD:
        return check_process_or_thread(rows, row);
    case EPMT_ROW_MPI_FUNCTION:
        return check_function(rows, &row->record);
    case EPMT_ROW_MPI_IMBALANCE:
        return epmt_stats_is_internal(&row->record) || check_statistics(rows, &row->record);
    default:
        return false;
    }
}

void epmt_sim_rows_check(struct epmt_sim_rows *rows, const void *fragment, size_t len) {
    struct epmt_fragment_header header;
    struct epmt_fragment_reader reader;
    int got;

    if (epmt_fragment_check(fragment, len, &header, NULL)) {
        rows->wrong++;
        return;
    }
    epmt_fragment_reader_init(&reader, fragment, &header);
    while ((got = epmt_fragment_next(&reader, &rows->row, NULL)) > 0)
        rows->wrong += !check_row(rows, &rows->row);
    if (got < 0)
        rows->wrong++;
}
