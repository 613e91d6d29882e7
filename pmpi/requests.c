// SPDX-License-Identifier: Apache-2.0
// Wait and Test: which of their requests are receives is asked before the call, since MPI takes the
// handles away; what came is counted after it, from the statuses. Where the program wants no
// statuses, and a receive is among the requests, MPI writes them into memory of our own; or, where
// that would be seen (epmt_mpi_counts_posted), it stays without, and what was posted counts.
#include <string.h>

#include "common/prim.h"
#include "pmpi/callsites.h"
#include "pmpi/counts.h"
#include "pmpi/extras.h"

#include "common/poison.h"

// More requests in one call than this are not looked at.
#define MANY_MAX (1u << 20)

// The one request of a call, before it: many is NULL where it is no receive.
static void look_at_one(struct epmt_mpi_call *call, uint8_t status) {
    struct epmt_mpi_found *one = (struct epmt_mpi_found *)call->one;

    _Static_assert(sizeof *one <= sizeof call->one, "room for one");
    call->many = NULL;
    if (!epmt_mpi_abi_known)
        return;
    epmt_mpi_request_find(epmt_mpi_handle_at((const void *)call->slots[0], 0), one);
    if (!one->entry || !one->receive)
        return;
    call->many = one;
    if ((uint64_t)call->slots[status] == epmt_mpi_abi.status_ignore)
        call->slots[status] = (long)call->status;
}

static inline void came(struct epmt_mpi_thread *thread, const struct epmt_mpi_found *found,
                        uint64_t bytes) {
    thread->sums[found->function].in += bytes;
    if (__builtin_expect(found->site, 0))
        epmt_mpi_callsite_received(found->site, bytes);
    if (__builtin_expect(epmt_mpi_extras & EPMT_MPI_SIZES, 0))
        epmt_mpi_size(found->function, bytes);
}

// The bytes that a receive has got; its request is done with.
static void received(struct epmt_mpi_thread *thread, const struct epmt_mpi_found *found,
                     const void *status) {
    if (!found->message || !epmt_mpi_status_is_cancelled(status))
        came(thread, found, epmt_mpi_status_bytes(status));
    if (found->persistent)
        found->entry->active = false;
    else
        epmt_mpi_request_forget(found);
}

void epmt_mpi_before_WAIT(struct epmt_mpi_call *call, unsigned function) {
    (void)function;
    look_at_one(call, 1);
}

void epmt_mpi_before_TEST(struct epmt_mpi_call *call, unsigned function) {
    (void)function;
    look_at_one(call, 2);
}

#define AFTER(kind) \
    void epmt_mpi_after_##kind(const struct epmt_mpi_call *call, unsigned function, long result)

static bool is_gone(const void *requests, size_t index) {
    return epmt_mpi_handle_at(requests, index) == epmt_mpi_abi.request_null;
}

// An error, and MPI has taken the request away nevertheless.
static void forget_if_gone(const struct epmt_mpi_found *found, const void *requests, size_t index) {
    if (found->entry && is_gone(requests, index))
        epmt_mpi_request_forget(found);
}

AFTER(WAIT) {
    struct epmt_mpi_sum *sum;
    struct epmt_mpi_thread *thread = epmt_mpi_time(function, &sum);

    if (call->many && !(int)result)
        received(thread, call->many, (const void *)call->slots[1]);
    else if (call->many)
        forget_if_gone(call->many, (const void *)call->slots[0], 0);
    epmt_mpi_leave(thread);
}

AFTER(TEST) {
    struct epmt_mpi_sum *sum;
    struct epmt_mpi_thread *thread = epmt_mpi_time(function, &sum);

    if (call->many && !(int)result && *(const int *)call->slots[1])
        received(thread, call->many, (const void *)call->slots[2]);
    else if (call->many && (int)result)
        forget_if_gone(call->many, (const void *)call->slots[0], 0);
    epmt_mpi_leave(thread);
}

// Room for `len` bytes of this thread's, kept for the next call.
static void *scratch(size_t len) {
    struct epmt_mpi_thread *thread = epmt_tls.mpi;

    if (len > thread->scratch_len) {
        size_t rounded = 4096;
        while (rounded < len)
            rounded *= 2;
        if (thread->scratch)
            epmt_prim_unmap(thread->scratch, thread->scratch_len);
        thread->scratch = epmt_prim_map(rounded);
        thread->scratch_len = thread->scratch ? rounded : 0;
    }
    return thread->scratch;
}

// The receives among the requests of a call: an entry, or none, for each, and behind them room for
// a status each. call->many is NULL where there is none.
static void look_at_many(struct epmt_mpi_call *call) {
    size_t count = (size_t)(int)call->slots[0];
    const void *requests = (const void *)call->slots[1];
    bool any = false;

    call->many = NULL;
    if (!epmt_mpi_abi_known || (int)call->slots[0] <= 0 || count > MANY_MAX)
        return;
    struct epmt_mpi_found *found = scratch(count * (sizeof *found + epmt_mpi_abi.status_size));
    if (!found)
        return;
    for (size_t i = 0; i < count; i++) {
        epmt_mpi_request_find(epmt_mpi_handle_at(requests, i), &found[i]);
        if (found[i].entry && !found[i].receive)
            found[i].entry = NULL;
        any |= found[i].entry != NULL;
    }
    if (any)
        call->many = found;
}

// Of a Waitall that stays without statuses: what was posted stands in their room.
static void keep_posted(struct epmt_mpi_call *call) {
    int count = (int)call->slots[0];
    uint64_t *posted = (uint64_t *)(call->many + count);

    for (int i = 0; i < count; i++) {
        const struct epmt_mpi_entry *entry = call->many[i].entry;
        if (entry)
            posted[i] = entry->persistent && !entry->active ? 0 : entry->posted;
    }
}

static void want_statuses(struct epmt_mpi_call *call, uint8_t slot) {
    if (call->many && (uint64_t)call->slots[slot] == epmt_mpi_abi.statuses_ignore)
        call->slots[slot] = (long)(call->many + (int)call->slots[0]);
}

static void want_status(struct epmt_mpi_call *call, uint8_t slot) {
    if (call->many && (uint64_t)call->slots[slot] == epmt_mpi_abi.status_ignore)
        call->slots[slot] = (long)call->status;
}

#define BEFORE_MANY(kind, want, slot)                                            \
    void epmt_mpi_before_##kind(struct epmt_mpi_call *call, unsigned function) { \
        (void)function;                                                          \
        look_at_many(call);                                                      \
        want(call, slot);                                                        \
    }

static bool stays_without(const struct epmt_mpi_call *call) {
    return (uint64_t)call->slots[2] == epmt_mpi_abi.statuses_ignore;
}

static void want_unless_seen(struct epmt_mpi_call *call, uint8_t slot) {
    if (!epmt_mpi_counts_posted())
        want_statuses(call, slot);
    else if (call->many && stays_without(call))
        keep_posted(call);
}

BEFORE_MANY(WAITALL, want_unless_seen, 2)
BEFORE_MANY(TESTALL, want_statuses, 3)
BEFORE_MANY(WAITANY, want_status, 3)
BEFORE_MANY(TESTANY, want_status, 4)
BEFORE_MANY(WAITSOME, want_statuses, 4)
BEFORE_MANY(TESTSOME, want_statuses, 4)

static void all_received(struct epmt_mpi_thread *thread, const struct epmt_mpi_call *call,
                         uint8_t statuses) {
    const char *status = (const char *)call->slots[statuses];

    for (int i = 0; i < (int)call->slots[0]; i++, status += epmt_mpi_abi.status_size) {
        if (call->many[i].entry)
            received(thread, &call->many[i], status);
    }
}

// A request that is still there has failed, though MPI says MPI_SUCCESS.
static void all_posted(struct epmt_mpi_thread *thread, const struct epmt_mpi_call *call) {
    int count = (int)call->slots[0];
    const uint64_t *posted = (const uint64_t *)(call->many + count);

    for (int i = 0; i < count; i++) {
        const struct epmt_mpi_found *found = &call->many[i];
        bool gone = found->entry && is_gone((const void *)call->slots[1], (size_t)i);
        if (found->entry && (gone || found->persistent))
            came(thread, found, posted[i]);
        if (found->entry && found->persistent)
            found->entry->active = false;
        if (gone)
            epmt_mpi_request_forget(found);
    }
}

static void all_gone(const struct epmt_mpi_call *call) {
    for (int i = 0; i < (int)call->slots[0]; i++)
        forget_if_gone(&call->many[i], (const void *)call->slots[1], (size_t)i);
}

AFTER(WAITALL) {
    struct epmt_mpi_sum *sum;
    struct epmt_mpi_thread *thread = epmt_mpi_time(function, &sum);

    if (call->many && !(int)result && stays_without(call))
        all_posted(thread, call);
    else if (call->many && !(int)result)
        all_received(thread, call, 2);
    else if (call->many)
        all_gone(call);
    epmt_mpi_leave(thread);
}

AFTER(TESTALL) {
    struct epmt_mpi_sum *sum;
    struct epmt_mpi_thread *thread = epmt_mpi_time(function, &sum);

    if (call->many && !(int)result && *(const int *)call->slots[2])
        all_received(thread, call, 3);
    else if (call->many && (int)result)
        all_gone(call);
    epmt_mpi_leave(thread);
}

static void one_of_many(struct epmt_mpi_thread *thread, const struct epmt_mpi_call *call, int index,
                        const void *status) {
    if (index >= 0 && index < (int)call->slots[0] && call->many[index].entry)
        received(thread, &call->many[index], status);
}

AFTER(WAITANY) {
    struct epmt_mpi_sum *sum;
    struct epmt_mpi_thread *thread = epmt_mpi_time(function, &sum);

    if (call->many && !(int)result)
        one_of_many(thread, call, *(const int *)call->slots[2], (const void *)call->slots[3]);
    else if (call->many)
        all_gone(call);
    epmt_mpi_leave(thread);
}

AFTER(TESTANY) {
    struct epmt_mpi_sum *sum;
    struct epmt_mpi_thread *thread = epmt_mpi_time(function, &sum);

    if (call->many && !(int)result && *(const int *)call->slots[3])
        one_of_many(thread, call, *(const int *)call->slots[2], (const void *)call->slots[4]);
    else if (call->many && (int)result)
        all_gone(call);
    epmt_mpi_leave(thread);
}

static void some_received(const struct epmt_mpi_call *call, unsigned function, long result) {
    struct epmt_mpi_sum *sum;
    struct epmt_mpi_thread *thread = epmt_mpi_time(function, &sum);
    const int *indices = (const int *)call->slots[3];
    const char *status = (const char *)call->slots[4];

    if (call->many && !(int)result) { // MPI_UNDEFINED is negative
        for (int i = 0; i < *(const int *)call->slots[2]; i++, status += epmt_mpi_abi.status_size)
            one_of_many(thread, call, indices[i], status);
    } else if (call->many) {
        all_gone(call);
    }
    epmt_mpi_leave(thread);
}

AFTER(WAITSOME) {
    some_received(call, function, result);
}

AFTER(TESTSOME) {
    some_received(call, function, result);
}

static void started(const struct epmt_mpi_thread *thread, struct epmt_mpi_sum *sum,
                    unsigned function, uint64_t request) {
    struct epmt_mpi_found found;

    epmt_mpi_request_find(request, &found);
    struct epmt_mpi_entry *entry = found.entry;
    if (!entry || !found.persistent)
        return;
    entry->active = entry->receive;
    entry->function = function;
    entry->site = thread->site;
    sum->out += entry->each.out;
    sum->in += entry->each.in;
    if (epmt_mpi_extras & EPMT_MPI_SIZES && !entry->receive)
        epmt_mpi_size(function,
                      entry->each.out > entry->each.in ? entry->each.out : entry->each.in);
    if (epmt_mpi_extras & EPMT_MPI_MESSAGES && entry->to_peer)
        epmt_mpi_message(entry->comm, entry->peer, entry->each.out);
}

AFTER(START) {
    struct epmt_mpi_sum *sum;
    struct epmt_mpi_thread *thread = epmt_mpi_time(function, &sum);

    if (!(int)result && epmt_mpi_abi_known)
        started(thread, sum, function, epmt_mpi_handle_at((const void *)call->slots[0], 0));
    epmt_mpi_leave(thread);
}

AFTER(STARTALL) {
    struct epmt_mpi_sum *sum;
    struct epmt_mpi_thread *thread = epmt_mpi_time(function, &sum);

    for (int i = 0; !(int)result && epmt_mpi_abi_known && i < (int)call->slots[0]; i++)
        started(thread, sum, function, epmt_mpi_handle_at((const void *)call->slots[1], (size_t)i));
    epmt_mpi_leave(thread);
}

void epmt_mpi_before_REQUEST_FREE(struct epmt_mpi_call *call, unsigned function) {
    struct epmt_mpi_found *one = (struct epmt_mpi_found *)call->one;

    (void)function;
    call->many = NULL;
    if (!epmt_mpi_abi_known)
        return;
    epmt_mpi_request_find(epmt_mpi_handle_at((const void *)call->slots[0], 0), one);
    if (one->entry)
        call->many = one;
}

AFTER(REQUEST_FREE) {
    struct epmt_mpi_sum *sum;
    struct epmt_mpi_thread *thread = epmt_mpi_time(function, &sum);

    if (call->many && !(int)result)
        epmt_mpi_request_forget(call->many);
    epmt_mpi_leave(thread);
}
