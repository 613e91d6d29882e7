// SPDX-License-Identifier: Apache-2.0
// MPI_Finalize, in order: freeze and journal this rank's records, wait for all ranks, reduce them
// to rank 0, which feeds epmt-jobwriter, tell the outcome, trim the journals. Past a time limit
// the journals stand and the program finalizes as if nothing had been.
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "aggregator/hostfold.h"
#include "aggregator/placement.h"
#include "aggregator/streamfile.h"
#include "aggregator/writer.h"
#include "common/fmt.h"
#include "common/prim.h"
#include "pmpi/announce.h"
#include "pmpi/hooks.h"
#include "pmpi/profile.h"
#include "pmpi/variables.h"
#include "pmpi/world.h"

#include "common/poison.h"

// A chunk is no smaller: most rows fit it.
#define CHUNK_MIN ((size_t)4096)
#define CHUNK_MAX ((size_t)16 << 20)

struct reduction {
    const struct epmt_mpi_backend *backend;
    struct epmt_mpi_world world;
    struct epmt_fragment_header about;
    struct epmt_hostfold host;
    bool leader;                     // of this host
    bool partial;                    // rows of this rank are not among the pieces
    bool abandoned;                  // messages were
    const struct epmt_bytes *pieces; // own fragments, and the host's where leader
    size_t piece_count;
    struct epmt_writer writer;
    struct epmt_streamfile stream; // in its place, where it cannot be started
    char program[PATH_MAX];        // epmt-jobwriter
    uint64_t until_ns;
    uint64_t writer_until_ns; // earlier, so that a failure can still be told to all in time
};

static uint64_t seconds_from_now(uint64_t seconds) {
    return epmt_prim_clock_ns(CLOCK_MONOTONIC) + seconds * UINT64_C(1000000000);
}

// Waits a little, longer the longer nothing happened: the CPU belongs to the ranks that still work.
// Where ranks share a core, to yield is not enough: all who wait take their turns; nor are short
// naps, since to ask MPI costs as much. A nap is a small part of what has been waited.
static void pause_after(unsigned idle) {
    struct timespec nap = {0, idle < 200 ? (long)idle * 10000 : 2000000};

    if (idle < 4)
        epmt_prim_yield();
    else
        epmt_prim_sleep(&nap);
}

// A number that the launcher left in the environment, or `otherwise`.
static int64_t launcher_number(const char *const variables[2], int64_t otherwise) {
    int64_t number;

    for (unsigned i = 0; i < 2; i++) {
        const char *value = epmt_environment_get(epmt_mpi_hooks->envp, variables[i]);
        if (value && epmt_parse_whole_i64(value, &number))
            return number;
    }
    return otherwise;
}

// Ranks on this host; 0 where the launcher does not say.
static int64_t local_size(int64_t world_size) {
    static const char *const variables[2] = {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"};
    int64_t size = launcher_number(variables, 0);

    // A program that a rank started on its own has inherited the variable.
    return size < world_size ? size : world_size;
}

// This rank's number among them.
static int64_t local_number(void) {
    static const char *const variables[2] = {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID"};

    return launcher_number(variables, 0);
}

static void read_host(struct reduction *r) {
    epmt_hostfold_fini(&r->host);
    epmt_hostfold_read(&r->host, epmt_mpi_hooks->journal, r->about.step, r->world.rank);
}

static bool is_here(struct reduction *r, int64_t size) {
    return r->host.rank_count >= (uint64_t)size ||
           r->host.rank_count + epmt_announced(r->about.step, size) >= (uint64_t)size;
}

// Waits until each rank of this host has left the record of its rank. Some that never do run
// without the preload: then no communicator may be begun, since a request that stays is reported
// by some MPIs (UCX, on the program's standard output).
static bool host_is_whole(struct reduction *r) {
    uint64_t until = seconds_from_now(epmt_mpi_hooks->settings->partial_timeout);
    const struct timespec nap = {0, 10000000};
    int64_t size = local_size(r->world.size);

    read_host(r);
    while (size > 0 && r->host.own_rank && !r->host.given_up && !is_here(r, size)) {
        if (epmt_prim_clock_ns(CLOCK_MONOTONIC) > until)
            return false;
        epmt_prim_sleep(&nap);
        read_host(r);
    }
    return !r->host.given_up;
}

// A rank without a journal does not know who carries the preload: its wait is short, unless all of
// its host are without one.
static bool may_wait_long(struct reduction *r) {
    int64_t size = local_size(r->world.size);

    return r->host.own_rank || (size > 0 && epmt_announced(r->about.step, size) >= (uint64_t)size);
}

// Whether the program ever made a kind of attribute.
static bool makes_attributes(void) {
    return epmt_mpi_was_called(EPMT_MPI_Comm_create_keyval) ||
           epmt_mpi_was_called(EPMT_MPI_Keyval_create);
}

static bool wait_for_all(struct reduction *r) {
    const struct epmt_settings *settings = epmt_mpi_hooks->settings;
    uint64_t until = seconds_from_now(settings->arrival_timeout);
    uint64_t shorter = seconds_from_now(settings->partial_timeout);
    bool all_here = false;
    uint64_t look = seconds_from_now(1);
    bool may = may_wait_long(r);
    int there;

    if (r->backend->communicator_start(makes_attributes()))
        return false;
    for (unsigned idle = 0; !(there = r->backend->communicator_test()); idle++) {
        uint64_t now = epmt_prim_clock_ns(CLOCK_MONOTONIC);
        if (now > look) {
            read_host(r);
            may |= may_wait_long(r);
            look = seconds_from_now(1);
            // Collectives that the program left unmatched keep ours from ending: who waits for
            // nobody does not wait as long as for somebody.
            if (!all_here && r->host.end_count >= (uint64_t)r->world.size) {
                all_here = true;
                until = seconds_from_now(settings->finalize_timeout);
            }
        }
        if (now > (may ? until : shorter) || r->host.given_up)
            return false;
        pause_after(idle);
    }
    return there > 0;
}

static bool all_have_come(struct reduction *r) {
    bool come = host_is_whole(r);
    int announced = -1;

    if (!r->host.own_rank)
        announced = epmt_announce(r->about.step, local_number());
    if (come) {
        come = wait_for_all(r);
        r->backend->communicator_end();
    }
    if (announced >= 0)
        epmt_prim_close(announced);
    return come;
}

// Tells the ranks of this host not to wait for this one.
static void give_up(struct reduction *r) {
    uint8_t memory[EPMT_FRAGMENT_HEADER_LEN];
    struct epmt_fragment fragment;
    struct epmt_fragment_header header = r->about;

    header.flags |= EPMT_FRAGMENT_LEFT;
    epmt_fragment_init(&fragment, memory, sizeof memory, NULL, 0);
    epmt_mpi_hooks->append(memory, epmt_fragment_seal(&fragment, &header));
    epmt_mpi_hooks->log(0, "not all ranks came to MPI_Finalize in time, with the preload");
}

// Before there is a row: what the writer does to begin with overlaps the ranks' messages.
static void start_sink(struct reduction *r) {
    int status = epmt_writer_start(&r->writer, r->program, r->writer_until_ns);

    if (!status)
        return;
    epmt_mpi_hooks->log(0, "%s cannot be started: error %d", r->program, -status);
    status =
        epmt_streamfile_start(&r->stream, epmt_mpi_hooks->journal, r->about.step, r->about.image);
    if (status)
        epmt_mpi_hooks->log(0, "the stream cannot be kept: error %d", -status);
}

static int put(void *context, const void *fragment, size_t len) {
    struct reduction *r = context;
    int status;

    if (r->writer.fd < 0 && r->stream.fd < 0)
        status = -EPIPE;
    else
        status = r->stream.fd < 0 ? epmt_writer_put(&r->writer, fragment, len)
                                  : epmt_streamfile_put(&r->stream, fragment, len);
    if (status)
        epmt_mpi_hooks->log(0, "the rows go nowhere: error %d", -status);
    return status;
}

static int finish(void *context) {
    struct reduction *r = context;
    int status =
        r->stream.fd < 0 ? epmt_writer_finish(&r->writer) : epmt_streamfile_finish(&r->stream);

    if (status)
        epmt_mpi_hooks->log(0, "%s failed: %d", r->program, status);
    return status;
}

// Own fragments, the job's attributes at rank 0, and what the leader took from the journal. Where
// memory is missing, less: the others count on this rank's part in the reduction all the same.
static void gather_pieces(struct reduction *r, const struct epmt_bytes *own, size_t own_count) {
    struct epmt_mpi_facts facts;
    size_t count = 0;

    size_t budget = (size_t)epmt_mpi_hooks->settings->memory_mib << 19;
    if (r->leader && epmt_hostfold_choose(&r->host, r->about.step, budget))
        r->leader = false;
    if (r->leader && r->host.window < r->host.fragments)
        epmt_mpi_hooks->log(0, "the journal is large: some of it stays");
    size_t most = own_count + r->host.taken_count + 1;
    struct epmt_bytes *pieces = epmt_prim_map(most * sizeof *pieces);
    r->partial = !own_count || !pieces;
    if (!pieces) {
        r->leader = false;
        r->pieces = own;
        r->piece_count = own_count;
        return;
    }
    if (r->world.rank == 0)
        pieces[count++] = epmt_mpi_hooks->job(epmt_mpi_facts(&facts, &r->world));
    if (own_count)
        memcpy(pieces + count, own, own_count * sizeof *own);
    count += own_count;
    if (r->leader) {
        memcpy(pieces + count, r->host.taken, r->host.taken_count * sizeof *own);
        count += r->host.taken_count;
    }
    r->pieces = pieces;
    r->piece_count = count;
}

// Past the limit: the others' reduction fails as well, or goes on without an answer from here.
static bool is_late(struct reduction *r) {
    if (epmt_prim_clock_ns(CLOCK_MONOTONIC) <= r->until_ns)
        return false;
    epmt_mpi_hooks->log(0, "the reduction took too long");
    r->abandoned = true;
    return true;
}

// Memory of one rank's part in the reduction.
struct room {
    char *pages; // NULL: it is the spare one
    size_t len;
    struct epmt_agreement *agreement;
    struct epmt_tree *tree;
    struct epmt_tree_child *children;
    void *work;
    size_t chunk;
    int32_t *list;
    size_t list_len;
};

static size_t room_len(int children, size_t chunk) {
    return sizeof(struct epmt_agreement) + sizeof(struct epmt_tree) +
           (size_t)children * sizeof(struct epmt_tree_child) + epmt_tree_memory(children, chunk);
}

// The largest chunk that the setting, and the memory there is, allow: half of the setting is for
// the host's journal and the list. A rank that gets none uses the spare room: it must not be
// missing, since the others would wait for it.
static void make_room(struct room *room, int size) {
    static _Alignas(64) char spare[256 << 10];
    const struct epmt_settings *settings = epmt_mpi_hooks->settings;
    int children = epmt_placement_children_max(size);
    size_t budget = (size_t)settings->memory_mib << 19;
    char *at;

    room->chunk = settings->chunk_kib << 10;
    if (room->chunk < CHUNK_MIN || room->chunk > CHUNK_MAX)
        room->chunk = room->chunk < CHUNK_MIN ? CHUNK_MIN : CHUNK_MAX;
    while (room->chunk > CHUNK_MIN && room_len(children, room->chunk) > budget)
        room->chunk /= 2;
    do {
        room->len = room_len(children, room->chunk);
        room->pages = epmt_prim_map(room->len);
    } while (!room->pages && (room->chunk /= 2) >= CHUNK_MIN);
    if (!room->pages) {
        room->chunk = CHUNK_MIN;
        while (room_len(children, room->chunk * 2) <= sizeof spare)
            room->chunk *= 2;
        epmt_mpi_hooks->log(0, "no memory for the reduction");
    }
    at = room->pages ? room->pages : spare;
    room->agreement = (struct epmt_agreement *)at;
    room->tree = (struct epmt_tree *)(room->agreement + 1);
    room->children = (struct epmt_tree_child *)(room->tree + 1);
    room->work = room->children + children;
    room->list_len = (size_t)size * sizeof *room->list;
    room->list = room->list_len <= budget / 4 ? epmt_prim_map(room->list_len) : NULL;
}

// Which tree it is, as all ranks see it. Returns 0 or -1.
static int agree(struct reduction *r, struct epmt_transport *transport, struct room *room,
                 struct epmt_tree_shape *shape) {
    struct epmt_host_ranks host = {r->world.rank, r->world.rank, 1, 0};
    struct epmt_agreement *agreement = room->agreement;
    unsigned idle = 0;

    if (r->host.own_rank)
        host = (struct epmt_host_ranks){r->host.lowest_rank, r->host.highest_rank,
                                        (int)r->host.rank_count, r->host.stride};
    epmt_agreement_init(agreement, transport, &host, room->chunk, room->list);
    while (agreement->phase != ENDED) {
        idle = epmt_agreement_step(agreement) ? 0 : idle + 1;
        if (agreement->phase != ENDED && is_late(r))
            epmt_agreement_abandon(agreement);
        else if (idle)
            pause_after(idle);
    }
    if (agreement->failed)
        return -1;
    room->chunk = agreement->chunk;
    epmt_placement_shape(&agreement->placement, r->world.rank, r->world.size, shape);
    epmt_mpi_hooks->log(1, "placement %d of %d, chunk %lu, parent %d",
                        (int)agreement->placement.kind, agreement->placement.width,
                        (unsigned long)room->chunk, shape->parent);
    return 0;
}

static void pass_journal(void *context, const void *at) {
    epmt_hostfold_pass(context, at);
}

static enum epmt_tree_outcome run_tree(struct reduction *r, struct epmt_tree *tree) {
    unsigned idle = 0;

    while (tree->outcome == EPMT_TREE_PENDING || !epmt_tree_settled(tree)) {
        idle = epmt_tree_step(tree) ? 0 : idle + 1;
        if (is_late(r)) {
            epmt_tree_abandon(tree);
            break;
        }
        if (idle)
            pause_after(idle);
    }
    return tree->outcome;
}

static enum epmt_tree_outcome reduce(struct reduction *r) {
    struct epmt_transport transport = {.rank = r->world.rank, .size = r->world.size};
    struct epmt_tree_sink sink = {put, finish, r};
    enum epmt_tree_outcome outcome = EPMT_TREE_FAILED;
    struct epmt_tree_shape shape;
    struct room room;

    if (r->world.rank == 0)
        start_sink(r);
    r->backend->transport(&transport);
    make_room(&room, r->world.size);
    if (!agree(r, &transport, &room, &shape)) {
        epmt_tree_init(room.tree, &transport, &shape, room.chunk, room.children, room.work,
                       &r->about, r->pieces, r->piece_count, &sink);
        room.tree->partial |= r->partial;
        room.tree->own_passed = pass_journal;
        room.tree->own_context = &r->host;
        outcome = run_tree(r, room.tree);
    }
    // After a failure or a time limit nobody has ended it.
    epmt_writer_abandon(&r->writer);
    epmt_streamfile_abandon(&r->stream);
    // An abandoned message may still be under way: its memory stays.
    if (!r->abandoned && outcome != EPMT_TREE_FAILED) {
        if (room.pages)
            epmt_prim_unmap(room.pages, room.len);
        if (room.list)
            epmt_prim_unmap(room.list, room.list_len);
    }
    return outcome;
}

void epmt_mpi_reduce(void) {
    // Once in a process, and not on a stack that may not grow any more.
    static struct reduction r = {.writer.fd = -1, .stream.fd = -1};
    struct epmt_bytes *own;

    r.backend = epmt_mpi_detach(&r.world);
    if (!r.backend)
        return;
    epmt_fmt(r.program, sizeof r.program, "%s/libexec/epmt/epmt-jobwriter",
             epmt_mpi_hooks->prefix());
    epmt_mpi_variables_collect(r.backend, &r.world);
    size_t own_count = epmt_mpi_hooks->freeze(&own);
    r.about = epmt_mpi_hooks->header();
    if (!all_have_come(&r)) {
        give_up(&r);
        epmt_hostfold_fini(&r.host);
        return;
    }
    // Now the records of all ranks are in the journals: the lowest one of a host leads it.
    read_host(&r);
    r.leader = r.host.lowest_rank == r.world.rank;
    uint64_t limit = epmt_mpi_hooks->settings->finalize_timeout;
    r.until_ns = seconds_from_now(limit);
    r.writer_until_ns = r.until_ns - limit * UINT64_C(1000000000) / 4;
    gather_pieces(&r, own, own_count);
    enum epmt_tree_outcome outcome = reduce(&r);
    epmt_mpi_hooks->log(1, "reduction: outcome %d", outcome);
    if (outcome == EPMT_TREE_WRITTEN && r.leader)
        epmt_hostfold_trim(&r.host, epmt_mpi_hooks->journal, 1000);
    epmt_hostfold_fini(&r.host);
}
