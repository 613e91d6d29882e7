// SPDX-License-Identifier: Apache-2.0
// The events that are asked for, and the counters of each thread. Everything lies in pages that no
// process touches that does not ask for events.
#include "preload/counters.h"

#include <string.h>
#include <time.h>

#include "common/papi_link.h"
#include "common/perf.h"
#include "common/prim.h"
#include "metadata/counter_tables.h"
#include "preload/counters_priv.h"
#include "preload/process.h"

#include "common/poison.h"

#define PIECE_LEN 65536 // blocks of threads are cut from pieces of this size
#define NAMES_LEN ((size_t)EPMT_EVENTS_MAX * 64)

// The names of the events and the first blocks stand behind it: with few events, on one page.
static union {
    struct epmt_counters all;
    char room[16384];
} first __attribute__((aligned(4096)));
_Static_assert(sizeof first.all + NAMES_LEN < sizeof first / 2, "room for blocks");

// Most bytes of a row beside its texts: kind, length, validity bits and numbers.
#define ROW_NUMBERS 96

static void take_events(struct epmt_counters *all) {
    const char *list = epmt_self.settings.events;
    struct epmt_bytes name;
    const char *end = all->piece + NAMES_LEN;

    while (epmt_events_next(&list, &name)) {
        struct epmt_counted *event = &all->events[all->count];
        if (all->count == EPMT_EVENTS_MAX) {
            epmt_log(0, "%s", epmt_event_reason_text(EPMT_REASON_TOO_MANY_NAMES));
            break;
        }
        if (name.len >= EPMT_EVENT_NAME_MAX)
            name.len = EPMT_EVENT_NAME_MAX - 1;
        if (name.len >= (size_t)(end - all->piece))
            break;
        char *copy = memcpy(all->piece, name.data, name.len);
        copy[name.len] = '\0';
        all->piece += name.len + 1;
        event->name = (struct epmt_bytes){copy, name.len};
        // Named twice is counted once: its rows have the same keys.
        bool known = false;
        for (unsigned i = 0; i < all->count; i++)
            known |= all->events[i].name.len == name.len &&
                     !memcmp(all->events[i].name.data, copy, name.len);
        all->count += !known;
    }
}

static void sort_papi(struct epmt_counters *all) {
    for (unsigned i = 0; i < all->count; i++) {
        struct epmt_counted *event = &all->events[i];
        if (!epmt_event_is_papi(event->name))
            continue;
        event->papi = true;
        event->reason = EPMT_REASON_PAPI_NOT_LOADED;
        event->papi_index = all->papi_count;
        all->papi_names[all->papi_count++] = event->name.data;
    }
}

// Numbers of descriptors that programs hardly look at; a tenth of them stays free in any case.
static void choose_descriptors(struct epmt_counters *all) {
    int limit = epmt_prim_fd_limit();

    all->least_fd = limit < 1024 ? limit / 2 : 512;
    all->last_fd = limit - limit / 10;
}

// A block that was never used; the lock is held. The pages of a piece are touched one by one.
static struct epmt_thread_counters *cut_block(struct epmt_counters *all) {
    size_t len = sizeof(struct epmt_thread_counters) + all->count * sizeof(struct epmt_counter);

    len = (len + 63) & ~(size_t)63;
    if (all->piece_left < len) {
        all->piece = epmt_prim_map(PIECE_LEN);
        all->piece_left = all->piece ? PIECE_LEN : 0;
    }
    if (!all->piece_left)
        return NULL;
    struct epmt_thread_counters *block = (void *)all->piece;
    all->piece += len;
    all->piece_left -= len;
    block->next = all->blocks;
    all->blocks = block;
    return block;
}

// A block for a thread. The caller may be any thread.
static struct epmt_thread_counters *take_block(struct epmt_counters *all) {
    if (!epmt_lock_take(&all->lock))
        return NULL;
    struct epmt_thread_counters *block = all->unused ? all->unused : cut_block(all);
    if (block && block == all->unused)
        all->unused = block->next_unused;
    if (block)
        block->used = true;
    epmt_lock_release(&all->lock);
    return block;
}

static void give_block(struct epmt_counters *all, struct epmt_thread_counters *block) {
    if (!epmt_lock_take(&all->lock))
        return;
    block->used = false;
    block->next_unused = all->unused;
    all->unused = block;
    epmt_lock_release(&all->lock);
}

static void set_reasons(const struct epmt_counters *all, struct epmt_thread_counters *block) {
    for (unsigned i = 0; i < all->count; i++) {
        block->counters[i].perf.fd = -1;
        block->counters[i].is_ours = false;
        block->counters[i].reason = all->events[i].reason;
    }
}

static void open_perf(struct epmt_counters *all, struct epmt_thread_counters *block) {
    for (unsigned i = 0; i < all->count; i++) {
        const struct epmt_counted *event = &all->events[i];
        struct epmt_counter *counter = &block->counters[i];
        if (event->papi || event->reason)
            continue;
        counter->perf = epmt_perf_open(&event->perf, all->least_fd);
        if (counter->perf.fd < 0)
            counter->reason = (uint8_t)epmt_event_reason_of(&event->perf, counter->perf.fd);
        if (counter->perf.fd <= all->last_fd)
            continue;
        epmt_perf_close(&counter->perf); // the last ones are the program's
        counter->perf.fd = -1;
        counter->reason = EPMT_REASON_NO_DESCRIPTOR;
    }
}

static void start_papi(struct epmt_counters *all, struct epmt_thread_counters *block, bool main,
                       bool may) {
    struct epmt_papi_count counts[EPMT_EVENTS_MAX];

    memset(counts, 0, sizeof counts);
    block->papi_start_ns = epmt_prim_clock_ns(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < all->papi_count; i++)
        counts[i].reason = EPMT_REASON_PAPI_FAILED;
    if (may)
        block->papi = all->papi->start(all->papi_names, all->papi_count, main, counts);
    for (unsigned i = 0; i < all->count; i++) {
        if (all->events[i].papi)
            block->counters[i].reason = counts[all->events[i].papi_index].reason;
    }
}

void epmt_counters_thread_begin(struct epmt_thread *thread) {
    struct epmt_counters *all = epmt_self.counters;
    struct epmt_thread_counters *block = take_block(all);

    if (block) {
        block->papi = NULL;
        set_reasons(all, block);
        // PAPI first: what it costs to start is dear, and not the program's. One thread at a time:
        // which descriptors PAPI opens is seen by their numbers.
        bool locked = all->papi_is_ready && epmt_lock_take(&all->papi_lock);
        if (all->papi_is_ready)
            start_papi(all, block, thread->tid == epmt_self.pid, locked);
        open_perf(all, block);
        if (locked)
            epmt_lock_release(&all->papi_lock);
    }
    // Another thread that ends the process finds it whole or not at all.
    __atomic_store_n(&thread->counters, block, __ATOMIC_RELEASE);
}

void epmt_counters_begin(void) {
    struct epmt_counters *all = &first.all;

    all->piece = first.room + sizeof *all;
    take_events(all);
    if (!all->count)
        return;
    all->piece += -(uintptr_t)all->piece & 63;
    all->piece_left = (size_t)(first.room + sizeof first - all->piece);
    sort_papi(all);
    epmt_counters_encode(all);
    choose_descriptors(all);
    epmt_self.counters = all;
    if (all->papi_count)
        epmt_counters_link_papi(all);
    // Else the main thread begins when PAPI does: loading that is not what is to be counted.
    if (!all->papi)
        epmt_counters_thread_begin(epmt_tls.thread);
}

void epmt_counters_papi_ready(void) {
    struct epmt_counters *all = epmt_self.counters;
    uint64_t signals = epmt_prim_signals_block();

    all->papi->choose(all->papi_names, all->papi_count);
    int reason = all->papi->begin();

    for (unsigned i = 0; i < all->count; i++) {
        struct epmt_counted *event = &all->events[i];
        if (!event->papi)
            continue;
        event->reason = (uint8_t)reason;
        if (!reason)
            all->papi->unit(event->name.data, event->unit, sizeof event->unit);
    }
    all->papi_is_ready = !reason;
    epmt_counters_thread_begin(epmt_tls.thread);
    epmt_prim_signals_restore(signals);
}

// The parent's counters count the parent still: their descriptors go, with nothing done to them.
void epmt_counters_forked(void) {
    struct epmt_counters *all = epmt_self.counters;

    epmt_lock_reset(&all->lock);
    epmt_lock_reset(&all->papi_lock);
    all->unused = NULL;
    for (struct epmt_thread_counters *block = all->blocks; block; block = block->next) {
        for (unsigned i = 0; block->used && i < all->count; i++)
            epmt_perf_close(&block->counters[i].perf);
        block->used = false;
        block->next_unused = all->unused;
        all->unused = block;
    }
    if (all->papi_is_ready)
        all->papi_is_ready = !all->papi->forked();
    epmt_counters_thread_begin(epmt_tls.thread);
}

size_t epmt_counters_room(void) {
    const struct epmt_counters *all = epmt_self.counters;
    size_t room = 0;

    for (unsigned i = 0; all && i < all->count; i++)
        room += all->events[i].name.len + ROW_NUMBERS + EPMT_REASON_LEN_MAX;
    return room;
}

// Fills in the count of a perf counter, or why there is none.
static void fill_perf(struct epmt_record *row, const struct epmt_counted *event,
                      struct epmt_counter *counter) {
    struct epmt_perf_count count;
    enum epmt_event_reason reason = counter->reason;

    if (!reason) {
        int status = epmt_perf_read(&counter->perf, &count);
        counter->is_ours = !status;
        if (status)
            reason = status == -EBADF ? EPMT_REASON_CLOSED : EPMT_REASON_FAILED;
        else if (!count.running && count.enabled)
            reason = EPMT_REASON_NEVER_RAN;
        else if (!count.value && epmt_perf_is_blind(&event->perf, counter->perf.exclude))
            reason = EPMT_REASON_KERNEL_ONLY;
    }
    if (!reason) {
        bool scaled = count.running < count.enabled;
        epmt_record_set_u(row, EPMT_COUNTER_COL_value, epmt_perf_scale(&count));
        epmt_record_set_u(row, EPMT_COUNTER_COL_enabled, count.enabled);
        epmt_record_set_u(row, EPMT_COUNTER_COL_running, count.running);
        epmt_record_set_u(row, EPMT_COUNTER_COL_scaled, scaled);
        epmt_counters_set_excluded(row, &event->perf, counter->perf.exclude);
    }
    epmt_counters_set_reason(row, reason);
}

static void fill_papi(struct epmt_record *row, const struct epmt_thread_counters *block,
                      const struct epmt_papi_count *count) {
    if (!count->reason) {
        if (count->user_only)
            epmt_record_set_text(row, EPMT_COUNTER_COL_excluded, "kernel", 6);
        epmt_record_set_u(row, EPMT_COUNTER_COL_value, count->value);
        epmt_record_set_u(row, EPMT_COUNTER_COL_enabled,
                          epmt_prim_clock_ns(CLOCK_MONOTONIC) - block->papi_start_ns);
    }
    epmt_counters_set_reason(row, count->reason);
}

static void fill(struct epmt_record *row, const struct epmt_thread *thread,
                 const struct epmt_counted *event) {
    const char *unit = event->papi ? event->unit : epmt_event_unit(&event->perf);

    epmt_record_clear(row);
    epmt_record_set_u(row, EPMT_COUNTER_COL_image, epmt_self.image);
    epmt_record_set_i(row, EPMT_COUNTER_COL_tid, thread->tid);
    epmt_record_set_i(row, EPMT_COUNTER_COL_start, (int64_t)thread->start_us);
    epmt_record_set_text(row, EPMT_COUNTER_COL_event, event->name.data, event->name.len);
    epmt_record_set_text(row, EPMT_COUNTER_COL_source, event->papi ? "papi" : "perf", 4);
    if (*unit)
        epmt_record_set_text(row, EPMT_COUNTER_COL_unit, unit, strlen(unit));
}

// What there is of one event in a thread; block NULL: nothing yet.
static void fill_count(struct epmt_record *row, const struct epmt_counters *all, unsigned i,
                       struct epmt_thread_counters *block, const struct epmt_papi_count *counts) {
    const struct epmt_counted *event = &all->events[i];

    if (!block)
        epmt_counters_set_reason(row, event->reason ? event->reason : EPMT_REASON_NOT_BEGUN);
    else if (event->papi)
        fill_papi(row, block, &counts[event->papi_index]);
    else
        fill_perf(row, event, &block->counters[i]);
}

bool epmt_counters_add(const struct epmt_thread *thread, struct epmt_fragment *rows) {
    const struct epmt_counters *all = epmt_self.counters;
    struct epmt_thread_counters *block = __atomic_load_n(&thread->counters, __ATOMIC_ACQUIRE);
    struct epmt_papi_count counts[EPMT_EVENTS_MAX];
    struct epmt_record row;
    bool fits = true;

    for (unsigned i = 0; block && i < all->count; i++) {
        if (all->events[i].papi)
            counts[all->events[i].papi_index].reason = block->counters[i].reason;
    }
    if (block && block->papi)
        all->papi->read(block->papi, counts);
    for (unsigned i = 0; i < all->count && fits; i++) {
        fill(&row, thread, &all->events[i]);
        fill_count(&row, all, i, block, counts);
        fits = !epmt_fragment_add(rows, EPMT_ROW_COUNTER, &row);
    }
    return fits;
}

void epmt_counters_end(struct epmt_thread_counters *counters, bool just_read) {
    struct epmt_counters *all = epmt_self.counters;

    for (unsigned i = 0; i < all->count; i++) {
        const struct epmt_counter *counter = &counters->counters[i];
        // What has just been read needs no second look at whose it is.
        if (just_read && counter->is_ours)
            epmt_prim_close(counter->perf.fd);
        else
            epmt_perf_close(&counter->perf);
    }
    if (counters->papi && epmt_lock_take(&all->papi_lock)) {
        all->papi->stop(counters->papi);
        epmt_lock_release(&all->papi_lock);
    }
    give_block(all, counters);
}
