// SPDX-License-Identifier: Apache-2.0
// What a finished fold says as a whole: its steps, its hosts, its digest.
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "storage/fold_priv.h"

static uint64_t hash_value(uint64_t hash, const struct epmt_column *column,
                           const union epmt_value *value) {
    enum epmt_type type = column->type;

    // By name: a column that a later version puts in between changes no digest.
    hash = epmt_hash_bytes(hash, column->name, strlen(column->name) + 1);
    if (type != EPMT_TYPE_TEXT && type != EPMT_TYPE_LIST)
        return epmt_hash_u64(hash, value->u);
    hash = epmt_hash_u64(hash, value->text.len);
    return epmt_hash_bytes(hash, value->text.data, value->text.len);
}

uint64_t epmt_row_hash(enum epmt_row_kind kind, const struct epmt_record *record) {
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);
    uint64_t hash = epmt_hash_u64(EPMT_HASH_START, kind);

    for (int i = 0; i < dictionary->count; i++) {
        if (epmt_record_has(record, i))
            hash = hash_value(hash, &dictionary->columns[i], &record->value[i]);
    }
    return epmt_hash_finish(hash);
}

uint64_t epmt_attribute_hash(struct epmt_bytes scope, struct epmt_bytes key,
                             struct epmt_bytes value) {
    const struct epmt_bytes part[3] = {scope, key, value};
    uint64_t hash = epmt_hash_u64(EPMT_HASH_START, EPMT_ROW_ATTRIBUTE);

    for (int k = 0; k < 3; k++)
        hash = epmt_hash_bytes(epmt_hash_u64(hash, part[k].len), part[k].data, part[k].len);
    return epmt_hash_finish(hash);
}

uint64_t epmt_fold_digest(const struct epmt_jobfold *fold) {
    struct epmt_record record;
    uint64_t digest = 0;

    for (uint32_t i = 0; i < fold->processes.count; i++) {
        epmt_fold_decode(fold, EPMT_ROW_PROCESS, i, &record);
        digest += epmt_row_hash(EPMT_ROW_PROCESS, &record);
    }
    for (uint32_t i = 0; i < fold->threads.count; i++) {
        epmt_fold_decode(fold, EPMT_ROW_THREAD, i, &record);
        digest += epmt_row_hash(EPMT_ROW_THREAD, &record);
    }
    for (int kind = EPMT_ROW_MPI_FUNCTION; kind < EPMT_ROW_MPI_FUNCTION + EPMT_TABLE_COUNT;
         kind++) {
        for (uint32_t i = 0; i < epmt_fold_mpi_count(fold, kind); i++) {
            epmt_fold_mpi_decode(fold, kind, i, &record);
            digest += epmt_row_hash(kind, &record);
        }
    }
    for (uint32_t i = 0; i < fold->attribute_count; i++) {
        struct epmt_bytes part[3];
        epmt_fold_attribute_at(fold, i, &part[0], &part[1], &part[2]);
        digest += epmt_attribute_hash(part[0], part[1], part[2]);
    }
    return digest;
}

static int compare_steps(const void *left, const void *right) {
    const struct epmt_fold_step *a = left, *b = right;

    return epmt_bytes_compare(a->key, b->key);
}

// Steps being collected. Rows and attributes come step by step, so the one met last is tried first.
struct steps {
    struct epmt_fold_step *at;
    uint64_t count, cap, last;
    bool failed;
};

static struct epmt_fold_step *add_step(struct steps *steps, struct epmt_bytes key) {
    if (steps->count == steps->cap) {
        uint64_t cap = steps->cap ? steps->cap * 2 : 16;
        struct epmt_fold_step *more = realloc(steps->at, cap * sizeof *more);
        if (!more) {
            steps->failed = true;
            return NULL;
        }
        steps->at = more;
        steps->cap = cap;
    }
    struct epmt_fold_step *step = &steps->at[steps->count];
    *step = (struct epmt_fold_step){.key = key, .start = INT64_MIN, .end = INT64_MIN};
    steps->last = steps->count++;
    return step;
}

static struct epmt_fold_step *step_of(struct steps *steps, struct epmt_bytes key) {
    for (uint64_t i = 0; i < steps->count; i++) {
        uint64_t at = (steps->last + i) % steps->count;
        if (!epmt_bytes_compare(steps->at[at].key, key)) {
            steps->last = at;
            return &steps->at[at];
        }
    }
    return add_step(steps, key);
}

// Whether a row says how its process ended.
static bool has_ended(const struct epmt_record *record) {
    if (!epmt_record_has(record, EPMT_COL_state))
        return false;
    int64_t state = record->value[EPMT_COL_state].i;
    return state != EPMT_STATE_running && state != EPMT_STATE_killed;
}

static void add_times(struct epmt_fold_step *step, const struct epmt_record *record) {
    if (epmt_record_has(record, EPMT_COL_start)) {
        int64_t start = record->value[EPMT_COL_start].i;
        if (step->start == INT64_MIN || start < step->start)
            step->start = start;
    }
    if (epmt_record_has(record, EPMT_COL_end) && record->value[EPMT_COL_end].i > step->end)
        step->end = record->value[EPMT_COL_end].i;
}

static void add_process(struct steps *steps, const struct epmt_record *record, int64_t *rank) {
    struct epmt_bytes key = {"", 0};

    if (epmt_record_has(record, EPMT_COL_step))
        key = record->value[EPMT_COL_step].text;
    struct epmt_fold_step *step = step_of(steps, key);
    if (!step)
        return;
    if (epmt_record_has(record, EPMT_COL_numranks) &&
        record->value[EPMT_COL_numranks].i > step->ranks_expected)
        step->ranks_expected = record->value[EPMT_COL_numranks].i;
    // Rows come sorted by rank; a rank that has several images is still one. The mark of the
    // rank counted last is kept in `complete` until the end.
    if (has_ended(record) && (!step->complete || *rank != record->value[EPMT_COL_mpirank].i)) {
        step->ranks_reported++;
        step->complete = true;
        *rank = record->value[EPMT_COL_mpirank].i;
    }
    add_times(step, record);
}

static void add_claims(const struct epmt_jobfold *fold, struct steps *steps) {
    static const struct epmt_bytes prefix = {"step ", 5}, expected = {"ranks_expected", 14},
                                   start = {"start", 5}, end = {"end", 3};

    for (uint32_t i = 0; i < fold->attribute_count; i++) {
        struct epmt_bytes scope, key, value;
        struct epmt_fold_step *step;
        int64_t claim;
        epmt_fold_attribute_at(fold, i, &scope, &key, &value);
        if (scope.len < prefix.len || memcmp(scope.data, prefix.data, prefix.len))
            continue;
        step = step_of(steps, (struct epmt_bytes){scope.data + prefix.len, scope.len - prefix.len});
        if (!step)
            return;
        if (!epmt_bytes_to_number(value, &claim))
            continue;
        if (!epmt_bytes_compare(key, expected) && claim > step->ranks_expected)
            step->ranks_expected = claim;
        else if (!epmt_bytes_compare(key, start))
            step->start = claim;
        else if (!epmt_bytes_compare(key, end))
            step->end = claim;
    }
}

struct epmt_fold_step *epmt_fold_steps(const struct epmt_jobfold *fold, uint64_t *count) {
    struct steps steps = {0};
    struct epmt_record record;
    int64_t rank = 0;

    add_claims(fold, &steps);
    for (uint64_t i = 0; i < fold->processes.count && !steps.failed; i++) {
        epmt_fold_process(fold, i, &record);
        if (!epmt_record_has(&record, EPMT_COL_mpirank))
            break; // MPI processes stand first
        add_process(&steps, &record, &rank);
    }
    *count = steps.failed ? UINT64_MAX : steps.count;
    if (steps.failed || !steps.count) {
        free(steps.at);
        return NULL;
    }
    for (uint64_t i = 0; i < steps.count; i++) {
        struct epmt_fold_step *step = &steps.at[i];
        step->complete = step->ranks_expected && step->ranks_reported >= step->ranks_expected;
    }
    qsort(steps.at, steps.count, sizeof *steps.at, compare_steps);
    return steps.at;
}

static int compare_pairs(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

static int compare_hosts(const void *left, const void *right) {
    const struct epmt_fold_host *a = left, *b = right;
    int order = epmt_bytes_compare(a->hostname, b->hostname);

    return order ? order : epmt_bytes_compare(a->bootid, b->bootid);
}

static uint32_t text_number(const struct epmt_layered *row, int column) {
    return epmt_layered_has(row, column) ? (uint32_t)row->value[column] : EPMT_FOLD_NOWHERE;
}

static struct epmt_bytes text_or_missing(const struct epmt_jobfold *fold, uint32_t number) {
    return number == EPMT_FOLD_NOWHERE ? (struct epmt_bytes){NULL, 0} : fold->texts.items[number];
}

// The (hostname, bootid) of every process, as numbers of texts, sorted.
static uint64_t *host_pairs(const struct epmt_jobfold *fold) {
    uint64_t *pairs = malloc((fold->processes.count + 1) * sizeof *pairs);
    struct epmt_layered row;

    if (!pairs)
        return NULL;
    for (uint32_t i = 0; i < fold->processes.count; i++) {
        epmt_layered_decode(&row, fold->processes.rows[i].data);
        pairs[i] = (uint64_t)text_number(&row, EPMT_COL_hostname) << 32 |
                   text_number(&row, EPMT_COL_bootid);
    }
    qsort(pairs, fold->processes.count, sizeof *pairs, compare_pairs);
    return pairs;
}

struct epmt_fold_host *epmt_fold_hosts(const struct epmt_jobfold *fold, uint64_t *count) {
    uint64_t *pairs = host_pairs(fold);
    struct epmt_fold_host *hosts = NULL;
    uint64_t different = 0;

    *count = UINT64_MAX;
    if (!pairs)
        return NULL;
    for (uint32_t i = 0; i < fold->processes.count; i++)
        different += !i || pairs[i] != pairs[i - 1];
    if (different)
        hosts = calloc(different, sizeof *hosts);
    if (hosts || !different)
        *count = 0;
    for (uint32_t i = 0; hosts && i < fold->processes.count; i++) {
        if (!i || pairs[i] != pairs[i - 1]) {
            hosts[*count].hostname = text_or_missing(fold, (uint32_t)(pairs[i] >> 32));
            hosts[(*count)++].bootid = text_or_missing(fold, (uint32_t)pairs[i]);
        }
        hosts[*count - 1].processes++;
    }
    if (hosts)
        qsort(hosts, *count, sizeof *hosts, compare_hosts);
    free(pairs);
    return hosts;
}
