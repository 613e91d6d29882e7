// SPDX-License-Identifier: Apache-2.0
#include "aggregator/stats.h"

#include <string.h>

#include "common/hash.h"
#include "metadata/mpi_tables.h"

#include "common/poison.h"

// The sum over the functions, and the measure of the row that tells which ranks a child speaks of.
#define ALL "all"
#define RANK_MEASURE "rank"

const char *epmt_measure_name(int measure) {
    static const char names[][12] = {
#define NAME(name) #name,
        EPMT_MEASURES(NAME)
#undef NAME
    };

    return names[measure];
}

struct epmt_spread epmt_spread_of(uint64_t value, uint64_t ranks, int32_t rank) {
    return (struct epmt_spread){
        .ranks = ranks,
        .mean = (double)value,
        .min = value,
        .max = value,
        .min_rank = rank,
        .max_rank = rank,
    };
}

void epmt_spread_combine(struct epmt_spread *onto, const struct epmt_spread *from) {
    if (!from->ranks)
        return;
    if (!onto->ranks) {
        *onto = *from;
        return;
    }
    double a = (double)onto->ranks, b = (double)from->ranks, all = a + b;
    double distance = from->mean - onto->mean;
    onto->m2 += from->m2 + distance * distance * (a * b / all);
    // A step from the mean of the larger part: short, and none where both are the same.
    onto->mean = a < b ? from->mean - distance * (a / all) : onto->mean + distance * (b / all);
    if (from->min < onto->min || (from->min == onto->min && from->min_rank < onto->min_rank)) {
        onto->min = from->min;
        onto->min_rank = from->min_rank;
    }
    if (from->max > onto->max || (from->max == onto->max && from->max_rank < onto->max_rank)) {
        onto->max = from->max;
        onto->max_rank = from->max_rank;
    }
    onto->ranks += from->ranks;
}

// Half-empty at most, so that a search ends soon.
static uint32_t slots_for(uint32_t functions) {
    uint32_t slots = 4;

    while (slots < functions * 2)
        slots *= 2;
    return slots;
}

size_t epmt_stats_memory(uint32_t functions) {
    return sizeof(struct epmt_stats) + functions * sizeof(struct epmt_stats_entry) +
           slots_for(functions) * sizeof(uint16_t);
}

struct epmt_stats *epmt_stats_init(void *memory, uint32_t functions) {
    struct epmt_stats *stats = memory;

    memset(stats, 0, sizeof *stats);
    stats->entries = (struct epmt_stats_entry *)(stats + 1);
    stats->slots = (uint16_t *)(stats->entries + functions);
    stats->cap = functions;
    stats->slot_count = slots_for(functions);
    memset(stats->slots, 0, stats->slot_count * sizeof *stats->slots);
    return stats;
}

void epmt_stats_set_rank(struct epmt_stats *stats, uint64_t image, int32_t rank) {
    stats->image = image;
    stats->rank = rank;
}

static struct epmt_stats_entry *add_entry(struct epmt_stats *stats, struct epmt_bytes name) {
    if (stats->count == stats->cap || name.len > EPMT_STATS_NAME_MAX)
        return NULL;
    struct epmt_stats_entry *entry = &stats->entries[stats->count++];
    memset(entry, 0, sizeof *entry);
    memcpy(entry->name, name.data, name.len);
    entry->name_len = (uint8_t)name.len;
    // The ranks so far did not call it.
    for (int m = 0; m < EPMT_MEASURE_COUNT; m++)
        entry->measure[m] = epmt_spread_of(0, stats->ranks, stats->lowest);
    return entry;
}

// Finds the entry of a function or adds it. Returns NULL where there is no room.
static struct epmt_stats_entry *entry_of(struct epmt_stats *stats, struct epmt_bytes name) {
    uint64_t hash = epmt_hash_finish(epmt_hash_bytes(EPMT_HASH_START, name.data, name.len));
    uint32_t mask = stats->slot_count - 1;

    for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
        struct epmt_stats_entry *entry;
        if (!stats->slots[i]) {
            entry = add_entry(stats, name);
            if (entry)
                stats->slots[i] = (uint16_t)stats->count;
            else
                stats->broken = true;
            return entry;
        }
        entry = &stats->entries[stats->slots[i] - 1];
        if (entry->name_len == name.len && !memcmp(entry->name, name.data, name.len))
            return entry;
    }
}

static struct epmt_bytes bytes_of(const char *text) {
    return (struct epmt_bytes){text, strlen(text)};
}

static bool is_text(struct epmt_bytes bytes, const char *text) {
    return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

// The ranks of a source; those of several rows are one.
static void add_ranks(struct epmt_stats *stats, int source, uint64_t ranks, int32_t lowest) {
    stats->source[source].ranks = ranks;
    stats->source[source].lowest = lowest;
}

static void add_to(struct epmt_stats *stats, struct epmt_bytes name,
                   const uint64_t values[EPMT_MEASURE_COUNT]) {
    struct epmt_stats_entry *entry = entry_of(stats, name);

    if (!entry)
        return;
    entry->staged = true;
    for (int m = 0; m < EPMT_MEASURE_COUNT; m++) {
        if (__builtin_add_overflow(entry->own[m], values[m], &entry->own[m]))
            entry->own[m] = UINT64_MAX;
    }
}

void epmt_stats_add(struct epmt_stats *stats, struct epmt_bytes function,
                    const uint64_t values[EPMT_MEASURE_COUNT]) {
    add_to(stats, function, values);
    add_to(stats, bytes_of(ALL), values);
    add_ranks(stats, 0, 1, stats->rank);
}

static void take_function(struct epmt_stats *stats, const struct epmt_record *record) {
    static const int columns[EPMT_MEASURE_COUNT] = {
#define COLUMN(name) EPMT_MPI_FUNCTION_COL_##name,
        EPMT_MEASURES(COLUMN)
#undef COLUMN
    };
    uint64_t values[EPMT_MEASURE_COUNT];

    if (!epmt_record_has(record, EPMT_MPI_FUNCTION_COL_image) ||
        !epmt_record_has(record, EPMT_MPI_FUNCTION_COL_function) ||
        record->value[EPMT_MPI_FUNCTION_COL_image].u != stats->image)
        return;
    for (int m = 0; m < EPMT_MEASURE_COUNT; m++)
        values[m] = epmt_record_has(record, columns[m]) ? record->value[columns[m]].u : 0;
    epmt_stats_add(stats, record->value[EPMT_MPI_FUNCTION_COL_function].text, values);
}

static void take_process(struct epmt_stats *stats, const struct epmt_record *record) {
    if (!epmt_record_has(record, EPMT_COL_image) || !epmt_record_has(record, EPMT_COL_step) ||
        record->value[EPMT_COL_image].u != stats->image)
        return;
    struct epmt_bytes step = record->value[EPMT_COL_step].text;
    if (step.len > sizeof stats->step) {
        stats->broken = true;
        return;
    }
    memcpy(stats->step, step.data, step.len);
    stats->step_len = (uint32_t)step.len;
}

static void add_part(struct epmt_stats_entry *entry, int measure, int source,
                     const struct epmt_spread *spread) {
    epmt_spread_combine(&entry->measure[measure], spread);
    entry->sources[measure] |= UINT64_C(1) << source;
}

static int measure_of(struct epmt_bytes name) {
    for (int m = 0; m < EPMT_MEASURE_COUNT; m++) {
        if (is_text(name, epmt_measure_name(m)))
            return m;
    }
    return -1;
}

static bool is_whole(const struct epmt_record *record) {
    for (int i = 0; i < EPMT_MPI_IMBALANCE_COL_COUNT; i++) {
        if (i != EPMT_MPI_IMBALANCE_COL_stddev && !epmt_record_has(record, i))
            return false;
    }
    return true;
}

bool epmt_stats_is_internal(const struct epmt_record *record) {
    return epmt_record_has(record, EPMT_MPI_IMBALANCE_COL_measure) &&
           is_text(record->value[EPMT_MPI_IMBALANCE_COL_measure].text, RANK_MEASURE);
}

static void take_imbalance(struct epmt_stats *stats, int source, const struct epmt_record *record) {
    const union epmt_value *value = record->value;

    if (!is_whole(record)) {
        stats->broken = true;
        return;
    }
    struct epmt_spread spread = {
        .ranks = value[EPMT_MPI_IMBALANCE_COL_ranks].u,
        .mean = value[EPMT_MPI_IMBALANCE_COL_mean].r,
        .m2 = value[EPMT_MPI_IMBALANCE_COL_m2].r,
        .min = value[EPMT_MPI_IMBALANCE_COL_min].u,
        .max = value[EPMT_MPI_IMBALANCE_COL_max].u,
        .min_rank = (int32_t)value[EPMT_MPI_IMBALANCE_COL_min_rank].i,
        .max_rank = (int32_t)value[EPMT_MPI_IMBALANCE_COL_max_rank].i,
    };
    if (epmt_stats_is_internal(record)) {
        add_ranks(stats, source, spread.ranks, spread.min_rank);
        return;
    }
    int measure = measure_of(value[EPMT_MPI_IMBALANCE_COL_measure].text);
    struct epmt_stats_entry *entry =
        measure < 0 ? NULL : entry_of(stats, value[EPMT_MPI_IMBALANCE_COL_function].text);
    // What a child says of other ranks than it has spoken for would spoil the rest.
    if (!entry || spread.ranks != stats->source[source].ranks) {
        stats->broken = true;
        return;
    }
    add_part(entry, measure, source, &spread);
}

bool epmt_stats_take(struct epmt_stats *stats, int source, const struct epmt_row *row) {
    if (source == 0 && row->kind == EPMT_ROW_MPI_FUNCTION)
        take_function(stats, &row->record);
    else if (source == 0 && row->kind == EPMT_ROW_PROCESS)
        take_process(stats, &row->record);
    if (source == 0 || row->kind != EPMT_ROW_MPI_IMBALANCE)
        return false;
    take_imbalance(stats, source, &row->record);
    return true;
}

// The rank's own values are one more part.
static void close_own(struct epmt_stats *stats, struct epmt_stats_entry *entry) {
    if (!entry->staged)
        return;
    for (int m = 0; m < EPMT_MEASURE_COUNT; m++) {
        struct epmt_spread spread = epmt_spread_of(entry->own[m], 1, stats->rank);
        add_part(entry, m, 0, &spread);
    }
    entry->staged = false;
    memset(entry->own, 0, sizeof entry->own);
}

// The ranks of a part that did not speak of the measure count as 0.
static void close_measure(const struct epmt_stats *stats, struct epmt_stats_entry *entry, int m) {
    for (int source = 0; source < EPMT_STATS_SOURCES; source++) {
        struct epmt_spread none =
            epmt_spread_of(0, stats->source[source].ranks, stats->source[source].lowest);
        if (!(entry->sources[m] >> source & 1))
            epmt_spread_combine(&entry->measure[m], &none);
    }
    entry->sources[m] = 0;
}

void epmt_stats_close(struct epmt_stats *stats) {
    for (uint32_t i = 0; i < stats->count; i++) {
        close_own(stats, &stats->entries[i]);
        for (int m = 0; m < EPMT_MEASURE_COUNT; m++)
            close_measure(stats, &stats->entries[i], m);
    }
    for (int source = 0; source < EPMT_STATS_SOURCES; source++) {
        if (!stats->source[source].ranks)
            continue;
        if (!stats->ranks || stats->source[source].lowest < stats->lowest)
            stats->lowest = stats->source[source].lowest;
        stats->ranks += stats->source[source].ranks;
        stats->source[source].ranks = 0;
    }
}

static void fill_row(const struct epmt_stats *stats, struct epmt_row *row, struct epmt_bytes name,
                     const char *measure, const struct epmt_spread *spread) {
    struct epmt_record *record = &row->record;

    row->kind = EPMT_ROW_MPI_IMBALANCE;
    epmt_record_clear(record);
    epmt_record_set_text(record, EPMT_MPI_IMBALANCE_COL_step, stats->step, stats->step_len);
    epmt_record_set_text(record, EPMT_MPI_IMBALANCE_COL_function, name.data, name.len);
    epmt_record_set_text(record, EPMT_MPI_IMBALANCE_COL_measure, measure, strlen(measure));
    epmt_record_set_u(record, EPMT_MPI_IMBALANCE_COL_ranks, spread->ranks);
    epmt_record_set_u(record, EPMT_MPI_IMBALANCE_COL_min, spread->min);
    epmt_record_set_u(record, EPMT_MPI_IMBALANCE_COL_max, spread->max);
    epmt_record_set_r(record, EPMT_MPI_IMBALANCE_COL_mean, spread->mean);
    epmt_record_set_r(record, EPMT_MPI_IMBALANCE_COL_m2, spread->m2);
    epmt_record_set_i(record, EPMT_MPI_IMBALANCE_COL_min_rank, spread->min_rank);
    epmt_record_set_i(record, EPMT_MPI_IMBALANCE_COL_max_rank, spread->max_rank);
}

bool epmt_stats_next(struct epmt_stats *stats, struct epmt_row *row) {
    if (stats->broken || !stats->ranks)
        return false;
    if (stats->at == 0) {
        struct epmt_spread spoken_for = epmt_spread_of(0, stats->ranks, stats->lowest);
        stats->at++;
        fill_row(stats, row, bytes_of(ALL), RANK_MEASURE, &spoken_for);
        return true;
    }
    while (stats->at <= stats->count * EPMT_MEASURE_COUNT) {
        uint32_t number = stats->at++ - 1;
        const struct epmt_stats_entry *entry = &stats->entries[number / EPMT_MEASURE_COUNT];
        int m = (int)(number % EPMT_MEASURE_COUNT);
        if (!entry->measure[m].max)
            continue;
        fill_row(stats, row, (struct epmt_bytes){entry->name, entry->name_len},
                 epmt_measure_name(m), &entry->measure[m]);
        return true;
    }
    return false;
}
