// SPDX-License-Identifier: Apache-2.0
// MPI_Finalize, in order: freeze and journal this rank's records, wait for all ranks, reduce them
// to rank 0, which feeds epmt-jobwriter, tell the outcome, trim the journals. Past a time limit
// the journals stand and the program finalizes as if nothing had been.
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "aggregator/hostfold.h"
#include "aggregator/tree.h"
#include "aggregator/writer.h"
#include "common/fmt.h"
#include "common/prim.h"
#include "pmpi/hooks.h"
#include "pmpi/variables.h"
#include "pmpi/world.h"

#include "common/poison.h"

// Chunk of a rank without memory: its tree with all its children fits 64 KiB then.
#define SPARE_CHUNK 1024

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
    char program[PATH_MAX]; // epmt-jobwriter
    uint64_t until_ns;
    uint64_t writer_until_ns; // earlier, so that a failure can still be told to all in time
};

static uint64_t seconds_from_now(uint64_t seconds) {
    return epmt_prim_clock_ns(CLOCK_MONOTONIC) + seconds * UINT64_C(1000000000);
}

// Waits a little, longer the longer nothing happened: the CPU belongs to the ranks that still work.
static void pause_after(unsigned idle) {
    struct timespec nap = {0, idle < 1000 ? 50000 : 1000000};

    if (idle < 100)
        sched_yield();
    else
        clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
}

static int64_t local_size(int64_t world_size) {
    static const char *const variables[] = {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"};
    int64_t size = 0;

    for (unsigned i = 0; i < 2 && !size; i++) {
        const char *value = epmt_environment_get(epmt_mpi_hooks->envp, variables[i]);
        if (value && !epmt_parse_whole_i64(value, &size))
            size = 0;
    }
    // A program that a rank started on its own has inherited the variable.
    return size < world_size ? size : world_size;
}

static void read_host(struct reduction *r) {
    epmt_hostfold_fini(&r->host);
    epmt_hostfold_read(&r->host, epmt_mpi_hooks->journal, r->about.step, r->world.rank);
}

// Waits until each rank of this host has left the record of its rank. Some that never do run
// without the preload: then no communicator may be begun, since a request that stays is reported
// by some MPIs (UCX, on the program's standard output).
static bool host_is_whole(struct reduction *r) {
    uint64_t until = seconds_from_now(epmt_mpi_hooks->settings->partial_timeout);
    const struct timespec nap = {0, 10000000};
    int64_t size = local_size(r->world.size);

    read_host(r);
    while (size > 0 && r->host.own_rank && r->host.rank_count < (uint64_t)size) {
        if (r->host.given_up || epmt_prim_clock_ns(CLOCK_MONOTONIC) > until)
            return false;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
        read_host(r);
    }
    return !r->host.given_up;
}

static bool wait_for_all(struct reduction *r) {
    const struct epmt_settings *settings = epmt_mpi_hooks->settings;
    // Without a journal nobody knows who carries the preload: then the wait is short.
    uint64_t until =
        seconds_from_now(r->host.own_rank ? settings->arrival_timeout : settings->partial_timeout);
    uint64_t look = seconds_from_now(1);
    int there;

    if (r->backend->communicator_start())
        return false;
    for (unsigned idle = 0; !(there = r->backend->communicator_test()); idle++) {
        uint64_t now = epmt_prim_clock_ns(CLOCK_MONOTONIC);
        if (now > look) {
            read_host(r);
            look = seconds_from_now(1);
        }
        if (now > until || r->host.given_up)
            return false;
        pause_after(idle);
    }
    return there > 0;
}

static bool all_have_come(struct reduction *r) {
    bool come = host_is_whole(r);

    if (come) {
        come = wait_for_all(r);
        r->backend->communicator_end();
    }
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

static int put(void *context, const void *fragment, size_t len) {
    struct reduction *r = context;
    int status = 0;

    if (r->writer.fd < 0)
        status = epmt_writer_start(&r->writer, r->program, r->writer_until_ns);
    if (!status)
        status = epmt_writer_put(&r->writer, fragment, len);
    if (status)
        epmt_mpi_hooks->log(0, "%s: error %d", r->program, -status);
    return status;
}

static int finish(void *context) {
    struct reduction *r = context;
    int status = epmt_writer_finish(&r->writer);

    if (status)
        epmt_mpi_hooks->log(0, "%s failed: %d", r->program, status);
    return status;
}

// Own fragments, the job's attributes at rank 0, and what the leader took from the journal. Where
// memory is missing, less: the others count on this rank's part in the reduction all the same.
static void gather_pieces(struct reduction *r, const struct epmt_bytes *own, size_t own_count) {
    struct epmt_mpi_facts facts;
    size_t count = 0;

    if (r->leader && epmt_hostfold_choose(&r->host, r->about.step))
        r->leader = false;
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

static enum epmt_tree_outcome run_tree(struct reduction *r, struct epmt_tree *tree, void *memory,
                                       size_t chunk, const struct epmt_tree_shape *shape) {
    struct epmt_transport transport = {.rank = r->world.rank, .size = r->world.size};
    struct epmt_tree_sink sink = {put, finish, r};
    unsigned idle = 0;

    r->backend->transport(&transport);
    epmt_tree_init(tree, &transport, shape, chunk, memory, &r->about, r->pieces, r->piece_count,
                   &sink);
    tree->partial |= r->partial;
    while (tree->outcome == EPMT_TREE_PENDING || !epmt_tree_settled(tree)) {
        idle = epmt_tree_step(tree) ? 0 : idle + 1;
        if (epmt_prim_clock_ns(CLOCK_MONOTONIC) > r->until_ns) {
            epmt_mpi_hooks->log(0, "the reduction took too long");
            epmt_tree_abandon(tree);
            r->abandoned = true;
            break;
        }
        if (idle)
            pause_after(idle);
    }
    // After a failure or a time limit nobody has ended it.
    epmt_writer_abandon(&r->writer);
    return tree->outcome;
}

static enum epmt_tree_outcome reduce(struct reduction *r) {
    // For a rank that gets no memory: too small for others' chunks, so that the job file is
    // partial; without it they would wait for this rank until the time limit.
    static _Alignas(64) char spare[65536];
    const size_t tree_len = (sizeof(struct epmt_tree) + 63) & ~(size_t)63;
    struct epmt_tree_shape shape;
    size_t chunk = epmt_mpi_hooks->settings->chunk_kib << 10;

    epmt_tree_binomial(r->world.rank, r->world.size, &shape);
    size_t len = tree_len + epmt_tree_memory(&shape, chunk);
    char *pages = epmt_prim_map(len);
    if (!pages) {
        chunk = SPARE_CHUNK;
        epmt_mpi_hooks->log(0, "no memory for the reduction");
    }
    char *memory = pages ? pages : spare;
    enum epmt_tree_outcome outcome =
        run_tree(r, (struct epmt_tree *)memory, memory + tree_len, chunk, &shape);
    // An abandoned message may still be under way: its memory stays.
    if (pages && !r->abandoned && outcome != EPMT_TREE_FAILED)
        epmt_prim_unmap(pages, len);
    return outcome;
}

void epmt_mpi_reduce(void) {
    struct reduction r = {.writer.fd = -1};
    struct epmt_bytes *own;

    r.backend = epmt_mpi_detach(&r.world);
    if (!r.backend)
        return;
    epmt_fmt(r.program, sizeof r.program, "%s/libexec/epmt/epmt-jobwriter", epmt_mpi_hooks->prefix);
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
