// SPDX-License-Identifier: Apache-2.0
// Not part of the guest: it allocates.
#include "aggregator/sim.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "aggregator/sim_rows.h"

// A receive that is posted, by one end of an edge of the tree.
struct box {
    uint8_t *data;
    size_t cap, len;
    double arrival; // of the message, ns
    bool posted, full;
};

enum request_kind { SENT = 1, FROM_CHILD, FROM_PARENT };

struct rank {
    struct epmt_transport transport;
    struct sim *sim;
    double clock, link_free; // ns
    struct box up, down;     // messages from this rank to its parent, and to it
    union {
        struct epmt_tree tree;
        struct epmt_agreement agreement;
    };
    struct epmt_tree_child *children;
    void *work;
    uint8_t *own;
    struct epmt_bytes piece;
    size_t peak;
    int16_t child_count;
    bool runs, begun;
};

#define POOL (EPMT_TREE_CHILDREN_MAX + 1)

struct sim {
    const struct epmt_sim_options *options;
    struct epmt_sim_result *result;
    struct rank *ranks;
    struct epmt_sim_rows rows;
    struct epmt_placement placement; // as agreed on
    int32_t *list;                   // of all ranks at once: each would get the same
    bool merging;                    // the tree; before that the agreement
    bool out_of_memory;
    void *pool[POOL]; // work memory given back, by number of children
    double other_s;   // spent on rows of our own and their check
};

void epmt_sim_defaults(struct epmt_sim_options *options) {
    *options = (struct epmt_sim_options){
        .ranks = 1024,
        .threads = 4,
        .functions = 2,
        .strings = 1000,
        .node = 64,
        .placement = EPMT_PLACEMENT_BLOCK,
        .chunk = 256 << 10,
        .limit = 64 << 20,
        .inside = {.latency = 500, .overhead = 200, .gap = 100, .per_byte = 0.1},
        .across = {.latency = 1500, .overhead = 500, .gap = 500, .per_byte = 0.08},
        .row_ns = 500,
        .sink_per_byte = 1,
    };
}

static double now_s(void) {
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct rank *rank_of(struct epmt_transport *transport) {
    return transport->context;
}

// Puts a message into the box at the other end.
static int deliver(struct rank *from, struct rank *to, struct box *box, const void *data,
                   size_t len) {
    const struct epmt_sim_options *options = from->sim->options;
    bool inside =
        epmt_sim_host(options, from->transport.rank) == epmt_sim_host(options, to->transport.rank);
    const struct epmt_sim_link *link = inside ? &options->inside : &options->across;
    double bytes = (double)len * link->per_byte;

    if (!box->posted || box->full || len > box->cap)
        return -1;
    memmove(box->data, data, len); // a list is the same memory at both ends
    box->len = len;
    box->full = true;
    from->clock += link->overhead;
    if (from->link_free > from->clock)
        from->clock = from->link_free;
    from->link_free = from->clock + (bytes > link->gap ? bytes : link->gap);
    box->arrival = from->clock + link->latency + bytes + link->overhead;
    return 0;
}

static bool is_child(const struct rank *rank, int peer) {
    if (!rank->sim->merging)
        return peer > rank->transport.rank;
    return peer != rank->tree.parent;
}

static int sim_send(struct epmt_transport *transport, int peer, enum epmt_tag tag, const void *data,
                    size_t len, struct epmt_request *request) {
    struct rank *from = rank_of(transport), *to = &from->sim->ranks[peer];
    struct epmt_sim_result *result = from->sim->result;

    *request = (struct epmt_request){.opaque = {SENT, (uint64_t)peer}, .active = true};
    if (tag == EPMT_TAG_PLACE) {
        result->agreement_messages++;
        result->agreement_bytes += len;
    } else {
        result->messages++;
        result->bytes += len;
    }
    if (tag == EPMT_TAG_ROWS) { // what it took to make it
        struct epmt_fragment_header header;
        memcpy(&header, data, sizeof header);
        from->clock += header.rows * from->sim->options->row_ns;
        result->root_messages += peer == 0;
    }
    return deliver(from, to, is_child(from, peer) ? &to->down : &from->up, data, len);
}

static int sim_receive(struct epmt_transport *transport, int peer, enum epmt_tag tag, void *data,
                       size_t cap, struct epmt_request *request) {
    struct rank *rank = rank_of(transport);
    bool from_child = is_child(rank, peer);
    struct box *box = from_child ? &rank->sim->ranks[peer].up : &rank->down;

    (void)tag;
    if (box->posted)
        return -1;
    *box = (struct box){.data = data, .cap = cap, .posted = true};
    *request = (struct epmt_request){
        .opaque = {from_child ? FROM_CHILD : FROM_PARENT, (uint64_t)peer}, .active = true};
    return 0;
}

static void run_until(struct rank *rank, const struct box *box);

static int sim_test(struct epmt_transport *transport, struct epmt_request *request) {
    struct rank *rank = rank_of(transport);
    struct box *box = &rank->down;

    if (request->opaque[0] == SENT) {
        request->active = false;
        return 1;
    }
    if (request->opaque[0] == FROM_CHILD) {
        struct rank *child = &rank->sim->ranks[request->opaque[1]];
        box = &child->up;
        if (!box->full && !child->runs)
            run_until(child, box);
    }
    if (!box->full)
        return 0;
    if (box->arrival > rank->clock)
        rank->clock = box->arrival;
    request->len = box->len;
    request->active = false;
    *box = (struct box){0};
    return 1;
}

static void sim_cancel(struct epmt_transport *transport, struct epmt_request *request) {
    (void)transport;
    request->active = false;
}

static void begin_agreement(struct rank *rank) {
    const struct epmt_sim_options *options = rank->sim->options;
    int self = rank->transport.rank, host = epmt_sim_host(options, self), width = options->node;
    struct epmt_host_ranks of_host = {.lowest = self, .highest = self, .count = 0};
    int hosts = (options->ranks + width - 1) / width, from = self - 2 * width, step = 1;

    // Members of a host are near each other, or a stride apart.
    if (options->placement == EPMT_PLACEMENT_CYCLIC) {
        from = host;
        step = hosts;
    }
    for (int64_t i = from < 0 ? 0 : from; i < options->ranks; i += step) {
        if (step == 1 && i > self + 2 * (int64_t)width)
            break;
        if (epmt_sim_host(options, (int)i) != host)
            continue;
        if (i < of_host.lowest)
            of_host.lowest = (int)i;
        if (i > of_host.highest)
            of_host.highest = (int)i;
        of_host.count++;
    }
    of_host.stride = of_host.count > 1 ? step : 0;
    epmt_agreement_init(&rank->agreement, &rank->transport, &of_host, options->chunk,
                        rank->sim->list);
}

static int sink_put(void *context, const void *fragment, size_t len) {
    struct sim *sim = context;
    double start = now_s();
    struct epmt_fragment_header header;

    memcpy(&header, fragment, sizeof header);
    sim->ranks[0].clock += header.rows * sim->options->row_ns;
    sim->ranks[0].clock += (double)len * sim->options->sink_per_byte;
    sim->result->sink_bytes += len;
    epmt_sim_rows_check(&sim->rows, fragment, len);
    sim->other_s += now_s() - start;
    return 0;
}

static int sink_finish(void *context) {
    (void)context;
    return 0;
}

// Work memory: pages that are given back to the next rank with as many children.
static void *take_work(struct sim *sim, int children, size_t len) {
    void *work = sim->pool[children];

    if (work) {
        memcpy(&sim->pool[children], work, sizeof work);
        return work;
    }
    work = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return work == MAP_FAILED ? NULL : work;
}

static void give_work(struct sim *sim, struct rank *rank) {
    memcpy(rank->work, &sim->pool[rank->child_count], sizeof(void *));
    sim->pool[rank->child_count] = rank->work;
    rank->work = NULL;
    free(rank->own);
    rank->own = NULL;
}

static void note_peak(struct sim *sim, struct rank *rank, size_t memory) {
    memory += sizeof rank->tree + (size_t)rank->child_count * sizeof *rank->children;
    if (sim->placement.kind == EPMT_PLACEMENT_LISTED)
        memory += (size_t)sim->options->ranks * sizeof *sim->list;
    if (rank->transport.rank == 0)
        sim->result->root_peak = memory;
    if (memory > sim->result->rank_peak) {
        sim->result->rank_peak = memory;
        sim->result->peak_rank = rank->transport.rank;
    }
}

static void begin_tree(struct rank *rank) {
    struct sim *sim = rank->sim;
    const struct epmt_sim_options *options = sim->options;
    struct epmt_tree_sink sink = {sink_put, sink_finish, sim};
    struct epmt_fragment_header about = {.rank = rank->transport.rank,
                                         .image = (uint64_t)rank->transport.rank + 1};
    struct epmt_tree_shape shape;
    size_t own = epmt_sim_rows_max(options);
    double start = now_s();

    epmt_placement_shape(&sim->placement, rank->transport.rank, options->ranks, &shape);
    size_t work = epmt_tree_memory(shape.child_count, options->chunk);
    rank->child_count = (int16_t)shape.child_count;
    rank->children = malloc(((size_t)shape.child_count + 1) * sizeof *rank->children);
    rank->own = malloc(own);
    rank->work = rank->own ? take_work(sim, shape.child_count, work) : NULL;
    if (!rank->children || !rank->work) {
        sim->out_of_memory = true;
        return;
    }
    rank->piece = (struct epmt_bytes){
        (char *)rank->own, epmt_sim_rows_make(&sim->rows, rank->transport.rank, rank->own, own)};
    note_peak(sim, rank, work + own);
    sim->other_s += now_s() - start;
    epmt_tree_init(&rank->tree, &rank->transport, &shape, options->chunk, rank->children,
                   rank->work, &about, &rank->piece, 1, &sink);
}

static bool step(struct rank *rank) {
    return rank->sim->merging ? epmt_tree_step(&rank->tree) : epmt_agreement_step(&rank->agreement);
}

// Runs a rank until the box is full, or it can do nothing more now.
static void run_until(struct rank *rank, const struct box *box) {
    struct sim *sim = rank->sim;

    rank->runs = true;
    if (!rank->begun) {
        rank->begun = true;
        if (sim->merging)
            begin_tree(rank);
        else
            begin_agreement(rank);
    }
    while (!sim->out_of_memory && !(box && box->full) && step(rank))
        ;
    if (sim->merging && rank->work && rank->tree.last_sent) {
        if (rank->tree.up_request.active)
            sim_test(&rank->transport, &rank->tree.up_request);
        give_work(sim, rank);
    }
    rank->runs = false;
}

static struct rank *make_ranks(struct sim *sim) {
    struct rank *ranks = calloc((size_t)sim->options->ranks, sizeof *ranks);

    for (int i = 0; ranks && i < sim->options->ranks; i++) {
        ranks[i].sim = sim;
        ranks[i].transport = (struct epmt_transport){
            .rank = i,
            .size = sim->options->ranks,
            .context = &ranks[i],
            .send = sim_send,
            .receive = sim_receive,
            .test = sim_test,
            .cancel = sim_cancel,
        };
    }
    return ranks;
}

// Up to the root by demand, then down: parents have lower ranks than their children.
static int agree(struct sim *sim) {
    for (int i = 0; i < sim->options->ranks; i++)
        run_until(&sim->ranks[i], NULL);
    for (int i = 0; i < sim->options->ranks; i++) {
        const struct epmt_agreement *agreement = &sim->ranks[i].agreement;
        if (agreement->phase != ENDED || agreement->failed ||
            agreement->placement.kind != sim->ranks[0].agreement.placement.kind ||
            agreement->placement.width != sim->ranks[0].agreement.placement.width)
            return -1;
    }
    sim->placement = sim->ranks[0].agreement.placement;
    sim->result->placement = sim->placement.kind;
    return 0;
}

static int merge(struct sim *sim) {
    double start = now_s();

    sim->merging = true;
    for (int i = 0; i < sim->options->ranks; i++) {
        sim->ranks[i].begun = false;
        sim->ranks[i].up = sim->ranks[i].down = (struct box){0};
    }
    run_until(&sim->ranks[0], NULL);
    sim->result->merge_s = now_s() - start - sim->other_s;
    return sim->ranks[0].tree.outcome == EPMT_TREE_WRITTEN ? 0 : -1;
}

// Tells the outcome, from the root on. A list of those whose turn it is.
static int tell(struct sim *sim) {
    int *turn = malloc((size_t)sim->options->ranks * sizeof *turn), count = 1;
    int *depth = calloc((size_t)sim->options->ranks, sizeof *depth);
    int status = turn && depth ? 0 : -1;

    if (turn)
        turn[0] = 0;
    for (int i = 0; i < count && !status; i++) {
        struct rank *rank = &sim->ranks[turn[i]];
        run_until(rank, NULL);
        sim->result->passed += rank->tree.rows;
        if (rank->tree.outcome != EPMT_TREE_WRITTEN || !epmt_tree_settled(&rank->tree))
            status = -1;
        for (int k = 0; k < rank->child_count && !status; k++) {
            int child = rank->children[k].peer;
            depth[child] = depth[turn[i]] + 1;
            if (depth[child] > sim->result->depth)
                sim->result->depth = depth[child];
            turn[count++] = child;
        }
        if (rank->clock > sim->result->modelled_s * 1e9)
            sim->result->modelled_s = rank->clock / 1e9;
    }
    if (count != sim->options->ranks)
        status = -1;
    free(turn);
    free(depth);
    return status;
}

static void fini(struct sim *sim) {
    for (int i = 0; sim->ranks && i < sim->options->ranks; i++) {
        free(sim->ranks[i].children);
        if (sim->ranks[i].work)
            give_work(sim, &sim->ranks[i]); // its own rows too
        else
            free(sim->ranks[i].own);
    }
    for (int n = 0; n < POOL; n++) {
        while (sim->pool[n]) {
            void *work = sim->pool[n];
            memcpy(&sim->pool[n], work, sizeof work);
            munmap(work, epmt_tree_memory(n, sim->options->chunk));
        }
    }
    epmt_sim_rows_fini(&sim->rows);
    free(sim->ranks);
    free(sim->list);
}

int epmt_sim_run(const struct epmt_sim_options *options, struct epmt_sim_result *result) {
    struct sim sim = {.options = options, .result = result};
    int status = -1;

    *result = (struct epmt_sim_result){0};
    sim.ranks = make_ranks(&sim);
    sim.list = malloc((size_t)options->ranks * sizeof *sim.list);
    if (!epmt_sim_rows_init(&sim.rows, options) && sim.ranks && sim.list)
        status = agree(&sim) || merge(&sim) || tell(&sim) ? -1 : 0;
    result->rows = sim.rows.count;
    result->doubled = sim.rows.doubled;
    result->wrong = sim.rows.wrong;
    result->statistics = sim.rows.statistics;
    result->lost = (uint64_t)options->ranks * (uint64_t)epmt_sim_rows_of_rank(options) -
                   (sim.rows.count - sim.rows.doubled);
    if (sim.ranks)
        result->rounds = sim.ranks[0].child_count;
    if (result->rank_peak > options->limit)
        status = -1;
    fini(&sim);
    return status;
}
