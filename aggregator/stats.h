// SPDX-License-Identifier: Apache-2.0
// Statistics over the ranks of a step: for each MPI function and measure how many ranks, mean,
// spread, and who has the least and the most. Combined pairwise (Chan, Golub, LeVeque 1979), so
// that the order of the ranks matters by rounding alone. The reduction combines them on the way
// up; the fold makes the same from rows where ranks did not come that way. Bounded memory.
#ifndef EPMT_AGGREGATOR_STATS_H
#define EPMT_AGGREGATOR_STATS_H

#include "aggregator/fragment.h"

// One value of each of some ranks.
struct epmt_spread {
    uint64_t ranks;
    double mean, m2; // m2: sum of squared distances from the mean
    uint64_t min, max;
    int32_t min_rank, max_rank; // the lowest of several
};

// `ranks` ranks with the same value; the lowest of them is `rank`.
struct epmt_spread epmt_spread_of(uint64_t value, uint64_t ranks, int32_t rank);
void epmt_spread_combine(struct epmt_spread *onto, const struct epmt_spread *from);

// X(name): measures of a function, as the columns of mpi_functions are called.
#define EPMT_MEASURES(X) X(calls) X(time) X(bytes_out) X(bytes_in)
#define EPMT_MEASURE_COUNT 4
const char *epmt_measure_name(int measure);

// Parts that are combined: rank itself (0) and its children in the tree.
#define EPMT_STATS_SOURCES 64
#define EPMT_STATS_NAME_MAX 48
#define EPMT_STATS_STEP_MAX 192

struct epmt_stats_entry {
    char name[EPMT_STATS_NAME_MAX];
    uint8_t name_len;
    bool staged;                          // `own` has values of the rank
    uint64_t own[EPMT_MEASURE_COUNT];     // of the rank itself, summed over its rows
    uint64_t sources[EPMT_MEASURE_COUNT]; // bit i: source i is in `measure`
    struct epmt_spread measure[EPMT_MEASURE_COUNT];
};

struct epmt_stats {
    struct epmt_stats_entry *entries;
    uint16_t *slots; // entry + 1 by hash of the name, 0 empty
    uint32_t cap, count, slot_count;
    uint64_t image; // whose rows are the rank's own
    int32_t rank;
    bool broken;    // something did not fit: there are no statistics
    uint64_t ranks; // that are in all entries
    int32_t lowest; // of them
    struct {
        uint64_t ranks;
        int32_t lowest;
    } source[EPMT_STATS_SOURCES]; // since the last epmt_stats_close
    uint32_t at;                  // row that epmt_stats_next gives next
    uint32_t step_len;
    char step[EPMT_STATS_STEP_MAX];
};

// Bytes of statistics of up to that many functions (at most 60000).
size_t epmt_stats_memory(uint32_t functions);

// Starts them in memory[epmt_stats_memory(functions)], 8-byte aligned. Returns them.
struct epmt_stats *epmt_stats_init(void *memory, uint32_t functions);

// Whose rows come next from source 0.
void epmt_stats_set_rank(struct epmt_stats *stats, uint64_t image, int32_t rank);

// Looks at a row of a source. Returns whether it was statistics of a child: they are taken in, and
// the row need not go on.
bool epmt_stats_take(struct epmt_stats *stats, int source, const struct epmt_row *row);

// Adds a function's values to those of the rank (source 0).
void epmt_stats_add(struct epmt_stats *stats, struct epmt_bytes function,
                    const uint64_t values[EPMT_MEASURE_COUNT]);

// The rows of all sources have come: a rank that did not call a function counts as 0. Afterwards
// the sources may give rows of further ranks.
void epmt_stats_close(struct epmt_stats *stats);

// Makes the next row of the result, once closed; its texts live as long as the statistics. Returns
// false at the end. A measure that is 0 on every rank has no row. The first row is for the next
// rank up the tree alone: of which ranks the others are.
bool epmt_stats_next(struct epmt_stats *stats, struct epmt_row *row);

// Whether that row is the one for the tree alone.
bool epmt_stats_is_internal(const struct epmt_record *imbalance);

#endif
