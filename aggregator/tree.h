// SPDX-License-Identifier: Apache-2.0
// The reduction: fragments of all ranks merged up a binomial tree to rank 0, in bounded chunks, and
// the outcome told down it. A state machine that never blocks: the caller steps it until it is
// done or the time is over. Memory of a rank: (children + 2) chunks; which children it has says
// aggregator/placement.h.
#ifndef EPMT_AGGREGATOR_TREE_H
#define EPMT_AGGREGATOR_TREE_H

#include "aggregator/relay.h"
#include "aggregator/stats.h"
#include "aggregator/transport.h"

#define EPMT_TREE_CHILDREN_MAX 62 // 31 on its own host and 31 other hosts

// A rank's place in the tree.
struct epmt_tree_shape {
    int parent; // -1 at the root
    int children[EPMT_TREE_CHILDREN_MAX];
    int child_count;
};

enum epmt_tree_outcome {
    EPMT_TREE_PENDING,
    EPMT_TREE_WRITTEN, // all rows are in the job file: journals may go
    EPMT_TREE_PARTIAL, // the job file was written without some rows: journals stay
    EPMT_TREE_FAILED,  // no job file: journals stay
};

// Where the root's chunks go. Both return 0, or -1 on failure (rows are drained all the same then).
struct epmt_tree_sink {
    int (*put)(void *context, const void *fragment, size_t len);
    int (*finish)(void *context); // after the last one: 0 once everything is durable
    void *context;
};

// A message down the tree.
struct epmt_tree_control {
    uint32_t last;    // 0: go on sending, 1: `outcome` is the end
    uint32_t outcome; // enum epmt_tree_outcome
};

struct epmt_tree_child {
    int peer;
    uint8_t *chunk;
    struct epmt_request request; // its next chunk
    struct epmt_request control_request;
    struct epmt_tree_control control;
    struct epmt_fragment_reader reader;
    bool unpacking, last_seen, done;
};

struct epmt_tree {
    struct epmt_transport *transport;
    int parent; // -1 at the root
    int child_count;
    struct epmt_tree_child *child;
    struct epmt_tree_sink sink;
    size_t chunk;
    struct epmt_fragment out; // being filled
    uint8_t *out_data[2];     // one filled while the other is under way
    uint32_t *slots;
    struct epmt_stats *stats; // of the MPI functions, over this rank and those below
    int filling;
    struct epmt_fragment_header about; // for sealing
    struct epmt_request up_request, control_request;
    struct epmt_tree_control control;
    const struct epmt_bytes *own; // this rank's sealed fragments
    size_t own_count, own_at;
    void (*own_passed)(void *context, const void *at); // may be NULL: all before `at` was taken
    void *own_context;
    struct epmt_fragment_reader own_reader;
    bool own_reading;
    struct epmt_row *row;     // decoded
    struct epmt_relay *relay; // from the fragment that is read to the one that is filled
    bool row_waits;           // it did not fit into the chunk yet
    bool credit;              // the parent may be sent a chunk
    bool last_sent, sink_failed, partial;
    enum epmt_tree_outcome outcome;
    uint64_t messages, bytes, rows; // sent up (at the root: put into the sink)
};

// Bytes of work memory that a rank with so many children needs.
size_t epmt_tree_memory(int child_count, size_t chunk);

// Starts the reduction with this rank's own fragments (own[own_count], one sealed fragment each;
// they must stay). `about` gives step, rank and image for the headers. children: one for each of
// the shape's, to the end. work: epmt_tree_memory bytes, 8-byte aligned, until epmt_tree_settled.
// sink: the root's, else ignored.
void epmt_tree_init(struct epmt_tree *tree, struct epmt_transport *transport,
                    const struct epmt_tree_shape *shape, size_t chunk,
                    struct epmt_tree_child *children, void *work,
                    const struct epmt_fragment_header *about, const struct epmt_bytes *own,
                    size_t own_count, const struct epmt_tree_sink *sink);

// Does what can be done now. Returns true where anything moved; tree->outcome tells the end.
bool epmt_tree_step(struct epmt_tree *tree);

// After the outcome: true once the messages that tell it have left.
bool epmt_tree_settled(struct epmt_tree *tree);

// Gives up what is still under way (past a time limit).
void epmt_tree_abandon(struct epmt_tree *tree);

#endif
