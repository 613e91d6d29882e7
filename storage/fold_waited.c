// SPDX-License-Identifier: Apache-2.0
// Of a child that ended by SIGKILL its parent alone knows by which signal, when, and what it used.
// It is believed of the last image of that pid that began before, if that one's parent it is and if
// that one left no final record. What the kernel tells of use is that of the pid since its fork,
// with that of the children it waited for.
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "storage/fold_priv.h"

#define SIGNAL_MAX 64

// rssmax, the last one, is no sum.
static const int usage_columns[EPMT_WAITED_USAGE_COUNT] = {
    EPMT_COL_usertime, EPMT_COL_systemtime, EPMT_COL_minflt,      EPMT_COL_majflt, EPMT_COL_inblock,
    EPMT_COL_outblock, EPMT_COL_vol_ctxsw,  EPMT_COL_invol_ctxsw, EPMT_COL_rssmax};

uint64_t epmt_fold_hash_pid(struct epmt_bytes hostname, struct epmt_bytes bootid, uint64_t pidns,
                            int64_t pid) {
    uint64_t hash = epmt_hash_u64(EPMT_HASH_START, hostname.len);

    hash = epmt_hash_bytes(hash, hostname.data, hostname.len);
    hash = epmt_hash_u64(hash, bootid.len);
    hash = epmt_hash_bytes(hash, bootid.data, bootid.len);
    hash = epmt_hash_u64(hash, pidns);
    return epmt_hash_finish(epmt_hash_u64(hash, (uint64_t)pid));
}

static struct epmt_bytes text_of(const struct epmt_record *record, int column) {
    return epmt_record_has(record, column) ? record->value[column].text
                                           : (struct epmt_bytes){"", 0};
}

static int64_t number_of(const struct epmt_record *record, int column) {
    return epmt_record_has(record, column) ? record->value[column].i : 0;
}

static bool is_possible(const struct epmt_record *record) {
    int64_t number = number_of(record, EPMT_COL_exitsignal);

    return number_of(record, EPMT_COL_pid) > 0 && number_of(record, EPMT_COL_ppid) > 0 &&
           number > 0 && number <= SIGNAL_MAX && epmt_record_has(record, EPMT_COL_imagestart);
}

static uint64_t pid_of(const struct epmt_record *record) {
    return epmt_fold_hash_pid(text_of(record, EPMT_COL_hostname), text_of(record, EPMT_COL_bootid),
                              (uint64_t)number_of(record, EPMT_COL_pidns),
                              number_of(record, EPMT_COL_pid));
}

int epmt_fold_waited_add(struct epmt_jobfold *fold, const struct epmt_record *record,
                         struct epmt_error *err) {
    struct epmt_fold_waits *waits = &fold->waits;
    struct epmt_bytes hostname = text_of(record, EPMT_COL_hostname),
                      bootid = text_of(record, EPMT_COL_bootid);

    if (!is_possible(record))
        return 0;
    if (waits->count == waits->cap) {
        uint32_t cap = waits->cap ? waits->cap * 2 : 64;
        void *rows =
            waits->cap < UINT32_MAX / 4 ? realloc(waits->rows, cap * sizeof *waits->rows) : NULL;
        if (!rows)
            return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the rows of a job");
        waits->rows = rows;
        waits->cap = cap;
    }
    struct epmt_waited *row = &waits->rows[waits->count];
    *row = (struct epmt_waited){
        .pid = pid_of(record),
        .at = record->value[EPMT_COL_imagestart].u,
        .hostname = epmt_texts_intern(&fold->texts, hostname.data, hostname.len),
        .bootid = epmt_texts_intern(&fold->texts, bootid.data, bootid.len),
        .pidns = (uint64_t)number_of(record, EPMT_COL_pidns),
        .child = number_of(record, EPMT_COL_pid),
        .parent = number_of(record, EPMT_COL_ppid),
        .number = number_of(record, EPMT_COL_exitsignal),
        .has_usage = true,
    };
    if (row->hostname == EPMT_FOLD_NOWHERE || row->bootid == EPMT_FOLD_NOWHERE)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the texts of a job");
    for (int i = 0; i < EPMT_WAITED_USAGE_COUNT; i++) {
        row->has_usage &= epmt_record_has(record, usage_columns[i]);
        row->usage[i] = (uint64_t)number_of(record, usage_columns[i]);
    }
    waits->count++;
    return 0;
}

static void set_text(struct epmt_record *record, int column, struct epmt_bytes text) {
    epmt_record_set_text(record, column, text.data, text.len);
}

void epmt_fold_waited(const struct epmt_jobfold *fold, uint32_t i, struct epmt_record *record) {
    const struct epmt_waited *row = &fold->waits.rows[i];

    epmt_record_clear(record);
    epmt_record_set_i(record, EPMT_COL_pid, row->child);
    epmt_record_set_i(record, EPMT_COL_ppid, row->parent);
    epmt_record_set_i(record, EPMT_COL_exitsignal, row->number);
    epmt_record_set_u(record, EPMT_COL_imagestart, row->at);
    epmt_record_set_u(record, EPMT_COL_pidns, row->pidns);
    set_text(record, EPMT_COL_hostname, fold->texts.items[row->hostname]);
    set_text(record, EPMT_COL_bootid, fold->texts.items[row->bootid]);
    for (int k = 0; row->has_usage && k < EPMT_WAITED_USAGE_COUNT; k++)
        epmt_record_set_u(record, usage_columns[k], row->usage[k]);
}

static int compare(const void *left, const void *right) {
    const struct epmt_waited *a = left, *b = right;

    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return memcmp(a->usage, b->usage, sizeof a->usage);
}

bool epmt_fold_waited_is_met(const struct epmt_jobfold *fold, const struct epmt_record *record) {
    const struct epmt_fold_waits *waits = &fold->waits;

    if (!is_possible(record))
        return true;
    uint64_t pid = pid_of(record), at = record->value[EPMT_COL_imagestart].u;
    uint32_t low = 0, high = waits->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct epmt_waited *row = &waits->rows[middle];
        if (row->pid < pid || (row->pid == pid && row->at < at))
            low = middle + 1;
        else
            high = middle;
    }
    return low < waits->count && waits->rows[low].pid == pid && waits->rows[low].at == at &&
           waits->rows[low].is_met;
}

static int compare_children(const void *left, const void *right) {
    const struct epmt_waits_child *a = left, *b = right;

    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    return (a->start > b->start) - (a->start < b->start);
}

static void note_child(struct epmt_waits_walk *walk, const struct epmt_jobfold *fold, uint32_t i) {
    struct epmt_record child;

    epmt_fold_decode(fold, EPMT_ROW_PROCESS, i, &child);
    if (!epmt_record_has(&child, EPMT_COL_ppid))
        return;
    epmt_record_set_i(&child, EPMT_COL_pid, child.value[EPMT_COL_ppid].i);
    walk->children[walk->child_count++] =
        (struct epmt_waits_child){pid_of(&child), (uint64_t)number_of(&child, EPMT_COL_imagestart)};
}

int epmt_waits_walk_begin(struct epmt_waits_walk *walk, struct epmt_jobfold *fold) {
    struct epmt_fold_waits *waits = &fold->waits;

    *walk = (struct epmt_waits_walk){0};
    if (!waits->count)
        return 0;
    walk->children = malloc((fold->processes.count + 1) * sizeof *walk->children);
    if (!walk->children)
        return -1;
    for (uint32_t i = 0; i < fold->processes.count; i++)
        note_child(walk, fold, i);
    qsort(walk->children, walk->child_count, sizeof *walk->children, compare_children);
    qsort(waits->rows, waits->count, sizeof *waits->rows, compare);
    for (uint32_t i = 0; i < waits->count; i++)
        waits->rows[i].is_met = false;
    return 0;
}

void epmt_waits_walk_end(struct epmt_waits_walk *walk) {
    free(walk->children);
    walk->children = NULL;
}

// What a process used cannot be told from what its children used. Children of an earlier process of
// that pid count too: better nothing than something wrong.
static bool had_children(const struct epmt_waits_walk *walk, const struct epmt_waited *row) {
    uint32_t low = 0, high = walk->child_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (walk->children[middle].parent < row->pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < walk->child_count && walk->children[low].parent == row->pid &&
           walk->children[low].start <= row->at;
}

static bool is_open(const struct epmt_layered *process) {
    if (!epmt_layered_has(process, EPMT_COL_state) ||
        process->value[EPMT_COL_state] == EPMT_STATE_running)
        return true;
    return process->value[EPMT_COL_state] == EPMT_STATE_killed &&
           !epmt_layered_has(process, EPMT_COL_exitsignal);
}

static void set_end(struct epmt_layered *process, const struct epmt_waited *row,
                    uint64_t revision) {
    int64_t end, start = (int64_t)process->value[EPMT_COL_start];

    if (epmt_layered_has(process, EPMT_COL_start) &&
        !__builtin_add_overflow(
            start, (int64_t)((row->at - process->value[EPMT_COL_imagestart]) / 1000), &end))
        epmt_layered_set(process, EPMT_COL_end, (uint64_t)end, revision);
}

static void set_usage(struct epmt_layered *process, const struct epmt_waited *row,
                      const struct epmt_carried *before, uint64_t revision) {
    bool known = !before || before->known;

    for (int i = 0; i < EPMT_WAITED_USAGE_COUNT; i++) {
        int column = usage_columns[i];
        uint64_t used = row->usage[i], earlier = before && known ? before->whole[column] : 0;
        if (column != EPMT_COL_rssmax)
            used -= used < earlier ? used : earlier;
        epmt_layered_set(process, column, used, revision);
    }
    epmt_layered_set(process, EPMT_COL_carried, !known, revision);
}

static int apply(const struct epmt_waits_walk *walk, struct epmt_jobfold *fold, uint32_t number,
                 const struct epmt_waited *row, const struct epmt_carried *before) {
    struct epmt_fold_row *process = &fold->processes.rows[number];
    struct epmt_layered values;

    epmt_layered_decode(&values, process->data);
    if (!is_open(&values) || !epmt_layered_has(&values, EPMT_COL_ppid) ||
        (int64_t)values.value[EPMT_COL_ppid] != row->parent ||
        !epmt_layered_has(&values, EPMT_COL_imagestart))
        return 0;
    uint64_t revision =
        epmt_layered_has(&values, EPMT_COL_state) ? values.revision[EPMT_COL_state] : 0;
    epmt_layered_set(&values, EPMT_COL_state, EPMT_STATE_killed, revision);
    epmt_layered_set(&values, EPMT_COL_exitsignal, (uint64_t)row->number, revision);
    epmt_layered_unset(&values, EPMT_COL_exitcode);
    set_end(&values, row, revision);
    if (row->has_usage && !had_children(walk, row))
        set_usage(&values, row, before, revision);
    return epmt_layered_encode(&values, &process->data);
}

int epmt_waits_walk_image(struct epmt_waits_walk *walk, struct epmt_jobfold *fold, uint32_t number,
                          uint64_t pid, uint64_t start, uint64_t next_start,
                          const struct epmt_carried *before) {
    struct epmt_fold_waits *waits = &fold->waits;
    int status = 0;

    while (walk->at < waits->count &&
           (waits->rows[walk->at].pid < pid ||
            (waits->rows[walk->at].pid == pid && waits->rows[walk->at].at < start)))
        walk->at++;
    for (; !status && walk->at < waits->count && waits->rows[walk->at].pid == pid &&
           (waits->rows[walk->at].at < next_start || next_start == UINT64_MAX);
         walk->at++) {
        waits->rows[walk->at].is_met = true;
        status = apply(walk, fold, number, &waits->rows[walk->at], before);
    }
    return status;
}
