// SPDX-License-Identifier: Apache-2.0
#include "storage/proctree.h"

#include <stdlib.h>

#include "common/hash.h"

struct node {
    uint64_t image;
    uint64_t host; // hash of host, boot and pid namespace
    int64_t pid, ppid;
    int64_t begin;          // ns
    int64_t end;            // INT64_MAX where the process may have gone on
    int64_t cpu, inclusive; // us; -1: not known
    uint32_t parent, depth;
    bool known; // begin and pid are: it can be a parent
};

struct epmt_proctree {
    struct node *nodes;
    uint32_t count, cap;
    uint32_t *slots;     // node + 1 by hash of the image, 0 empty
    uint32_t slot_count; // a power of two
};

// The final record is made a little before the process is gone, and the child's first one a little
// after it began: a parent may seem to have ended that long before.
#define SLACK_NS INT64_C(1000000000)

struct epmt_proctree *epmt_proctree_create(void) {
    return calloc(1, sizeof(struct epmt_proctree));
}

void epmt_proctree_destroy(struct epmt_proctree *tree) {
    if (!tree)
        return;
    free(tree->nodes);
    free(tree->slots);
    free(tree);
}

static uint32_t slot_of(const struct epmt_proctree *tree, uint64_t image) {
    // An image is a hash already, but a foreign file's need not be.
    uint64_t hash = epmt_hash_finish(epmt_hash_u64(EPMT_HASH_START, image));
    uint32_t slot = (uint32_t)hash & (tree->slot_count - 1);

    while (tree->slots[slot] && tree->nodes[tree->slots[slot] - 1].image != image)
        slot = (slot + 1) & (tree->slot_count - 1);
    return slot;
}

static int grow_slots(struct epmt_proctree *tree) {
    uint32_t slot_count = tree->slot_count ? tree->slot_count * 2 : 256;
    uint32_t *slots = slot_count ? calloc(slot_count, sizeof *slots) : NULL;

    if (!slots)
        return -1;
    free(tree->slots);
    tree->slots = slots;
    tree->slot_count = slot_count;
    for (uint32_t i = 0; i < tree->count; i++) {
        uint32_t slot = slot_of(tree, tree->nodes[i].image);
        if (!slots[slot])
            slots[slot] = i + 1;
    }
    return 0;
}

static int make_room(struct epmt_proctree *tree) {
    if (tree->count >= UINT32_MAX / 2)
        return -1;
    if (tree->count / 2 >= tree->slot_count / 3 && grow_slots(tree))
        return -1;
    if (tree->count < tree->cap)
        return 0;
    uint32_t cap = tree->cap ? tree->cap + tree->cap / 2 : 64;
    struct node *nodes = realloc(tree->nodes, cap * sizeof *nodes);
    if (!nodes)
        return -1;
    tree->nodes = nodes;
    tree->cap = cap;
    return 0;
}

static uint64_t hash_text(uint64_t hash, const struct epmt_record *process, int column) {
    if (epmt_record_has(process, column)) {
        struct epmt_bytes text = process->value[column].text;
        hash = epmt_hash_bytes(hash, text.data, text.len);
    }
    return epmt_hash_u64(hash, 0);
}

static uint64_t host_of(const struct epmt_record *process) {
    uint64_t hash = hash_text(EPMT_HASH_START, process, EPMT_COL_hostname);

    hash = hash_text(hash, process, EPMT_COL_bootid);
    if (epmt_record_has(process, EPMT_COL_pidns))
        hash = epmt_hash_u64(hash, process->value[EPMT_COL_pidns].u);
    return epmt_hash_finish(hash);
}

static int64_t value_i(const struct epmt_record *process, int column, int64_t missing) {
    return epmt_record_has(process, column) ? process->value[column].i : missing;
}

// Fills in begin and end. They are told by the boot clock, which nobody sets, and the duration.
static void set_life(struct node *node, const struct epmt_record *process) {
    int64_t start = value_i(process, EPMT_COL_start, -1);
    int64_t end = value_i(process, EPMT_COL_end, -1);
    int64_t state = value_i(process, EPMT_COL_state, EPMT_STATE_running);
    int64_t life;

    node->end = INT64_MAX;
    node->begin = value_i(process, EPMT_COL_imagestart, -1);
    if (node->begin < 0 && (start < 0 || __builtin_mul_overflow(start, 1000, &node->begin)))
        node->begin = -1;
    // Only of these two it is known that nothing of the process went on after `end`.
    if (state != EPMT_STATE_exited && state != EPMT_STATE_signaled)
        return;
    if (node->begin < 0 || start < 0 || end < start ||
        __builtin_mul_overflow(end - start, 1000, &life) ||
        __builtin_add_overflow(life, SLACK_NS, &life) ||
        __builtin_add_overflow(node->begin, life, &node->end))
        node->end = INT64_MAX;
}

int64_t epmt_cpu_time(const struct epmt_record *process) {
    int64_t user = value_i(process, EPMT_COL_usertime, -1);
    int64_t system = value_i(process, EPMT_COL_systemtime, -1);
    int64_t sum;

    if (user < 0 || system < 0)
        return user < 0 ? (system < 0 ? -1 : system) : user;
    return __builtin_add_overflow(user, system, &sum) ? INT64_MAX : sum;
}

int epmt_proctree_add(struct epmt_proctree *tree, const struct epmt_record *process) {
    if (make_room(tree))
        return -1;
    struct node *node = &tree->nodes[tree->count];
    *node = (struct node){
        .image = (uint64_t)value_i(process, EPMT_COL_image, 0),
        .host = host_of(process),
        .pid = value_i(process, EPMT_COL_pid, -1),
        .ppid = value_i(process, EPMT_COL_ppid, -1),
        .cpu = epmt_cpu_time(process),
        .parent = EPMT_PROCTREE_NONE,
    };
    node->inclusive = node->cpu;
    set_life(node, process);
    node->known = node->begin >= 0 && node->pid > 0;
    uint32_t slot = slot_of(tree, node->image);
    tree->count++;
    if (!tree->slots[slot])
        tree->slots[slot] = tree->count;
    return 0;
}

uint32_t epmt_proctree_count(const struct epmt_proctree *tree) {
    return tree->count;
}

uint32_t epmt_proctree_find(const struct epmt_proctree *tree, uint64_t image) {
    if (!tree->count)
        return EPMT_PROCTREE_NONE;
    uint32_t slot = slot_of(tree, image);
    return tree->slots[slot] ? tree->slots[slot] - 1 : EPMT_PROCTREE_NONE;
}

static int compare(uint64_t host, int64_t pid, int64_t begin, const struct node *b) {
    if (host != b->host)
        return host < b->host ? -1 : 1;
    if (pid != b->pid)
        return pid < b->pid ? -1 : 1;
    return (begin > b->begin) - (begin < b->begin);
}

static int by_host_pid_begin(const void *a, const void *b, void *context) {
    const struct node *nodes = context;
    const struct node *x = &nodes[*(const uint32_t *)a];

    return compare(x->host, x->pid, x->begin, &nodes[*(const uint32_t *)b]);
}

static uint32_t parent_of(const struct node *nodes, const uint32_t *order, uint32_t count,
                          const struct node *child) {
    uint32_t low = 0, high = count; // the first one that is not before (host, ppid, begin)

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(child->host, child->ppid, child->begin, &nodes[order[middle]]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return EPMT_PROCTREE_NONE;
    const struct node *parent = &nodes[order[low - 1]];
    if (parent->host != child->host || parent->pid != child->ppid || parent->end < child->begin)
        return EPMT_PROCTREE_NONE;
    return order[low - 1];
}

static void add_to_parent(struct node *parent, const struct node *child) {
    if (child->inclusive < 0)
        return;
    if (parent->inclusive < 0)
        parent->inclusive = 0;
    if (__builtin_add_overflow(parent->inclusive, child->inclusive, &parent->inclusive))
        parent->inclusive = INT64_MAX;
}

// Every process after all its children, in `order`; children[i] counts those of i that are yet to
// come, and is 0 in the end.
static void sum_up(struct epmt_proctree *tree, uint32_t *order, uint32_t *children) {
    uint32_t end = 0;

    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->nodes[i].parent != EPMT_PROCTREE_NONE)
            children[tree->nodes[i].parent]++;
    }
    for (uint32_t i = 0; i < tree->count; i++) {
        if (!children[i])
            order[end++] = i;
    }
    for (uint32_t at = 0; at < end; at++) {
        uint32_t parent = tree->nodes[order[at]].parent;
        if (parent == EPMT_PROCTREE_NONE)
            continue;
        add_to_parent(&tree->nodes[parent], &tree->nodes[order[at]]);
        if (!--children[parent])
            order[end++] = parent;
    }
    while (end--) {
        struct node *node = &tree->nodes[order[end]];
        node->depth = node->parent == EPMT_PROCTREE_NONE ? 0 : tree->nodes[node->parent].depth + 1;
    }
}

int epmt_proctree_link(struct epmt_proctree *tree) {
    uint32_t *order = malloc((tree->count + 1) * sizeof *order);
    uint32_t *children = calloc(tree->count + 1, sizeof *children);
    uint32_t count = 0;

    if (!order || !children) {
        free(order);
        free(children);
        return -1;
    }
    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->nodes[i].known)
            order[count++] = i;
    }
    qsort_r(order, count, sizeof *order, by_host_pid_begin, tree->nodes);
    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->nodes[i].begin >= 0 && tree->nodes[i].ppid > 0)
            tree->nodes[i].parent = parent_of(tree->nodes, order, count, &tree->nodes[i]);
    }
    sum_up(tree, order, children);
    free(order);
    free(children);
    return 0;
}

uint32_t epmt_proctree_parent(const struct epmt_proctree *tree, uint32_t i) {
    return tree->nodes[i].parent;
}

uint32_t epmt_proctree_depth(const struct epmt_proctree *tree, uint32_t i) {
    return tree->nodes[i].depth;
}

int64_t epmt_proctree_cpu(const struct epmt_proctree *tree, uint32_t i) {
    return tree->nodes[i].cpu;
}

int64_t epmt_proctree_inclusive(const struct epmt_proctree *tree, uint32_t i) {
    return tree->nodes[i].inclusive;
}
