// SPDX-License-Identifier: Apache-2.0
// Statistics over the ranks in a finished fold. The reduction brings those of a step; where ranks
// came by journals, some or all, they are made here from the rows of the functions, by the same
// code. So are those of a step all of whose rows are there, in the order of the ranks: a job is the
// same, to the last bit, whichever way its rows took. The reduction's stand where they know of more
// ranks than there are rows of.
#include <stdlib.h>
#include <string.h>

#include "aggregator/stats.h"
#include "storage/fold_priv.h"

#define FUNCTIONS_MAX 4096

struct work {
    struct epmt_jobfold *fold;
    void *memory; // of stats
    struct epmt_stats *stats;
    uint32_t step;               // a text: the step being computed
    struct epmt_fold_mpi result; // the new table
    bool *replaced;              // by row of the old one
    struct epmt_row row;
};

static struct epmt_bytes step_at(const struct work *work, uint64_t place,
                                 struct epmt_record *record) {
    epmt_fold_mpi(work->fold, EPMT_ROW_MPI_IMBALANCE, place, record);
    return record->value[EPMT_MPI_IMBALANCE_COL_step].text;
}

// The place of the first row of the step, or of one behind it, in the old table.
static uint64_t first_of(const struct work *work, struct epmt_bytes step) {
    uint64_t low = 0, high = epmt_fold_mpi_count(work->fold, EPMT_ROW_MPI_IMBALANCE);
    struct epmt_record record;

    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (epmt_bytes_compare(step_at(work, middle, &record), step) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Whether the computed statistics take the place of the step's old rows, which are marked then.
static bool replace(struct work *work, struct epmt_bytes step) {
    const struct epmt_fold_mpi *old = epmt_fold_mpi_table(work->fold, EPMT_ROW_MPI_IMBALANCE);
    uint64_t first = first_of(work, step), last = first;
    struct epmt_record record;

    if (work->stats->broken)
        return false;
    for (; last < old->count && !epmt_bytes_compare(step_at(work, last, &record), step); last++) {
        if (epmt_record_has(&record, EPMT_MPI_IMBALANCE_COL_ranks) &&
            record.value[EPMT_MPI_IMBALANCE_COL_ranks].u > work->stats->ranks)
            return false;
    }
    for (; first < last; first++)
        work->replaced[old->order[first]] = true;
    return true;
}

// Ends a step. Returns 0 or -1 (out of memory).
static int end_step(struct work *work) {
    struct epmt_row *row = &work->row;

    if (work->step == EPMT_FOLD_NOWHERE)
        return 0;
    struct epmt_bytes step = work->fold->texts.items[work->step];
    epmt_stats_close(work->stats);
    if (!replace(work, step))
        return 0;
    while (epmt_stats_next(work->stats, row)) {
        epmt_record_set_text(&row->record, EPMT_MPI_IMBALANCE_COL_step, step.data, step.len);
        if (!epmt_stats_is_internal(&row->record) &&
            epmt_fold_mpi_put(work->fold, &work->result, &row->record))
            return -1;
    }
    return 0;
}

// The process of a function's row, where it is a rank of a step.
static const struct epmt_fold_row *rank_of(const struct epmt_jobfold *fold,
                                           const struct epmt_record *function) {
    uint32_t number =
        epmt_fold_table_find(&fold->processes, function->value[EPMT_MPI_FUNCTION_COL_image].u,
                             EPMT_FOLD_NO_KEY, EPMT_FOLD_NO_KEY);
    const struct epmt_fold_row *process = &fold->processes.rows[number];

    if (number == EPMT_FOLD_NOWHERE || process->link == EPMT_FOLD_NOWHERE || process->tid < 0 ||
        process->tid > INT32_MAX)
        return NULL;
    return process;
}

// The rows come step by step, rank by rank. Returns 0 or -1 (out of memory).
static int compute(struct work *work) {
    struct epmt_record function;

    for (uint64_t i = 0; i < epmt_fold_mpi_count(work->fold, EPMT_ROW_MPI_FUNCTION); i++) {
        epmt_fold_mpi(work->fold, EPMT_ROW_MPI_FUNCTION, i, &function);
        const struct epmt_fold_row *process = rank_of(work->fold, &function);
        if (!process)
            continue;
        if (process->link != work->step) {
            if (end_step(work))
                return -1;
            work->stats = epmt_stats_init(work->memory, FUNCTIONS_MAX);
            work->step = process->link;
        }
        if (work->stats->source[0].ranks && work->stats->rank != (int32_t)process->tid)
            epmt_stats_close(work->stats);
        epmt_stats_set_rank(work->stats, function.value[EPMT_MPI_FUNCTION_COL_image].u,
                            (int32_t)process->tid);
        work->row.kind = EPMT_ROW_MPI_FUNCTION;
        work->row.record = function;
        epmt_stats_take(work->stats, 0, &work->row);
    }
    return end_step(work);
}

// The old rows that stand go into the new table too.
static int keep_others(struct work *work) {
    struct epmt_fold_mpi *table = epmt_fold_mpi_table(work->fold, EPMT_ROW_MPI_IMBALANCE);
    struct epmt_record record;

    for (uint32_t i = 0; i < table->count; i++) {
        epmt_fold_mpi_decode(work->fold, EPMT_ROW_MPI_IMBALANCE, i, &record);
        if (!work->replaced[i] && epmt_fold_mpi_put(work->fold, &work->result, &record))
            return -1;
    }
    epmt_fold_mpi_clear(table);
    *table = work->result;
    work->result = (struct epmt_fold_mpi){.dictionary = table->dictionary};
    return 0;
}

int epmt_fold_compute_imbalance(struct epmt_jobfold *fold) {
    const struct epmt_fold_mpi *table = epmt_fold_mpi_table(fold, EPMT_ROW_MPI_IMBALANCE);
    struct work *work = calloc(1, sizeof *work);
    int status = -1;

    if (!work)
        return -1;
    work->fold = fold;
    work->step = EPMT_FOLD_NOWHERE;
    work->result.dictionary = table->dictionary;
    work->memory = malloc(epmt_stats_memory(FUNCTIONS_MAX));
    work->replaced = calloc(table->count + 1, sizeof *work->replaced);
    if (work->memory && work->replaced && !compute(work))
        status = keep_others(work);
    epmt_fold_mpi_clear(&work->result);
    free(work->replaced);
    free(work->memory);
    free(work);
    return status;
}
