// SPDX-License-Identifier: Apache-2.0
// Requests that are under way, by handle: of fixed size, without a lock. A handle belongs to the
// one thread that made it or that waits for it, and MPI gives it out again only when it is done
// with, so that the threads meet at free places alone.
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

static unsigned bucket_of(uint64_t request) {
    return (unsigned)(request * UINT64_C(0x9e3779b97f4a7c15) >> 32) % BUCKETS;
}

static struct epmt_mpi_entry *find_in(struct epmt_mpi_entry *bucket, uint64_t request) {
    for (unsigned i = 0; i < WAYS; i++) {
        if (__atomic_load_n(&bucket[i].request, __ATOMIC_RELAXED) == request)
            return &bucket[i];
    }
    return NULL;
}

struct epmt_mpi_entry *epmt_mpi_request_find(uint64_t request) {
    struct epmt_mpi_entry *entries = atomic_load_explicit(&table.entries, memory_order_acquire);
    unsigned bucket = bucket_of(request);

    if (!entries)
        return NULL;
    struct epmt_mpi_entry *found = find_in(entries + bucket * WAYS, request);
    if (!found && atomic_load_explicit(&table.strays, memory_order_relaxed))
        found = find_in(entries + (bucket + 1) % BUCKETS * WAYS, request);
    return found;
}

static struct epmt_mpi_entry *take(struct epmt_mpi_entry *bucket, uint64_t request) {
    for (unsigned i = 0; i < WAYS; i++) {
        uint64_t free_place = 0;
        if (__atomic_compare_exchange_n(&bucket[i].request, &free_place, request, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return &bucket[i];
    }
    return NULL;
}

void epmt_mpi_request_note(const struct epmt_mpi_entry *entry) {
    struct epmt_mpi_entry *entries = memory();
    unsigned bucket = bucket_of(entry->request);
    // One that is there already was done with where we did not see it.
    struct epmt_mpi_entry *place = entries ? epmt_mpi_request_find(entry->request) : NULL;

    if (!place && entries)
        place = take(entries + bucket * WAYS, entry->request);
    if (!place && entries) {
        place = take(entries + (bucket + 1) % BUCKETS * WAYS, entry->request);
        if (place)
            table.strays++;
    }
    if (!place) {
        table.lost++;
        return;
    }
    *place = *entry;
}

void epmt_mpi_request_forget(struct epmt_mpi_entry *entry) {
    __atomic_store_n(&entry->request, 0, __ATOMIC_RELAXED);
}
