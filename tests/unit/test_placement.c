// SPDX-License-Identifier: Apache-2.0
// The tree's shape for every placement of ranks on hosts, and the agreement on it: each rank knows
// its own host only, and all come to the same.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/placement.h"

#define MOST 80

// One message at a time between two ranks, kept until it is received.
struct channel {
    char data[MOST * 4];
    size_t len;
    bool full;
};

static struct channel channels[MOST][MOST]; // from, to
static int fail_rank = -1;                  // its sends fail
static uint64_t messages;

enum kind { SEND = 1, RECEIVE };

struct receive {
    void *data;
    size_t cap;
};

static struct receive receives[MOST][MOST]; // at, from

static int send_message(struct epmt_transport *t, int peer, enum epmt_tag tag, const void *data,
                        size_t len, struct epmt_request *request) {
    struct channel *channel = &channels[t->rank][peer];

    assert_int_equal(tag, EPMT_TAG_PLACE);
    assert_false(channel->full);
    assert_true(len <= sizeof channel->data);
    if (t->rank == fail_rank)
        return -1;
    memcpy(channel->data, data, len);
    channel->len = len;
    channel->full = true;
    messages++;
    *request = (struct epmt_request){.opaque = {SEND, (uint64_t)peer}, .active = true};
    return 0;
}

static int receive_message(struct epmt_transport *t, int peer, enum epmt_tag tag, void *data,
                           size_t cap, struct epmt_request *request) {
    assert_int_equal(tag, EPMT_TAG_PLACE);
    receives[t->rank][peer] = (struct receive){data, cap};
    *request = (struct epmt_request){.opaque = {RECEIVE, (uint64_t)peer}, .active = true};
    return 0;
}

static int test_message(struct epmt_transport *t, struct epmt_request *request) {
    struct channel *channel = request->opaque[0] == SEND ? &channels[t->rank][request->opaque[1]]
                                                         : &channels[request->opaque[1]][t->rank];

    assert_true(request->active);
    if (request->opaque[0] == RECEIVE) {
        const struct receive *receive = &receives[t->rank][request->opaque[1]];
        if (!channel->full)
            return 0;
        assert_true(channel->len <= receive->cap);
        memcpy(receive->data, channel->data, channel->len);
        request->len = channel->len;
        channel->full = false;
    } else if (channel->full) {
        return 0;
    }
    request->active = false;
    return 1;
}

static void cancel_message(struct epmt_transport *t, struct epmt_request *request) {
    (void)t;
    request->active = false;
}

static int hosts[MOST]; // of each rank
static struct epmt_agreement agreements[MOST];
static int32_t lists[MOST][MOST];

static int gcd(int a, int b) {
    return b ? gcd(b, a % b) : a;
}

static struct epmt_host_ranks ranks_of(int rank, int size) {
    struct epmt_host_ranks ranks = {.lowest = size};

    for (int i = 0; i < size; i++) {
        if (hosts[i] != hosts[rank])
            continue;
        ranks.lowest = i < ranks.lowest ? i : ranks.lowest;
        ranks.highest = i;
        ranks.count++;
        ranks.stride = gcd(ranks.stride, abs(i - rank));
    }
    return ranks;
}

// Lets all ranks agree. no_list: rank without memory for a list, -1 none. Returns how many did not
// come to an end.
static int agree(int size, int no_list) {
    struct epmt_transport transports[MOST];
    bool moved = true;
    int open = 0;

    memset(channels, 0, sizeof channels);
    messages = 0;
    for (int i = 0; i < size; i++) {
        struct epmt_host_ranks ranks = ranks_of(i, size);
        transports[i] = (struct epmt_transport){.rank = i,
                                                .size = size,
                                                .send = send_message,
                                                .receive = receive_message,
                                                .test = test_message,
                                                .cancel = cancel_message};
        memset(lists[i], 0xff, sizeof lists[i]);
        epmt_agreement_init(&agreements[i], &transports[i], &ranks, 5000 - (size_t)i,
                            i == no_list ? NULL : lists[i]);
    }
    while (moved) {
        moved = false;
        for (int i = size - 1; i >= 0; i--)
            moved |= epmt_agreement_step(&agreements[i]);
    }
    for (int i = 0; i < size; i++) {
        open += agreements[i].phase != ENDED;
        epmt_agreement_abandon(&agreements[i]);
    }
    return open;
}

// The shapes make one tree: parents and children agree, each rank is reached once; a message
// passes from host to host at most once per round, and no host is entered twice.
static void check_tree(int size, bool by_hosts) {
    struct epmt_tree_shape shapes[MOST];
    int reached = 1, entered[MOST] = {0}, queue[MOST] = {0};

    for (int i = 0; i < size; i++) {
        epmt_placement_shape(&agreements[i].placement, i, size, &shapes[i]);
        assert_true(shapes[i].child_count <= epmt_placement_children_max(size));
    }
    assert_int_equal(shapes[0].parent, -1);
    for (int at = 0; at < reached; at++) {
        const struct epmt_tree_shape *shape = &shapes[queue[at]];
        for (int k = 0; k < shape->child_count; k++) {
            int child = shape->children[k];
            assert_true(reached < size);
            assert_int_equal(shapes[child].parent, queue[at]);
            entered[hosts[child]] += hosts[child] != hosts[queue[at]];
            queue[reached++] = child;
        }
    }
    assert_int_equal(reached, size);
    for (int host = 0; host < size && by_hosts; host++)
        assert_true(entered[host] <= 1);
}

static void check(int size, enum epmt_placement_kind kind, int width) {
    assert_int_equal(agree(size, -1), 0);
    for (int i = 0; i < size; i++) {
        assert_int_equal(agreements[i].placement.kind, kind);
        assert_int_equal(agreements[i].placement.width, width);
        assert_int_equal(agreements[i].chunk, 5000 - (size - 1));
    }
    check_tree(size, true);
}

static void blocks(void **state) {
    (void)state;
    for (int size = 1; size <= MOST; size++) {
        for (int width = 1; width <= size; width++) {
            for (int i = 0; i < size; i++)
                hosts[i] = i / width;
            check(size, EPMT_PLACEMENT_BLOCK, width);
            assert_int_equal(messages, 2 * (size - 1));
        }
    }
}

static void cycles(void **state) {
    (void)state;
    for (int size = 3; size <= MOST; size++) {
        for (int width = 2; width < size; width++) {
            for (int i = 0; i < size; i++)
                hosts[i] = i % width;
            check(size, EPMT_PLACEMENT_CYCLIC, width);
        }
    }
}

static void irregular(void **state) {
    unsigned random = 1;

    (void)state;
    for (int run = 0; run < 300; run++) {
        int size = 4 + run % (MOST - 4), count = 2 + run % 7;
        for (int i = 0; i < size; i++) {
            random = random * 1103515245 + 12345;
            hosts[i] = (int)(random >> 16) % count;
        }
        // Certainly neither in blocks nor in turns.
        hosts[0] = hosts[2] = hosts[3] = 0;
        hosts[1] = 1;
        check(size, EPMT_PLACEMENT_LISTED, 0);
        assert_int_equal(messages, 4 * (size - 1));
    }
}

// Hosts of different sizes, one behind the other.
static void uneven_blocks(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++)
        hosts[i] = i < 5 ? 0 : i < 9 ? 1 : 2;
    check(12, EPMT_PLACEMENT_LISTED, 0);
}

// One rank cannot hold a list: then nobody relies on one.
static void no_memory_for_a_list(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++)
        hosts[i] = i < 5 ? 0 : i < 9 ? 1 : 2;
    for (int poor = 0; poor < 12; poor++) {
        assert_int_equal(agree(12, poor), 0);
        for (int i = 0; i < 12; i++)
            assert_int_equal(agreements[i].placement.kind, EPMT_PLACEMENT_PLAIN);
        check_tree(12, false);
    }
}

// A rank whose journal cannot be read knows itself alone; the others do not see it.
static void rank_that_knows_nothing(void **state) {
    (void)state;
    for (int i = 0; i < 16; i++)
        hosts[i] = i / 4;
    hosts[6] = 9;
    assert_int_equal(agree(16, -1), 0);
    for (int i = 0; i < 16; i++)
        assert_int_equal(agreements[i].placement.kind, EPMT_PLACEMENT_LISTED);
    check_tree(16, true);
}

// Ranks that contradict each other (records of another world in the journal) still make one tree.
static void contradictions(void **state) {
    struct epmt_tree_shape shape;
    static int32_t leaders[8] = {0, 5, 0, 5, 4, 4, 7, 0};
    const struct epmt_placement placement = {EPMT_PLACEMENT_LISTED, 0, leaders};
    int edges = 0;

    (void)state;
    for (int i = 0; i < 8; i++) {
        int rank = i;
        epmt_placement_shape(&placement, i, 8, &shape);
        edges += shape.child_count;
        for (int depth = 0; rank && depth < 8; depth++) {
            epmt_placement_shape(&placement, rank, 8, &shape);
            rank = shape.parent;
        }
        assert_int_equal(rank, 0);
    }
    assert_int_equal(edges, 7);
}

static void rank_that_cannot_send(void **state) {
    (void)state;
    for (int i = 0; i < 16; i++)
        hosts[i] = i / 4;
    fail_rank = 6;
    assert_true(agree(16, -1) > 0); // the others wait, until their time is over
    assert_true(agreements[6].failed);
    fail_rank = -1;
}

static void rounds_are_logarithmic(void **state) {
    struct epmt_placement placement = {EPMT_PLACEMENT_BLOCK, 1, NULL};

    (void)state;
    for (int size = 1; size <= 1 << 20; size = size * 2 + 1) {
        for (placement.width = 1; placement.width <= 256; placement.width *= 16) {
            struct epmt_tree_shape shape;
            int rounds = 0, rank = size - 1, depth = 0;
            while (1L << rounds < size)
                rounds++;
            epmt_placement_shape(&placement, 0, size, &shape);
            assert_true(shape.child_count <= rounds + 1);
            for (; rank > 0; depth++) {
                epmt_placement_shape(&placement, rank, size, &shape);
                rank = shape.parent;
            }
            assert_true(depth <= rounds + 1);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks),
        cmocka_unit_test(cycles),
        cmocka_unit_test(irregular),
        cmocka_unit_test(uneven_blocks),
        cmocka_unit_test(no_memory_for_a_list),
        cmocka_unit_test(rank_that_knows_nothing),
        cmocka_unit_test(contradictions),
        cmocka_unit_test(rank_that_cannot_send),
        cmocka_unit_test(rounds_are_logarithmic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
