// SPDX-License-Identifier: Apache-2.0
// The kernel's counters go on when a process execs, so what an image reports holds what the images
// before it in its pid used. Here that is taken off, once: the column `carried` says where it still
// has to be, and a record that comes in again brings its 1 along with its values.
#include <string.h>

#include "storage/fold_priv.h"

static bool counts_on_in_thread(int column) {
    // The time-stamp counter alone is read when the image starts.
    return epmt_columns[column].fold == EPMT_FOLD_SUM && column != EPMT_COL_rdtsc_duration;
}

static bool counts_on_in_process(int column) {
    return column == EPMT_COL_cminflt || column == EPMT_COL_cmajflt || column == EPMT_COL_cutime ||
           column == EPMT_COL_cstime;
}

// Takes the sum off one value, never below 0.
static void take_off(struct epmt_layered *row, int column, uint64_t sum) {
    if (epmt_layered_has(row, column))
        row->value[column] -= row->value[column] < sum ? row->value[column] : sum;
}

static void add_up(uint64_t *sum, const struct epmt_layered *row, int column) {
    if (epmt_layered_has(row, column))
        *sum += row->value[column];
}

int epmt_fold_take_off_carried(struct epmt_jobfold *fold, uint32_t number, bool after_exec,
                               struct epmt_carried *carried) {
    struct epmt_fold_row *process = &fold->processes.rows[number], *thread = NULL;
    struct epmt_layered values, main_thread;

    if (!after_exec)
        *carried = (struct epmt_carried){.known = true};
    epmt_layered_decode(&values, process->data);
    if (epmt_layered_has(&values, EPMT_COL_pid) && epmt_layered_has(&values, EPMT_COL_start)) {
        uint32_t at = epmt_fold_table_find(&fold->threads, process->image,
                                           (int64_t)values.value[EPMT_COL_pid],
                                           (int64_t)values.value[EPMT_COL_start]);
        if (at != EPMT_FOLD_NOWHERE)
            thread = &fold->threads.rows[at];
    }
    // Without a row of its own the main thread is what the process is.
    epmt_layered_decode(&main_thread, thread ? thread->data : process->data);
    bool due = epmt_layered_has(&values, EPMT_COL_carried) && values.value[EPMT_COL_carried] &&
               carried->known;
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        bool in_thread = counts_on_in_thread(i);
        if (!in_thread && !counts_on_in_process(i))
            continue;
        if (due) {
            take_off(&values, i, carried->sum[i]);
            take_off(&main_thread, i, carried->sum[i]);
        }
        add_up(&carried->sum[i], in_thread ? &main_thread : &values, i);
        add_up(&carried->whole[i], &values, i);
    }
    if (!epmt_layered_has(&values, EPMT_COL_usertime))
        carried->known = false; // it ended without telling what it used
    if (!due)
        return 0;
    values.value[EPMT_COL_carried] = 0;
    if (thread && epmt_layered_encode(&main_thread, &thread->data))
        return -1;
    return epmt_layered_encode(&values, &process->data);
}
