// SPDX-License-Identifier: Apache-2.0
#include "aggregator/tree.h"

#include <string.h>

#include "common/poison.h"

_Static_assert(EPMT_TREE_CHILDREN_MAX < EPMT_STATS_SOURCES, "every child is a source");

// Texts that one chunk can refer back to (4 bytes each).
#define SLOTS 4096

// Functions in the statistics: few programs call more than 50.
static uint32_t stats_functions(size_t chunk) {
    return chunk / 256 < 1024 ? (uint32_t)(chunk / 256) : 1024;
}

size_t epmt_tree_memory(int child_count, size_t chunk) {
    return sizeof(struct epmt_row) + sizeof(struct epmt_relay) +
           epmt_stats_memory(stats_functions(chunk)) + SLOTS * sizeof(uint32_t) +
           ((size_t)child_count + 2) * chunk;
}

static void expect_chunk(struct epmt_tree *tree, struct epmt_tree_child *child) {
    struct epmt_transport *t = tree->transport;

    if (t->receive(t, child->peer, EPMT_TAG_ROWS, child->chunk, tree->chunk, &child->request)) {
        child->done = child->last_seen = true;
        tree->partial = true;
    }
}

static void start_out(struct epmt_tree *tree) {
    epmt_fragment_init(&tree->out, tree->out_data[tree->filling], tree->chunk, tree->slots, SLOTS);
    epmt_relay_init(tree->relay);
}

void epmt_tree_init(struct epmt_tree *tree, struct epmt_transport *transport,
                    const struct epmt_tree_shape *shape, size_t chunk,
                    struct epmt_tree_child *children, void *work,
                    const struct epmt_fragment_header *about, const struct epmt_bytes *own,
                    size_t own_count, const struct epmt_tree_sink *sink) {
    *tree = (struct epmt_tree){
        .transport = transport,
        .parent = shape->parent,
        .child_count = shape->child_count,
        .child = children,
        .chunk = chunk,
        .about = *about,
        .own = own,
        .own_count = own_count,
        .credit = true,
        .row = work,
    };
    if (shape->parent < 0)
        tree->sink = *sink;
    tree->relay = (struct epmt_relay *)(tree->row + 1);
    uint8_t *at = (uint8_t *)(tree->relay + 1);
    tree->stats = epmt_stats_init(at, stats_functions(chunk));
    epmt_stats_set_rank(tree->stats, about->image, about->rank);
    at += epmt_stats_memory(stats_functions(chunk));
    tree->slots = (uint32_t *)at;
    at += SLOTS * sizeof(uint32_t);
    for (int i = 0; i < 2; i++, at += chunk)
        tree->out_data[i] = at;
    for (int i = 0; i < shape->child_count; i++, at += chunk) {
        children[i] = (struct epmt_tree_child){.peer = shape->children[i], .chunk = at};
        expect_chunk(tree, &children[i]);
    }
    start_out(tree);
}

// Sends the chunk that is being filled. Returns false where it has to wait for the one before.
static bool send_out(struct epmt_tree *tree, bool last) {
    struct epmt_transport *t = tree->transport;
    struct epmt_fragment_header header = tree->about;

    if (tree->up_request.active || !tree->credit)
        return false;
    header.flags =
        (uint16_t)((last ? EPMT_FRAGMENT_LAST : 0) | (tree->partial ? EPMT_FRAGMENT_PARTIAL : 0));
    size_t len = epmt_fragment_seal(&tree->out, &header);
    tree->messages++;
    tree->bytes += len;
    tree->rows += tree->out.rows;
    if (tree->parent < 0) {
        if (!tree->sink_failed && tree->sink.put(tree->sink.context, tree->out.data, len))
            tree->sink_failed = true;
    } else {
        // After every chunk the parent answers: "go on", or after the last one the outcome.
        tree->credit = false;
        if (t->receive(t, tree->parent, EPMT_TAG_CONTROL, &tree->control, sizeof tree->control,
                       &tree->control_request) ||
            t->send(t, tree->parent, EPMT_TAG_ROWS, tree->out.data, len, &tree->up_request))
            tree->outcome = EPMT_TREE_FAILED;
        tree->filling = !tree->filling;
    }
    start_out(tree);
    return true;
}

// Puts the decoded row into the chunk, sending a full one on. Returns false where it has to wait.
static bool take_row(struct epmt_tree *tree) {
    while (epmt_fragment_add_row(&tree->out, tree->row)) {
        if (!tree->out.rows) {
            // Larger than a chunk: it stays in the journal, which must not go then.
            tree->partial = true;
            break;
        }
        if (!send_out(tree, false))
            return false;
    }
    tree->row_waits = false;
    return true;
}

// Whether the row may go on as it is: the statistics look at those of the rank itself, and at the
// children's statistics.
static bool may_relay(const struct epmt_fragment_reader *reader, int source) {
    int kind = epmt_relay_kind(reader);

    return kind == EPMT_ROW_THREAD || (source && kind != EPMT_ROW_MPI_IMBALANCE);
}

// Passes on rows that need no decoding. Returns false where one has to wait.
static bool relay_rows(struct epmt_tree *tree, struct epmt_fragment_reader *reader, int source) {
    while (may_relay(reader, source)) {
        enum epmt_relay_outcome outcome = epmt_relay_row(tree->relay, &tree->out, reader);
        if (outcome == EPMT_RELAY_DECODE)
            return true;
        // Larger than a chunk: decoding it will say so.
        if (outcome == EPMT_RELAY_FULL && !tree->out.rows)
            return true;
        if (outcome == EPMT_RELAY_FULL && !send_out(tree, false))
            return false;
    }
    return true;
}

// Moves the rows of one fragment into the chunk; source: 0 of this rank, i + 1 of child i. Returns
// false where it has to wait.
static bool take_rows(struct epmt_tree *tree, struct epmt_fragment_reader *reader, int source) {
    int got = 1;

    if (tree->row_waits && !take_row(tree))
        return false;
    while (got > 0) {
        if (!relay_rows(tree, reader, source))
            return false;
        got = epmt_fragment_next(reader, tree->row, NULL);
        if (got > 0 && epmt_stats_take(tree->stats, source, tree->row))
            continue;
        tree->row_waits = got > 0;
        if (got > 0 && !take_row(tree))
            return false;
    }
    if (got < 0)
        tree->partial = true;
    return true;
}

// Returns true when all of this rank's own rows have been taken.
static bool take_own(struct epmt_tree *tree) {
    for (; tree->own_at < tree->own_count; tree->own_at++) {
        const struct epmt_bytes *piece = &tree->own[tree->own_at];
        struct epmt_fragment_header header;
        if (tree->own_passed)
            tree->own_passed(tree->own_context, piece->data);
        if (!tree->own_reading) {
            if (epmt_fragment_check(piece->data, piece->len, &header, NULL)) {
                tree->partial = true;
                continue;
            }
            epmt_fragment_reader_init(&tree->own_reader, piece->data, &header);
            tree->own_reading = true;
        }
        if (!take_rows(tree, &tree->own_reader, 0))
            return false;
        tree->own_reading = false;
    }
    return true;
}

static bool open_chunk(struct epmt_tree *tree, struct epmt_tree_child *child) {
    struct epmt_fragment_header header;

    if (epmt_fragment_check(child->chunk, child->request.len, &header, NULL)) {
        child->last_seen = true; // nothing sensible can follow
        tree->partial = true;
        return false;
    }
    child->last_seen = header.flags & EPMT_FRAGMENT_LAST;
    if (header.flags & EPMT_FRAGMENT_PARTIAL)
        tree->partial = true;
    epmt_fragment_reader_init(&child->reader, child->chunk, &header);
    epmt_relay_init(tree->relay); // the same memory, other texts
    return true;
}

static void answer(struct epmt_tree *tree, struct epmt_tree_child *child,
                   enum epmt_tree_outcome outcome) {
    struct epmt_transport *t = tree->transport;

    // The child has answered to what was sent before, so that has arrived.
    if (child->control_request.active && !t->test(t, &child->control_request))
        t->cancel(t, &child->control_request);
    child->control = (struct epmt_tree_control){outcome != EPMT_TREE_PENDING, outcome};
    t->send(t, child->peer, EPMT_TAG_CONTROL, &child->control, sizeof child->control,
            &child->control_request);
}

// Takes what one child sent. Returns true where anything moved. Only one child is unpacked at a
// time, since a row may wait for room.
static bool take_child(struct epmt_tree *tree, struct epmt_tree_child *child, bool *busy) {
    struct epmt_transport *t = tree->transport;
    bool moved = false;

    if (child->request.active) {
        int got = t->test(t, &child->request);
        if (!got)
            return false;
        moved = true;
        child->unpacking = got > 0 && open_chunk(tree, child);
        if (!child->unpacking) {
            tree->partial = true;
            child->last_seen = child->done = true;
        }
    }
    if (!child->unpacking || (*busy && !tree->row_waits))
        return moved;
    if (!take_rows(tree, &child->reader, (int)(child - tree->child) + 1)) {
        *busy = true;
        return moved;
    }
    child->unpacking = false;
    if (child->last_seen) {
        child->done = true;
    } else {
        expect_chunk(tree, child);
        answer(tree, child, EPMT_TREE_PENDING);
    }
    return true;
}

static bool take_children(struct epmt_tree *tree, bool *all) {
    bool moved = false, busy = false;

    *all = true;
    // The child whose row waits goes first: no other may put one in before it.
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < tree->child_count; i++) {
            struct epmt_tree_child *child = &tree->child[i];
            if (child->done || (tree->row_waits && !child->unpacking))
                continue;
            moved |= take_child(tree, child, &busy);
            if (busy) {
                *all = false;
                return moved;
            }
        }
    }
    for (int i = 0; i < tree->child_count; i++)
        *all &= tree->child[i].done;
    return moved;
}

// Adds the statistics over this rank and those below. Returns false where it has to wait.
static bool put_stats(struct epmt_tree *tree) {
    epmt_stats_close(tree->stats);
    while (tree->row_waits || epmt_stats_next(tree->stats, tree->row)) {
        tree->row_waits = true;
        if (!take_row(tree))
            return false;
    }
    return true;
}

static void root_finish(struct epmt_tree *tree) {
    if (!tree->sink_failed && tree->sink.finish(tree->sink.context))
        tree->sink_failed = true;
    tree->outcome = tree->sink_failed ? EPMT_TREE_FAILED
                    : tree->partial   ? EPMT_TREE_PARTIAL
                                      : EPMT_TREE_WRITTEN;
}

static void tell_children(struct epmt_tree *tree) {
    for (int i = 0; i < tree->child_count; i++)
        answer(tree, &tree->child[i], tree->outcome);
}

// Progress of what is on its way to the parent, and its answer.
static bool step_parent(struct epmt_tree *tree) {
    struct epmt_transport *t = tree->transport;
    bool moved = false;

    if (tree->up_request.active) {
        int sent = t->test(t, &tree->up_request);
        moved |= sent != 0;
        if (sent < 0)
            tree->outcome = EPMT_TREE_FAILED;
    }
    if (tree->control_request.active) {
        int got = t->test(t, &tree->control_request);
        moved |= got != 0;
        if (got < 0 || (got > 0 && tree->control_request.len != sizeof tree->control))
            tree->outcome = EPMT_TREE_FAILED;
        else if (got > 0 && tree->control.last)
            tree->outcome = tree->control.outcome;
        else if (got > 0)
            tree->credit = true;
    }
    return moved;
}

bool epmt_tree_step(struct epmt_tree *tree) {
    bool all, moved;

    if (tree->outcome != EPMT_TREE_PENDING)
        return false;
    moved = step_parent(tree);
    if (!tree->last_sent && take_own(tree)) {
        moved |= take_children(tree, &all);
        if (all && put_stats(tree) && send_out(tree, true)) {
            tree->last_sent = moved = true;
            if (tree->parent < 0)
                root_finish(tree);
        }
    }
    if (tree->outcome != EPMT_TREE_PENDING)
        tell_children(tree);
    return moved;
}

bool epmt_tree_settled(struct epmt_tree *tree) {
    struct epmt_transport *t = tree->transport;
    bool settled = true;

    for (int i = 0; i < tree->child_count; i++) {
        struct epmt_request *request = &tree->child[i].control_request;
        if (request->active && !t->test(t, request))
            settled = false;
    }
    if (tree->up_request.active && !t->test(t, &tree->up_request))
        settled = false;
    return settled;
}

void epmt_tree_abandon(struct epmt_tree *tree) {
    struct epmt_transport *t = tree->transport;

    if (tree->outcome == EPMT_TREE_PENDING) {
        tree->outcome = EPMT_TREE_FAILED;
        tell_children(tree);
    }
    for (int i = 0; i < tree->child_count; i++) {
        if (tree->child[i].request.active)
            t->cancel(t, &tree->child[i].request);
        if (tree->child[i].control_request.active)
            t->cancel(t, &tree->child[i].control_request);
    }
    if (tree->up_request.active)
        t->cancel(t, &tree->up_request);
    if (tree->control_request.active)
        t->cancel(t, &tree->control_request);
}
