// SPDX-License-Identifier: Apache-2.0
#include "aggregator/tree.h"

#include <string.h>

#include "common/poison.h"

_Static_assert(EPMT_TREE_CHILDREN_MAX < EPMT_STATS_SOURCES, "every child is a source");

// Texts that one chunk can refer back to (4 bytes each).
#define SLOTS 4096

void epmt_tree_binomial(int rank, int size, struct epmt_tree_shape *shape) {
    // The lowest set bit of the rank is the span of its subtree; the root spans everything.
    int64_t span = rank ? rank & -rank : (int64_t)1 << EPMT_TREE_CHILDREN_MAX;

    shape->parent = rank ? rank & (rank - 1) : -1;
    shape->child_count = 0;
    for (int64_t distance = 1; distance < span && rank + distance < size; distance *= 2)
        shape->children[shape->child_count++] = (int)(rank + distance);
}

// Functions in the statistics: few programs call more than 50.
static uint32_t stats_functions(size_t chunk) {
    return chunk / 256 < 1024 ? (uint32_t)(chunk / 256) : 1024;
}

size_t epmt_tree_memory(const struct epmt_tree_shape *shape, size_t chunk) {
    return epmt_stats_memory(stats_functions(chunk)) + SLOTS * sizeof(uint32_t) +
           ((size_t)shape->child_count + 2) * chunk;
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
}

void epmt_tree_init(struct epmt_tree *tree, struct epmt_transport *transport,
                    const struct epmt_tree_shape *shape, size_t chunk, void *memory,
                    const struct epmt_fragment_header *about, const struct epmt_bytes *own,
                    size_t own_count, const struct epmt_tree_sink *sink) {
    uint8_t *at = memory;

    memset(tree, 0, sizeof *tree);
    tree->transport = transport;
    tree->shape = *shape;
    tree->chunk = chunk;
    tree->about = *about;
    tree->own = own;
    tree->own_count = own_count;
    tree->credit = true;
    if (shape->parent < 0)
        tree->sink = *sink;
    tree->stats = epmt_stats_init(at, stats_functions(chunk));
    epmt_stats_set_rank(tree->stats, about->image, about->rank);
    at += epmt_stats_memory(stats_functions(chunk));
    tree->slots = (uint32_t *)at;
    at += SLOTS * sizeof(uint32_t);
    for (int i = 0; i < 2; i++, at += chunk)
        tree->out_data[i] = at;
    for (int i = 0; i < shape->child_count; i++, at += chunk) {
        tree->child[i].peer = shape->children[i];
        tree->child[i].chunk = at;
        expect_chunk(tree, &tree->child[i]);
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
    if (tree->shape.parent < 0) {
        if (!tree->sink_failed && tree->sink.put(tree->sink.context, tree->out.data, len))
            tree->sink_failed = true;
    } else {
        // After every chunk the parent answers: "go on", or after the last one the outcome.
        tree->credit = false;
        if (t->receive(t, tree->shape.parent, EPMT_TAG_CONTROL, &tree->control,
                       sizeof tree->control, &tree->control_request) ||
            t->send(t, tree->shape.parent, EPMT_TAG_ROWS, tree->out.data, len, &tree->up_request))
            tree->outcome = EPMT_TREE_FAILED;
        tree->filling = !tree->filling;
    }
    start_out(tree);
    return true;
}

// Puts the decoded row into the chunk, sending a full one on. Returns false where it has to wait.
static bool take_row(struct epmt_tree *tree) {
    while (epmt_fragment_add_row(&tree->out, &tree->row)) {
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

// Moves the rows of one fragment into the chunk; source: 0 of this rank, i + 1 of child i. Returns
// false where it has to wait.
static bool take_rows(struct epmt_tree *tree, struct epmt_fragment_reader *reader, int source) {
    int got = 1;

    if (tree->row_waits && !take_row(tree))
        return false;
    while ((got = epmt_fragment_next(reader, &tree->row, NULL)) > 0) {
        if (epmt_stats_take(tree->stats, source, &tree->row))
            continue;
        tree->row_waits = true;
        if (!take_row(tree))
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
        for (int i = 0; i < tree->shape.child_count; i++) {
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
    for (int i = 0; i < tree->shape.child_count; i++)
        *all &= tree->child[i].done;
    return moved;
}

// Adds the statistics over this rank and those below. Returns false where it has to wait.
static bool put_stats(struct epmt_tree *tree) {
    epmt_stats_close(tree->stats);
    while (tree->row_waits || epmt_stats_next(tree->stats, &tree->row)) {
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
    for (int i = 0; i < tree->shape.child_count; i++)
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
            if (tree->shape.parent < 0)
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

    for (int i = 0; i < tree->shape.child_count; i++) {
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
    for (int i = 0; i < tree->shape.child_count; i++) {
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
