// SPDX-License-Identifier: Apache-2.0
#include "aggregator/placement.h"

#include <string.h>

#include "common/poison.h"

// Distance from a member of a binomial tree to its parent, and the end of its children's: the
// lowest set bit; the root's children go on for ever.
static int64_t span_of(int index) {
    return index ? index & -index : (int64_t)1 << 31;
}

struct hosts {
    const struct epmt_placement *placement;
    int size;
    int count;        // of hosts
    int node, local;  // host of the rank in question, its index there
    int members;      // ranks of that host
    int first_leader; // LISTED: lowest rank of that host
};

static int leader_of(const struct hosts *hosts, int rank) {
    const int32_t *leaders = hosts->placement->leaders;
    int leader = leaders[rank];

    // What is no leader of itself is none: ranks may have told different things of a host.
    return leader >= 0 && leader < hosts->size && leaders[leader] == leader && leaders[0] == 0
               ? leader
               : rank;
}

static void look_through_list(struct hosts *hosts, int rank) {
    hosts->first_leader = leader_of(hosts, rank);
    hosts->count = hosts->members = 0;
    for (int i = 0; i < hosts->size; i++) {
        int leader = leader_of(hosts, i);
        if (i == rank)
            hosts->local = hosts->members;
        if (i == hosts->first_leader)
            hosts->node = hosts->count;
        hosts->count += leader == i;
        hosts->members += leader == hosts->first_leader;
    }
}

static void find_hosts(struct hosts *hosts, int rank) {
    int width = hosts->placement->width, size = hosts->size;

    switch (hosts->placement->kind) {
    case EPMT_PLACEMENT_BLOCK:
        hosts->count = (int)(((int64_t)size + width - 1) / width);
        hosts->node = rank / width;
        hosts->local = rank % width;
        hosts->members = size - rank + hosts->local < width ? size - rank + hosts->local : width;
        return;
    case EPMT_PLACEMENT_CYCLIC:
        hosts->count = width;
        hosts->node = rank % width;
        hosts->local = rank / width;
        hosts->members = (int)(((int64_t)size - hosts->node + width - 1) / width);
        return;
    case EPMT_PLACEMENT_LISTED:
        look_through_list(hosts, rank);
        return;
    case EPMT_PLACEMENT_PLAIN:
        break;
    }
    hosts->count = 1;
    hosts->node = 0;
    hosts->local = rank;
    hosts->members = size;
}

// The rank of the index-th leader, or of the index-th member of this host.
static int nth_listed(const struct hosts *hosts, int index, bool of_leaders) {
    for (int i = 0; i < hosts->size; i++) {
        int leader = leader_of(hosts, i);
        bool counts = of_leaders ? leader == i : leader == hosts->first_leader;
        if (counts && !index--)
            return i;
    }
    return 0;
}

static int leader_at(const struct hosts *hosts, int node) {
    if (hosts->placement->kind == EPMT_PLACEMENT_LISTED)
        return nth_listed(hosts, node, true);
    return hosts->placement->kind == EPMT_PLACEMENT_BLOCK ? node * hosts->placement->width : node;
}

static int member_at(const struct hosts *hosts, int local) {
    int width = hosts->placement->width;

    switch (hosts->placement->kind) {
    case EPMT_PLACEMENT_BLOCK:
        return hosts->node * width + local;
    case EPMT_PLACEMENT_CYCLIC:
        return hosts->node + local * width;
    case EPMT_PLACEMENT_LISTED:
        return nth_listed(hosts, local, false);
    case EPMT_PLACEMENT_PLAIN:
        break;
    }
    return local;
}

void epmt_placement_shape(const struct epmt_placement *placement, int rank, int size,
                          struct epmt_tree_shape *shape) {
    struct hosts hosts = {.placement = placement, .size = size};

    find_hosts(&hosts, rank);
    shape->child_count = 0;
    for (int64_t d = 1; d < span_of(hosts.local) && hosts.local + d < hosts.members; d *= 2)
        shape->children[shape->child_count++] = member_at(&hosts, (int)(hosts.local + d));
    if (hosts.local) {
        shape->parent = member_at(&hosts, hosts.local & (hosts.local - 1));
        return;
    }
    for (int64_t d = 1; d < span_of(hosts.node) && hosts.node + d < hosts.count; d *= 2)
        shape->children[shape->child_count++] = leader_at(&hosts, (int)(hosts.node + d));
    shape->parent = hosts.node ? leader_at(&hosts, hosts.node & (hosts.node - 1)) : -1;
}

int epmt_placement_children_max(int size) {
    int bits = 0;

    while (bits < 31 && (int64_t)1 << bits < size)
        bits++;
    // Ranks of the root's host and hosts together are one more than there are ranks.
    return 2 * bits;
}

// What a rank says of all ranks; the greatest of each element is what all say.
enum claim {
    BLOCK_WIDTH,      // of a host that is full
    BLOCK_WIDTH_LESS, // the same, negative: tells whether all say the same
    NO_BLOCK,
    TAIL_LOWEST, // the host with the last rank may have fewer
    TAIL_COUNT,
    CYCLE,
    CYCLE_LESS,
    CYCLE_AT_LEAST, // of a host with one rank
    NO_CYCLE,
    NO_LIST,    // a rank has no memory for a list
    CHUNK_LESS, // negative: the smallest counts
};

static void claim(int64_t claims[EPMT_CLAIMS], const struct epmt_host_ranks *host, int size,
                  bool list) {
    int lowest = host->lowest, count = host->count, step = host->stride;
    bool even = step ? host->highest == lowest + (int64_t)(count - 1) * step : count == 1;

    for (int i = 0; i < EPMT_CLAIMS; i++)
        claims[i] = INT32_MIN;
    claims[NO_LIST] = !list;
    claims[NO_BLOCK] = !even || step > 1 || (lowest % count && lowest + count != size);
    claims[NO_CYCLE] = !even || (step && (lowest >= step || (int64_t)host->highest + step < size));
    if (lowest + count == size) {
        claims[TAIL_LOWEST] = lowest;
        claims[TAIL_COUNT] = count;
    } else {
        claims[BLOCK_WIDTH] = count;
        claims[BLOCK_WIDTH_LESS] = -count;
    }
    if (step) {
        claims[CYCLE] = step;
        claims[CYCLE_LESS] = -step;
    } else {
        claims[CYCLE_AT_LEAST] = lowest + 1 > size - lowest ? lowest + 1 : size - lowest;
    }
}

static void decide(const int64_t claims[EPMT_CLAIMS], int size, int32_t verdict[3]) {
    int64_t width = claims[BLOCK_WIDTH], cycle = claims[CYCLE];

    verdict[2] = (int32_t)-claims[CHUNK_LESS];
    if (width < 0) // one host alone
        width = claims[TAIL_COUNT];
    bool same = claims[BLOCK_WIDTH] < 0 || claims[BLOCK_WIDTH_LESS] == -width;
    if (!claims[NO_BLOCK] && same && width > 0 && claims[TAIL_COUNT] <= width &&
        claims[TAIL_LOWEST] % width == 0 && claims[TAIL_LOWEST] + claims[TAIL_COUNT] == size) {
        verdict[0] = EPMT_PLACEMENT_BLOCK;
        verdict[1] = (int32_t)width;
    } else if (!claims[NO_CYCLE] && cycle > 0 && claims[CYCLE_LESS] == -cycle &&
               claims[CYCLE_AT_LEAST] <= cycle) {
        verdict[0] = EPMT_PLACEMENT_CYCLIC;
        verdict[1] = (int32_t)cycle;
    } else {
        verdict[0] = claims[NO_LIST] ? EPMT_PLACEMENT_PLAIN : EPMT_PLACEMENT_LISTED;
        verdict[1] = 0;
    }
}

void epmt_agreement_init(struct epmt_agreement *a, struct epmt_transport *transport,
                         const struct epmt_host_ranks *host, size_t chunk, int32_t *list) {
    *a = (struct epmt_agreement){
        .transport = transport,
        .list = list,
        .leader = host->lowest,
        .child = 1,
    };
    claim(a->claims, host, transport->size, list != NULL);
    a->claims[CHUNK_LESS] = -(int64_t)chunk;
}

static bool has_child(const struct epmt_agreement *a) {
    int rank = a->transport->rank;

    return a->child < span_of(rank) && (int64_t)rank + a->child < a->transport->size;
}

static int parent_of(const struct epmt_agreement *a) {
    return a->transport->rank & (a->transport->rank - 1);
}

static void fail(struct epmt_agreement *a) {
    a->failed = true;
    a->phase = ENDED;
}

static void send_to(struct epmt_agreement *a, int peer, const void *data, size_t len) {
    if (a->transport->send(a->transport, peer, EPMT_TAG_PLACE, data, len, &a->request))
        fail(a);
}

static void receive_from(struct epmt_agreement *a, int peer, void *data, size_t len) {
    if (a->transport->receive(a->transport, peer, EPMT_TAG_PLACE, data, len, &a->request))
        fail(a);
}

// Entries of the list that the child's subtree fills.
static size_t child_entries(const struct epmt_agreement *a) {
    int64_t end = (int64_t)a->transport->rank + 2 * (int64_t)a->child;
    int64_t size = a->transport->size;

    return (size_t)((end < size ? end : size) - a->transport->rank - a->child);
}

static void take_verdict(struct epmt_agreement *a) {
    a->placement = (struct epmt_placement){.kind = (enum epmt_placement_kind)a->verdict[0],
                                           .width = a->verdict[1]};
    a->chunk = (size_t)a->verdict[2];
    a->child = 1;
    a->phase = TELLING;
}

// What arrived or left, at the end of a message.
static void message_done(struct epmt_agreement *a) {
    switch (a->phase) {
    case CLAIMING: // from a child, or to the parent once there is none
        if (!has_child(a)) {
            a->phase = CLAIMED;
            receive_from(a, parent_of(a), a->verdict, sizeof a->verdict);
            return;
        }
        for (int i = 0; i < EPMT_CLAIMS; i++) {
            if (a->other[i] > a->claims[i])
                a->claims[i] = a->other[i];
        }
        a->child *= 2;
        return;
    case CLAIMED:
        take_verdict(a);
        return;
    case LISTING:
        if (!has_child(a)) {
            a->phase = LISTED;
            receive_from(a, parent_of(a), a->list, (size_t)a->transport->size * sizeof *a->list);
            return;
        }
        a->child *= 2;
        return;
    case LISTED:
        a->child = 1;
        a->phase = SENDING_LIST;
        return;
    case TELLING:
    case SENDING_LIST:
        a->child *= 2;
        return;
    case ENDED:
        return;
    }
}

static void next_message(struct epmt_agreement *a) {
    int rank = a->transport->rank, size = a->transport->size;
    size_t whole = (size_t)size * sizeof *a->list;

    switch (a->phase) {
    case CLAIMING:
        if (has_child(a))
            receive_from(a, rank + a->child, a->other, sizeof a->other);
        else if (rank)
            send_to(a, parent_of(a), a->claims, sizeof a->claims);
        else
            decide(a->claims, size, a->verdict), take_verdict(a);
        return;
    case TELLING:
        if (has_child(a)) {
            send_to(a, rank + a->child, a->verdict, sizeof a->verdict);
        } else if (a->placement.kind != EPMT_PLACEMENT_LISTED) {
            a->phase = ENDED;
        } else {
            a->list[rank] = a->leader;
            a->child = 1;
            a->phase = LISTING;
        }
        return;
    case LISTING:
        if (has_child(a))
            receive_from(a, rank + a->child, a->list + rank + a->child,
                         child_entries(a) * sizeof *a->list);
        else if (rank)
            send_to(a, parent_of(a), a->list + rank,
                    (size_t)((rank + span_of(rank) < size ? rank + span_of(rank) : size) - rank) *
                        sizeof *a->list);
        else
            a->child = 1, a->phase = SENDING_LIST;
        return;
    case SENDING_LIST:
        a->placement.leaders = a->list;
        if (has_child(a))
            send_to(a, rank + a->child, a->list, whole);
        else
            a->phase = ENDED;
        return;
    case CLAIMED:
    case LISTED:
    case ENDED:
        return;
    }
}

bool epmt_agreement_step(struct epmt_agreement *a) {
    bool moved = false;

    while (a->phase != ENDED) {
        if (a->request.active) {
            int done = a->transport->test(a->transport, &a->request);
            if (!done)
                return moved;
            if (done < 0)
                fail(a);
            else
                message_done(a);
        } else {
            next_message(a);
        }
        moved = true;
    }
    return moved;
}

void epmt_agreement_abandon(struct epmt_agreement *a) {
    if (a->request.active)
        a->transport->cancel(a->transport, &a->request);
    fail(a);
}
