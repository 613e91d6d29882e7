// SPDX-License-Identifier: Apache-2.0
// Which tree the reduction takes: node-local first, then binomial over the nodes, from how the
// launcher placed the ranks on the hosts. Each rank knows its own host only; all agree by a few
// small messages up and down a plain binomial tree over the ranks: nothing that a rank could skip
// alone, and nothing that grows with their number unless the placement is irregular.
#ifndef EPMT_AGGREGATOR_PLACEMENT_H
#define EPMT_AGGREGATOR_PLACEMENT_H

#include "aggregator/tree.h"

enum epmt_placement_kind {
    EPMT_PLACEMENT_PLAIN,  // unknown: one binomial tree over all ranks
    EPMT_PLACEMENT_BLOCK,  // `width` neighbouring ranks a host, the last one may have fewer
    EPMT_PLACEMENT_CYCLIC, // rank r is on host r % width
    EPMT_PLACEMENT_LISTED, // irregular: leaders[r] is the lowest rank of the host of rank r
};

struct epmt_placement {
    enum epmt_placement_kind kind;
    int width;
    const int32_t *leaders;
};

// A rank's place in the tree. Rank 0 is the root; children on the same host come first.
void epmt_placement_shape(const struct epmt_placement *placement, int rank, int size,
                          struct epmt_tree_shape *shape);

// Most children that a rank of a world of that size can have.
int epmt_placement_children_max(int size);

// What a rank knows of the ranks on its host (itself among them).
struct epmt_host_ranks {
    int lowest, highest, count;
    int stride; // greatest common divisor of their distances, 0 where it is alone
};

// Elements of the message up the tree; the greatest of each counts.
#define EPMT_CLAIMS 11

struct epmt_agreement {
    struct epmt_transport *transport;
    int32_t *list; // of `size` leaders, NULL: no memory for it
    int leader;    // of this rank's host
    int child;     // distance to the child whose turn it is
    enum { CLAIMING, CLAIMED, TELLING, LISTING, LISTED, SENDING_LIST, ENDED } phase;
    bool failed;
    struct epmt_request request;
    int64_t claims[EPMT_CLAIMS], other[EPMT_CLAIMS];
    int32_t verdict[3]; // kind, width, chunk
    struct epmt_placement placement;
    size_t chunk; // the smallest that anybody has memory for
};

// Starts it. chunk: the largest that this rank has memory for. list: room for transport->size
// leaders that stays as long as the placement is used, or NULL.
void epmt_agreement_init(struct epmt_agreement *agreement, struct epmt_transport *transport,
                         const struct epmt_host_ranks *host, size_t chunk, int32_t *list);

// Does what can be done now. Returns true where anything moved. At the end phase is ENDED, and
// `placement` and `chunk` are the same on all ranks unless `failed` (a message could not be sent or
// received).
bool epmt_agreement_step(struct epmt_agreement *agreement);

// Gives up what is under way.
void epmt_agreement_abandon(struct epmt_agreement *agreement);

#endif
