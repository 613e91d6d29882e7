// SPDX-License-Identifier: Apache-2.0
#include "pmpi/extras.h"

#include <stdatomic.h>
#include <string.h>

#include "common/fmt.h"
#include "common/prim.h"
#include "metadata/mpi_tables.h"
#include "pmpi/counts.h"
#include "pmpi/hooks.h"
#include "pmpi/profile_rows.h"

#include "common/poison.h"

#define BUCKETS 48  // 0, 1, 2, 4, ... bytes
#define PEERS 65536 // ranks that messages are sent to; more are not told apart
#define RANKS 4096  // translations of ranks that are remembered
#define ROW_MAX 96

unsigned epmt_mpi_extras;

struct tally {
    _Atomic uint64_t count, bytes;
};

struct peer {
    _Atomic int64_t rank; // in the world, plus 2; 1: in no world of ours; 0: free
    struct tally messages;
};

// The rank in the world of one in another communicator. Written by whoever asks: a torn one is
// seen by `check`, which is made of all the rest.
struct translation {
    _Atomic uint64_t comm, check;
    _Atomic int rank, world;
    _Atomic unsigned generation;
};

static struct tally (*sizes)[BUCKETS]; // of each function
static struct peer *peers;
static struct translation *translations;
static _Atomic uint64_t peer_count;

void epmt_mpi_extras_begin(const struct epmt_settings *settings) {
    unsigned extras = 0;

    if (settings->mpi_sizes && !sizes)
        sizes = epmt_prim_map(EPMT_MPI_FUNCTION_COUNT * sizeof *sizes);
    if (settings->mpi_messages && !peers) {
        peers = epmt_prim_map(PEERS * sizeof *peers);
        translations = epmt_prim_map(RANKS * sizeof *translations);
    }
    if (sizes)
        extras |= EPMT_MPI_SIZES;
    if (peers && translations)
        extras |= EPMT_MPI_MESSAGES;
    epmt_mpi_extras = extras;
}

// The parent's memory stays mapped, never looked at again.
void epmt_mpi_extras_forked(void) {
    bool had = epmt_mpi_extras != 0;

    epmt_mpi_extras = 0;
    sizes = NULL;
    peers = NULL;
    translations = NULL;
    peer_count = 0;
    if (had)
        epmt_mpi_extras_begin(epmt_mpi_hooks->settings);
}

static void count(struct tally *tally, uint64_t bytes) {
    atomic_fetch_add_explicit(&tally->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&tally->bytes, bytes, memory_order_relaxed);
}

// 0 for nothing, else the exponent of the least power of two that is no less, plus 1.
static unsigned bucket_of(uint64_t bytes) {
    unsigned bucket = bytes < 2 ? (unsigned)bytes : 65 - (unsigned)__builtin_clzll(bytes - 1);

    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

void epmt_mpi_size(unsigned function, uint64_t bytes) {
    count(&sizes[function][bucket_of(bytes)], bytes);
}

static int translate(uint64_t comm, int rank) {
    unsigned generation = epmt_mpi_comms_freed;
    uint64_t key = comm * 31 + (uint64_t)rank;
    struct translation *known = &translations[epmt_mpi_place(key, RANKS)];
    int world = known->world;

    if (known->comm == comm && known->rank == rank && known->generation == generation &&
        known->check == key + (uint64_t)world * 7 + generation)
        return world;
    world = epmt_mpi_abi.world_rank(comm, rank);
    known->check = 0;
    known->comm = comm;
    known->rank = rank;
    known->world = world;
    known->generation = generation;
    known->check = key + (uint64_t)world * 7 + generation;
    return world;
}

void epmt_mpi_message(uint64_t comm, int peer, uint64_t bytes) {
    int world = comm == epmt_mpi_abi.world ? peer : translate(comm, peer);
    int64_t mark = world + 2;
    unsigned place = epmt_mpi_place((uint64_t)mark, PEERS);

    for (unsigned i = 0; i < 64; i++, place = (place + 1) % PEERS) {
        int64_t there = 0;
        if (peers[place].rank == mark)
            break;
        if (atomic_compare_exchange_strong(&peers[place].rank, &there, mark)) {
            peer_count++;
            break;
        }
        if (there == mark)
            break;
    }
    if (peers[place].rank == mark)
        count(&peers[place].messages, bytes);
}

static unsigned rows_of_sizes(void) {
    unsigned rows = 0;

    for (unsigned i = 0; sizes && i < EPMT_MPI_FUNCTION_COUNT; i++) {
        for (unsigned j = 0; j < BUCKETS && (epmt_mpi_real[2 * i] || epmt_mpi_real[2 * i + 1]); j++)
            rows += sizes[i][j].count != 0;
    }
    return rows;
}

size_t epmt_mpi_extras_room(void) {
    return epmt_mpi_extras ? (rows_of_sizes() + peer_count + 16) * ROW_MAX : 0;
}

static void add(struct epmt_fragment *fragment, enum epmt_row_kind kind,
                const struct epmt_record *row) {
    if (epmt_fragment_add(fragment, kind, row))
        epmt_mpi_hooks->log(0, "a row of the MPI profile does not fit");
}

static void add_sizes(struct epmt_fragment *fragment, uint64_t image, unsigned function) {
    struct epmt_record row;
    char name[40];

    epmt_fmt(name, sizeof name, "MPI_%s", epmt_mpi_function_name(function));
    for (unsigned i = 0; i < BUCKETS; i++) {
        const struct tally *tally = &sizes[function][i];
        if (!tally->count)
            continue;
        epmt_record_clear(&row);
        epmt_record_set_u(&row, EPMT_MPI_SIZE_COL_image, image);
        epmt_record_set_text(&row, EPMT_MPI_SIZE_COL_function, name, strlen(name));
        epmt_record_set_u(&row, EPMT_MPI_SIZE_COL_bucket, i ? UINT64_C(1) << (i - 1) : 0);
        epmt_record_set_u(&row, EPMT_MPI_SIZE_COL_calls, tally->count);
        epmt_record_set_u(&row, EPMT_MPI_SIZE_COL_bytes, tally->bytes);
        add(fragment, EPMT_ROW_MPI_SIZE, &row);
    }
}

static void add_peers(struct epmt_fragment *fragment, uint64_t image) {
    struct epmt_record row;

    for (unsigned i = 0; i < PEERS; i++) {
        int64_t mark = peers[i].rank;
        if (!mark)
            continue;
        epmt_record_clear(&row);
        epmt_record_set_u(&row, EPMT_MPI_MESSAGE_COL_image, image);
        if (mark > 1)
            epmt_record_set_i(&row, EPMT_MPI_MESSAGE_COL_peer, mark - 2);
        epmt_record_set_u(&row, EPMT_MPI_MESSAGE_COL_messages, peers[i].messages.count);
        epmt_record_set_u(&row, EPMT_MPI_MESSAGE_COL_bytes, peers[i].messages.bytes);
        add(fragment, EPMT_ROW_MPI_MESSAGE, &row);
    }
}

void epmt_mpi_extras_add(struct epmt_fragment *fragment, uint64_t image) {
    for (unsigned i = 0; epmt_mpi_extras & EPMT_MPI_SIZES && i < EPMT_MPI_FUNCTION_COUNT; i++) {
        if (epmt_mpi_real[2 * i] || epmt_mpi_real[2 * i + 1])
            add_sizes(fragment, image, i);
    }
    if (epmt_mpi_extras & EPMT_MPI_MESSAGES)
        add_peers(fragment, image);
}
