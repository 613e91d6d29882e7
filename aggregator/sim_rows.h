// SPDX-License-Identifier: Apache-2.0
// The rows of simulated ranks: made at the rank, checked at the root.
#ifndef EPMT_AGGREGATOR_SIM_ROWS_H
#define EPMT_AGGREGATOR_SIM_ROWS_H

#include "aggregator/sim.h"

struct epmt_sim_rows {
    const struct epmt_sim_options *options;
    uint8_t *seen; // one bit per row
    uint64_t count, doubled, wrong, statistics;
    struct epmt_row row; // one at a time
};

// Returns 0 or -1 (out of memory).
int epmt_sim_rows_init(struct epmt_sim_rows *rows, const struct epmt_sim_options *options);
void epmt_sim_rows_fini(struct epmt_sim_rows *rows);

// Rows of a rank.
int epmt_sim_rows_of_rank(const struct epmt_sim_options *options);

// The host of a rank, as placed.
int epmt_sim_host(const struct epmt_sim_options *options, int rank);

// Writes the sealed fragment of a rank to data[cap]. Returns its length.
size_t epmt_sim_rows_make(struct epmt_sim_rows *rows, int rank, void *data, size_t cap);
size_t epmt_sim_rows_max(const struct epmt_sim_options *options);

// Ticks the rows of a fragment off.
void epmt_sim_rows_check(struct epmt_sim_rows *rows, const void *fragment, size_t len);

#endif
