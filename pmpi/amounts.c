// SPDX-License-Identifier: Apache-2.0
// What a call moves, from its arguments: `out` is what this process hands to MPI to be sent or
// written, `in` what MPI puts into its memory. A block that a collective call sends to many counts
// once. With MPI_IN_PLACE a call moves what it would without. Arguments that MPI ignores are not
// looked at: they may be anything.
#include "pmpi/counts.h"
#include "pmpi/extras.h"

#include "common/poison.h"

// A call and what is known of it.
struct moved {
    struct epmt_mpi_thread *thread;
    struct epmt_mpi_sum *sum;
    unsigned function;
    const struct epmt_mpi_call *call;
    const struct epmt_mpi_roles *roles;
};

static inline uint64_t count_at(const struct moved *m, uint8_t slot) {
    long value = m->call->slots[slot];

    return m->roles->wide ? (uint64_t)value : (uint64_t)(int)value;
}

// An element of an array of counts.
static inline uint64_t count_in(const struct moved *m, uint8_t slot, int index) {
    const void *counts = (const void *)m->call->slots[slot];

    return m->roles->wide ? ((const uint64_t *)counts)[index]
                          : (uint64_t)((const int *)counts)[index];
}

static inline uint64_t size_at(const struct moved *m, uint8_t slot) {
    return epmt_mpi_type_size(m->thread, epmt_mpi_handle(m->call->slots[slot]));
}

static inline uint64_t block(const struct moved *m, uint8_t count, uint8_t type) {
    uint64_t elements = count_at(m, count);

    return elements ? elements * size_at(m, type) : 0;
}

static inline uint64_t send_block(const struct moved *m) {
    return block(m, m->roles->send_count, m->roles->send_type);
}

static inline bool in_place(const struct moved *m, uint8_t slot) {
    return slot != EPMT_MPI_ABSENT && (uint64_t)m->call->slots[slot] == epmt_mpi_abi.in_place;
}

// The block for one rank, of a function with one count or an array of them.
static uint64_t part(const struct moved *m, uint8_t count, uint8_t counts, uint8_t type, int rank) {
    if (counts == EPMT_MPI_ABSENT)
        return block(m, count, type);
    uint64_t elements = count_in(m, counts, rank);
    return elements ? elements * size_at(m, type) : 0;
}

// The blocks for ranks 0 to n - 1.
static uint64_t parts(const struct moved *m, uint8_t count, uint8_t counts, uint8_t type,
                      uint8_t types, int n) {
    uint64_t sum = 0;

    if (counts == EPMT_MPI_ABSENT)
        return n > 0 ? (uint64_t)n * block(m, count, type) : 0;
    for (int i = 0; i < n; i++) {
        uint64_t elements = count_in(m, counts, i);
        if (elements && types != EPMT_MPI_ABSENT) {
            const void *list = (const void *)m->call->slots[types];
            elements *= epmt_mpi_type_size(m->thread, epmt_mpi_handle_at(list, (size_t)i));
        }
        sum += elements;
    }
    return sum && types == EPMT_MPI_ABSENT ? sum * size_at(m, type) : sum;
}

static uint64_t send_parts(const struct moved *m, int n) {
    const struct epmt_mpi_roles *r = m->roles;

    return parts(m, r->send_count, r->send_counts, r->send_type, r->send_types, n);
}

static uint64_t receive_parts(const struct moved *m, int n) {
    const struct epmt_mpi_roles *r = m->roles;

    return parts(m, r->receive_count, r->receive_counts, r->receive_type, r->receive_types, n);
}

static uint64_t send_part(const struct moved *m, int rank) {
    const struct epmt_mpi_roles *r = m->roles;

    return part(m, r->send_count, r->send_counts, r->send_type, rank);
}

static uint64_t receive_part(const struct moved *m, int rank) {
    const struct epmt_mpi_roles *r = m->roles;

    return part(m, r->receive_count, r->receive_counts, r->receive_type, rank);
}

// What this process is in a call with a root.
enum part_in_call { ROOT, MEMBER, OUTSIDE, REMOTE_ROOT };

static enum part_in_call part_in(const struct moved *m, const struct epmt_mpi_comm *comm) {
    int root = (int)m->call->slots[m->roles->root];

    if (!comm->inter)
        return root == comm->rank ? ROOT : MEMBER;
    return root == epmt_mpi_abi.root        ? REMOTE_ROOT
           : root == epmt_mpi_abi.proc_null ? OUTSIDE
                                            : MEMBER;
}

static struct epmt_mpi_amount of_bcast(const struct moved *m, const struct epmt_mpi_comm *comm) {
    enum part_in_call part = part_in(m, comm);

    if (part == OUTSIDE)
        return (struct epmt_mpi_amount){0, 0};
    uint64_t bytes = send_block(m);
    return part == MEMBER ? (struct epmt_mpi_amount){0, bytes} : (struct epmt_mpi_amount){bytes, 0};
}

static struct epmt_mpi_amount of_reduce(const struct moved *m, const struct epmt_mpi_comm *comm) {
    enum part_in_call part = part_in(m, comm);

    if (part == OUTSIDE)
        return (struct epmt_mpi_amount){0, 0};
    uint64_t bytes = send_block(m);
    return (struct epmt_mpi_amount){part == REMOTE_ROOT ? 0 : bytes, part == MEMBER ? 0 : bytes};
}

static struct epmt_mpi_amount of_gather(const struct moved *m, const struct epmt_mpi_comm *comm) {
    struct epmt_mpi_amount amount = {0, 0};
    enum part_in_call part = part_in(m, comm);

    if (part == ROOT || part == REMOTE_ROOT)
        amount.in = receive_parts(m, comm->peers);
    if (part == ROOT && in_place(m, m->roles->send_buffer))
        amount.out = receive_part(m, comm->rank);
    else if (part == ROOT || part == MEMBER)
        amount.out = send_block(m);
    return amount;
}

static struct epmt_mpi_amount of_scatter(const struct moved *m, const struct epmt_mpi_comm *comm) {
    struct epmt_mpi_amount amount = {0, 0};
    enum part_in_call part = part_in(m, comm);

    if (part == ROOT || part == REMOTE_ROOT)
        amount.out = send_parts(m, comm->peers);
    if (part == ROOT && in_place(m, m->roles->receive_buffer))
        amount.in = send_part(m, comm->rank);
    else if (part == ROOT || part == MEMBER)
        amount.in = block(m, m->roles->receive_count, m->roles->receive_type);
    return amount;
}

static struct epmt_mpi_amount of_allgather(const struct moved *m,
                                           const struct epmt_mpi_comm *comm) {
    struct epmt_mpi_amount amount = {0, receive_parts(m, comm->peers)};

    amount.out = in_place(m, m->roles->send_buffer) ? receive_part(m, comm->rank) : send_block(m);
    return amount;
}

static struct epmt_mpi_amount of_alltoall(const struct moved *m, const struct epmt_mpi_comm *comm) {
    struct epmt_mpi_amount amount = {0, receive_parts(m, comm->peers)};

    amount.out = in_place(m, m->roles->send_buffer) ? amount.in : send_parts(m, comm->peers);
    return amount;
}

// The counts are those of the own group, also between two groups.
static struct epmt_mpi_amount of_reduce_scatter(const struct moved *m,
                                                const struct epmt_mpi_comm *comm) {
    const struct epmt_mpi_roles *r = m->roles;

    return (struct epmt_mpi_amount){
        parts(m, r->send_count, r->receive_counts, r->send_type, EPMT_MPI_ABSENT, comm->size),
        part(m, r->send_count, r->receive_counts, r->send_type, comm->rank),
    };
}

static struct epmt_mpi_amount of_neighbor_allgather(const struct moved *m,
                                                    const struct epmt_mpi_comm *comm) {
    return (struct epmt_mpi_amount){send_block(m), receive_parts(m, comm->indegree)};
}

static struct epmt_mpi_amount of_neighbor_alltoall(const struct moved *m,
                                                   const struct epmt_mpi_comm *comm) {
    return (struct epmt_mpi_amount){send_parts(m, comm->outdegree),
                                    receive_parts(m, comm->indegree)};
}

static struct epmt_mpi_amount of_exscan(const struct moved *m, const struct epmt_mpi_comm *comm) {
    uint64_t bytes = send_block(m);

    return (struct epmt_mpi_amount){bytes, comm->rank ? bytes : 0};
}

static inline bool no_peer(const struct moved *m, uint8_t slot) {
    return (int)m->call->slots[slot] == epmt_mpi_abi.proc_null;
}

static struct epmt_mpi_amount of_fetch(const struct moved *m) {
    struct epmt_mpi_amount amount = {0, 0};
    const struct epmt_mpi_roles *r = m->roles;

    if (no_peer(m, r->peer))
        return amount;
    amount.in = block(m, r->receive_count, r->receive_type);
    if (epmt_mpi_handle(m->call->slots[r->op]) != epmt_mpi_abi.no_op)
        amount.out = send_block(m);
    return amount;
}

static inline bool counts_bytes(long result) {
    return (int)result == 0 && epmt_mpi_abi_known;
}

static inline void add(const struct moved *m, uint64_t out, uint64_t in) {
    m->sum->out += out;
    m->sum->in += in;
    if (__builtin_expect(epmt_mpi_extras & EPMT_MPI_SIZES, 0))
        epmt_mpi_size(m->function, out > in ? out : in);
}

// A message that is sent to the peer of a call.
static inline void to_peer(const struct moved *m, uint64_t bytes) {
    if (__builtin_expect(epmt_mpi_extras & EPMT_MPI_MESSAGES, 0) &&
        m->roles->comm != EPMT_MPI_ABSENT)
        epmt_mpi_message(epmt_mpi_handle(m->call->slots[m->roles->comm]),
                         (int)m->call->slots[m->roles->peer], bytes);
}

// A persistent request moves nothing yet: what it will is noted for MPI_Start. (Not by way of a
// pointer to what is known of the call: that would force it out of the registers in all calls.)
static __attribute__((noinline, cold)) void note_persistent(const struct epmt_mpi_call *call,
                                                            const struct epmt_mpi_roles *roles,
                                                            struct epmt_mpi_amount each,
                                                            bool receive) {
    struct epmt_mpi_entry entry = {
        .request = epmt_mpi_handle_at((const void *)call->slots[roles->request], 0),
        .each = receive ? (struct epmt_mpi_amount){0, 0} : each, // the status tells
        .posted = receive ? each.in : 0,
        .function = EPMT_MPI_Start,
        .receive = receive,
        .persistent = true,
        .message = true,
    };

    if (roles->peer != EPMT_MPI_ABSENT) {
        entry.to_peer = true;
        entry.peer = (int)call->slots[roles->peer];
        entry.comm = epmt_mpi_handle(call->slots[roles->comm]);
    }
    epmt_mpi_request_note(&entry);
}

static inline void add_or_note(const struct moved *m, struct epmt_mpi_amount amount) {
    if (__builtin_expect(m->roles->persistent, 0))
        note_persistent(m->call, m->roles, amount, false);
    else
        add(m, amount.out, amount.in);
}

#define AFTER(kind) \
    void epmt_mpi_after_##kind(const struct epmt_mpi_call *call, unsigned function, long result)

static inline struct moved moved(const struct epmt_mpi_call *call, unsigned function) {
    struct moved m = {.function = function, .call = call, .roles = &epmt_mpi_roles[function]};

    m.thread = epmt_mpi_time(function, &m.sum);
    __asm__("" : "+r"(m.roles)); // as there
    return m;
}

AFTER(NONE) {
    struct epmt_mpi_sum *sum;

    (void)call, (void)result;
    epmt_mpi_leave(epmt_mpi_time(function, &sum));
}

void epmt_mpi_before_ERRHANDLER(struct epmt_mpi_call *call, unsigned function) {
    (void)call, (void)function;
    epmt_mpi_errors_return = true;
}

AFTER(ERRHANDLER) {
    epmt_mpi_after_NONE(call, function, result);
}

AFTER(HANDLE_FREE) {
    epmt_mpi_after_NONE(call, function, result);
}

AFTER(SEND) {
    struct moved m = moved(call, function);

    if (counts_bytes(result) && !no_peer(&m, m.roles->peer)) {
        uint64_t bytes = send_block(&m);
        if (__builtin_expect(m.roles->persistent, 0)) {
            note_persistent(call, m.roles, (struct epmt_mpi_amount){bytes, 0}, false);
        } else {
            add(&m, bytes, 0);
            to_peer(&m, bytes);
        }
    }
    epmt_mpi_leave(m.thread);
}

static uint64_t partitions(const struct moved *m) {
    return (uint64_t)(int)m->call->slots[m->roles->partitions];
}

AFTER(PSEND) {
    struct moved m = moved(call, function);

    if (counts_bytes(result) && !no_peer(&m, m.roles->peer)) {
        uint64_t bytes = partitions(&m) * send_block(&m);
        note_persistent(call, m.roles, (struct epmt_mpi_amount){bytes, 0}, false);
    }
    epmt_mpi_leave(m.thread);
}

AFTER(PRECV) {
    struct moved m = moved(call, function);

    if (counts_bytes(result) && !no_peer(&m, m.roles->source)) {
        uint64_t posted = 0;
        if (epmt_mpi_counts_posted())
            posted = partitions(&m) * block(&m, m.roles->receive_count, m.roles->receive_type);
        note_persistent(call, m.roles, (struct epmt_mpi_amount){0, posted}, true);
    }
    epmt_mpi_leave(m.thread);
}

static inline const void *status_of(const struct moved *m) {
    return (const void *)m->call->slots[m->roles->status];
}

// A nonblocking receive: what comes is known when it is done.
static void note_receive(const struct moved *m) {
    struct epmt_mpi_entry entry = {
        .request = epmt_mpi_handle_at((const void *)m->call->slots[m->roles->request], 0),
        .function = m->roles->persistent ? EPMT_MPI_Start : m->function,
        .receive = true,
        .persistent = m->roles->persistent,
        .message = m->roles->comm != EPMT_MPI_ABSENT,
        .site = m->thread->site,
    };

    if (no_peer(m, m->roles->source))
        return;
    if (__builtin_expect(epmt_mpi_counts_posted(), 0))
        entry.posted = block(m, m->roles->receive_count, m->roles->receive_type);
    epmt_mpi_request_note(&entry);
}

// Where the program wants no status we do, of our own.
static inline void want_status(struct epmt_mpi_call *call, unsigned function) {
    uint8_t slot = epmt_mpi_roles[function].status;

    if (slot != EPMT_MPI_ABSENT && epmt_mpi_abi_known &&
        (uint64_t)call->slots[slot] == epmt_mpi_abi.status_ignore)
        call->slots[slot] = (long)call->status;
}

void epmt_mpi_before_RECV(struct epmt_mpi_call *call, unsigned function) {
    want_status(call, function);
}

void epmt_mpi_before_SENDRECV(struct epmt_mpi_call *call, unsigned function) {
    want_status(call, function);
}

AFTER(RECV) {
    struct moved m = moved(call, function);

    if (counts_bytes(result)) {
        if (m.roles->request != EPMT_MPI_ABSENT)
            note_receive(&m);
        else if (m.roles->status != EPMT_MPI_ABSENT)
            add(&m, 0, epmt_mpi_status_bytes(status_of(&m)));
    }
    epmt_mpi_leave(m.thread);
}

AFTER(SENDRECV) {
    struct moved m = moved(call, function);

    if (counts_bytes(result)) {
        uint64_t out = 0;
        if (!no_peer(&m, m.roles->peer)) {
            out = send_block(&m);
            to_peer(&m, out);
        }
        if (m.roles->request != EPMT_MPI_ABSENT) {
            note_receive(&m);
            add(&m, out, 0);
        } else {
            add(&m, out, epmt_mpi_status_bytes(status_of(&m)));
        }
    }
    epmt_mpi_leave(m.thread);
}

AFTER(ALLREDUCE) {
    struct moved m = moved(call, function);

    if (counts_bytes(result)) {
        uint64_t bytes = send_block(&m);
        add_or_note(&m, (struct epmt_mpi_amount){bytes, bytes});
    }
    epmt_mpi_leave(m.thread);
}

AFTER(PUT) {
    struct moved m = moved(call, function);

    if (counts_bytes(result) && !no_peer(&m, m.roles->peer))
        add(&m, send_block(&m), 0);
    epmt_mpi_leave(m.thread);
}

AFTER(GET) {
    struct moved m = moved(call, function);

    if (counts_bytes(result) && !no_peer(&m, m.roles->peer))
        add(&m, 0, block(&m, m.roles->receive_count, m.roles->receive_type));
    epmt_mpi_leave(m.thread);
}

AFTER(FETCH) {
    struct moved m = moved(call, function);

    if (counts_bytes(result)) {
        struct epmt_mpi_amount amount = of_fetch(&m);
        add(&m, amount.out, amount.in);
    }
    epmt_mpi_leave(m.thread);
}

// Those that must know the communicator.
#define AFTER_COLLECTIVE(kind, amount_of)                                                \
    AFTER(kind) {                                                                        \
        struct moved m = moved(call, function);                                          \
        const struct epmt_mpi_comm *comm = NULL;                                         \
        if (counts_bytes(result))                                                        \
            comm = epmt_mpi_comm(m.thread, epmt_mpi_handle(call->slots[m.roles->comm])); \
        if (comm)                                                                        \
            add_or_note(&m, amount_of(&m, comm));                                        \
        epmt_mpi_leave(m.thread);                                                        \
    }

AFTER_COLLECTIVE(BCAST, of_bcast)
AFTER_COLLECTIVE(REDUCE, of_reduce)
AFTER_COLLECTIVE(EXSCAN, of_exscan)
AFTER_COLLECTIVE(GATHER, of_gather)
AFTER_COLLECTIVE(SCATTER, of_scatter)
AFTER_COLLECTIVE(ALLGATHER, of_allgather)
AFTER_COLLECTIVE(ALLTOALL, of_alltoall)
AFTER_COLLECTIVE(REDUCE_SCATTER, of_reduce_scatter)
AFTER_COLLECTIVE(NEIGHBOR_ALLGATHER, of_neighbor_allgather)
AFTER_COLLECTIVE(NEIGHBOR_ALLTOALL, of_neighbor_alltoall)
