// SPDX-License-Identifier: Apache-2.0
// Requests that are under way, by handle: of fixed size, without a lock. A handle belongs to the
// one thread that made it or that waits for it; but MPI gives it out again before the thread that
// waited for it comes back here. So a place has a stamp, and who forgets names the one he found.
#include <stdatomic.h>

#include "common/prim.h"
#include "pmpi/counts.h"

#include "common/poison.h"

#define WAYS 4 // places per bucket
#define BUCKETS 16384

static struct {
    _Atomic(struct epmt_mpi_entry *) entries; // BUCKETS * WAYS
    atomic_uint strays; // entries that stand, or stood, in the bucket behind their own
    _Atomic uint64_t lost;
} table;

uint64_t epmt_mpi_requests_lost(void) {
    return table.lost;
}

void epmt_mpi_requests_forked(void) {
    table.entries = NULL;
    table.strays = 0;
    table.lost = 0;
}

static struct epmt_mpi_entry *memory(void) {
    struct epmt_mpi_entry *entries = atomic_load(&table.entries), *none = NULL;
    const size_t len = (size_t)BUCKETS * WAYS * sizeof *entries;

    if (entries)
        return entries;
    entries = epmt_prim_map(len);
    if (entries && !atomic_compare_exchange_strong(&table.entries, &none, entries)) {
        epmt_prim_unmap(entries, len);
        entries = none;
    }
    return entries;
}

static size_t bucket_of(uint64_t request) {
    return (request * UINT64_C(0x9e3779b97f4a7c15) >> 32) % BUCKETS;
}

// A stamp is a number that rises with each use of the place, and a state.
enum { FREE = 0, BUSY = 1, LIVE = 2, STATE = 3, NEXT = 4 };

static inline struct epmt_mpi_entry *find_in(struct epmt_mpi_entry *bucket, uint64_t request,
                                             uint64_t *stamp) {
#pragma GCC unroll 4
    for (unsigned i = 0; i < WAYS; i++) {
        if (__atomic_load_n(&bucket[i].request, __ATOMIC_RELAXED) != request)
            continue;
        *stamp = __atomic_load_n(&bucket[i].stamp, __ATOMIC_ACQUIRE);
        if ((*stamp & STATE) == LIVE)
            return &bucket[i];
    }
    return NULL;
}

static inline struct epmt_mpi_entry *find(uint64_t request, uint64_t *stamp) {
    struct epmt_mpi_entry *entries = atomic_load_explicit(&table.entries, memory_order_acquire);
    size_t bucket = bucket_of(request);

    if (!entries)
        return NULL;
    struct epmt_mpi_entry *found = find_in(entries + bucket * WAYS, request, stamp);
    if (!found && atomic_load_explicit(&table.strays, memory_order_relaxed))
        found = find_in(entries + (bucket + 1) % BUCKETS * WAYS, request, stamp);
    return found;
}

void epmt_mpi_request_find(uint64_t request, struct epmt_mpi_found *found) {
    found->entry = find(request, &found->stamp);
    if (!found->entry)
        return;
    found->function = found->entry->function;
    found->site = found->entry->site;
    found->receive = found->entry->receive;
    found->persistent = found->entry->persistent;
    found->message = found->entry->message;
}

// Takes the place over from that stamp. Returns whether it was not changed meanwhile.
static bool take(struct epmt_mpi_entry *place, uint64_t stamp) {
    return __atomic_compare_exchange_n(&place->stamp, &stamp,
                                       ((stamp | STATE) - STATE + NEXT) | BUSY, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static struct epmt_mpi_entry *take_free(struct epmt_mpi_entry *bucket) {
    for (unsigned i = 0; i < WAYS; i++) {
        uint64_t stamp = __atomic_load_n(&bucket[i].stamp, __ATOMIC_RELAXED);
        if ((stamp & STATE) == FREE && take(&bucket[i], stamp))
            return &bucket[i];
    }
    return NULL;
}

void epmt_mpi_request_note(const struct epmt_mpi_entry *entry) {
    struct epmt_mpi_entry *entries = memory();
    size_t bucket = bucket_of(entry->request);
    uint64_t stamp;
    // One of that handle is that of a request that MPI is done with already.
    struct epmt_mpi_entry *place = entries ? find(entry->request, &stamp) : NULL;

    if (place && !take(place, stamp))
        place = NULL;
    if (!place && entries)
        place = take_free(entries + bucket * WAYS);
    if (!place && entries) {
        place = take_free(entries + (bucket + 1) % BUCKETS * WAYS);
        if (place)
            table.strays++;
    }
    if (!place) {
        table.lost++;
        return;
    }
    stamp = place->stamp;
    place->each = entry->each;
    place->function = entry->function;
    place->site = entry->site;
    place->receive = entry->receive;
    place->persistent = entry->persistent;
    place->active = false;
    place->message = entry->message;
    place->to_peer = entry->to_peer;
    place->peer = entry->peer;
    place->comm = entry->comm;
    place->posted = entry->posted;
    __atomic_store_n(&place->request, entry->request, __ATOMIC_RELAXED);
    __atomic_store_n(&place->stamp, (stamp | STATE) - STATE + LIVE, __ATOMIC_RELEASE);
}

void epmt_mpi_request_forget(const struct epmt_mpi_found *found) {
    uint64_t stamp = found->stamp;

    __atomic_compare_exchange_n(&found->entry->stamp, &stamp, (stamp | STATE) - STATE + FREE, false,
                                __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}
