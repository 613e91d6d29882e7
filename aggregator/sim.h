// SPDX-License-Identifier: Apache-2.0
// The simulator: agreement and tree, the very code, for up to a million ranks and more in one
// process, over a transport in memory whose time is modelled (LogGP). For bench/ and tests: no
// guest code.
//
// A rank runs when somebody waits for it: the test of a receive runs the subtree it comes from. So
// a rank's memory is in use only while its rows pass through it. Each rank has a clock; a message
// arrives latency, overhead and bytes later than it was sent, and a receiver goes on no earlier.
// A parent waits for its children in their order, which is never faster than as they come.
#ifndef EPMT_AGGREGATOR_SIM_H
#define EPMT_AGGREGATOR_SIM_H

#include "aggregator/placement.h"

// LogGP, in ns and ns per byte.
struct epmt_sim_link {
    double latency, overhead, gap, per_byte;
};

struct epmt_sim_options {
    int ranks;
    int threads;                        // of a rank: so many thread rows beside its process row
    int functions;                      // MPI functions with a row each
    uint64_t strings;                   // distinct arguments in the job; 0: each rank has its own
    int node;                           // ranks of a host
    enum epmt_placement_kind placement; // how the launcher places them (LISTED: irregularly)
    size_t chunk;
    size_t limit;                        // most memory a rank may need
    struct epmt_sim_link inside, across; // a host; hosts
    double row_ns;                       // CPU time of merging a row
    double sink_per_byte;                // root to epmt-jobwriter, ns
};

struct epmt_sim_result {
    enum epmt_placement_kind placement; // as agreed on
    uint64_t rows;                      // that arrived
    uint64_t lost, doubled, wrong;      // rows: all must be 0
    uint64_t statistics;                // rows of statistics, right ones
    uint64_t passed;                    // rows through all ranks, own ones included
    uint64_t messages, bytes;           // of the tree, up and down
    uint64_t agreement_messages, agreement_bytes;
    uint64_t root_messages; // that the root received
    uint64_t sink_bytes;
    int depth;         // messages from the farthest rank to the root
    int rounds;        // children of the root
    size_t rank_peak;  // most memory of any rank: tree, chunks, list, own rows
    int peak_rank;     // which one
    size_t root_peak;  // of rank 0
    double modelled_s; // from the arrival of the last rank until all know the outcome
    double merge_s;    // CPU time that the merging took here
};

void epmt_sim_defaults(struct epmt_sim_options *options);

// Runs it. Returns 0, or -1 where memory runs out, the tree stands still, or a rank would need
// more than the limit.
int epmt_sim_run(const struct epmt_sim_options *options, struct epmt_sim_result *result);

#endif
