// SPDX-License-Identifier: Apache-2.0
// What the reduction needs of a network: point-to-point messages that are started and tested,
// never waited for. MPI in production (pmpi/), memory in tests.
#ifndef EPMT_AGGREGATOR_TRANSPORT_H
#define EPMT_AGGREGATOR_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum epmt_tag {
    EPMT_TAG_ROWS = 1,    // fragments, child to parent
    EPMT_TAG_CONTROL = 2, // struct epmt_tree_control, parent to child
    EPMT_TAG_PLACE = 3,   // agreement on the tree, both ways
};

// One message under way.
struct epmt_request {
    uint64_t opaque[2]; // the transport's
    size_t len;         // of a finished receive, in bytes
    bool active;
};

struct epmt_transport {
    int rank, size;
    void *context;
    // Start a message; data must stay until test says 1. Return 0, or -1 where it cannot start.
    int (*send)(struct epmt_transport *transport, int peer, enum epmt_tag tag, const void *data,
                size_t len, struct epmt_request *request);
    int (*receive)(struct epmt_transport *transport, int peer, enum epmt_tag tag, void *data,
                   size_t cap, struct epmt_request *request);
    // 1: done (active is false then), 0: under way, -1: failed (active is false then).
    int (*test)(struct epmt_transport *transport, struct epmt_request *request);
    // Gives an active request up.
    void (*cancel)(struct epmt_transport *transport, struct epmt_request *request);
};

#endif
