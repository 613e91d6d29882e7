// SPDX-License-Identifier: Apache-2.0
#include "preload/threads.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "common/guard.h"
#include "common/hot.h"
#include "common/prim.h"
#include "pmpi/profile.h"
#include "preload/collect.h"
#include "preload/counters.h"
#include "preload/process.h"
#include "preload/signal_stack.h"
#include "preload/unbegun.h"

#include "common/poison.h"

#define SLAB_LEN 16384 // live threads' entries are cut from pieces of this size
#define ROWS_LEN 65536 // rows of ended threads, one fragment
#define ROWS_MAX 4096  // fragments at most, whatever the setting says

static EPMT_HOT(1) struct {
    struct epmt_lock lock;
    struct epmt_thread main;
    struct epmt_thread *live;   // without main
    struct epmt_thread *unused; // entries to be used again
    unsigned row_fragments;
    uint64_t seen, lost, live_count;
    pthread_key_t key;
    bool has_key;
    bool has_ended; // a thread has; else what follows was never touched
} registry;

static struct epmt_record ended; // the ended threads, folded
static struct epmt_fragment *row_fragments[ROWS_MAX];

static void now_is_start(struct epmt_thread *thread) {
    thread->tid = epmt_prim_gettid();
    thread->start_us = epmt_prim_clock_ns(CLOCK_REALTIME) / 1000;
    thread->start_ns = epmt_prim_clock_ns(CLOCK_BOOTTIME);
    thread->start_tsc = epmt_collect_tsc();
}

static void thread_end(void *thread);

void epmt_threads_begin(void) {
    // In a fork child this forgets the parent's pieces of memory; they stay mapped, bounded.
    epmt_lock_reset(&registry.lock);
    epmt_thread_starts_begin();
    registry.live = registry.unused = NULL;
    registry.row_fragments = 0;
    registry.seen = 1;
    registry.lost = registry.live_count = 0;
    registry.has_ended = false;
    // In a child of fork this is the thread that called it.
    const struct epmt_thread *before = epmt_tls.thread;
    registry.main = (struct epmt_thread){
        .signal_stack = before ? before->signal_stack : NULL,
        .tid = epmt_self.pid,
        .start_us = epmt_self.start_us,
        .start_ns = epmt_self.imagestart,
        .start_tsc = epmt_self.start_tsc,
    };
    epmt_tls.thread = &registry.main;
}

// The key whose destructor sees the end of a thread, made for the first one that needs it: most
// processes have no other thread than the main one. The lock is held.
static bool has_key(void) {
    if (!registry.has_key)
        registry.has_key = !pthread_key_create(&registry.key, thread_end);
    return registry.has_key;
}

// An entry for a live thread; the lock is held.
static struct epmt_thread *new_entry(void) {
    if (!registry.unused) {
        struct epmt_thread *piece = epmt_prim_map(SLAB_LEN);
        for (unsigned i = 0; piece && i < SLAB_LEN / sizeof *piece; i++) {
            piece[i].next = registry.unused;
            registry.unused = &piece[i];
        }
    }
    struct epmt_thread *thread = registry.unused;
    if (thread)
        registry.unused = thread->next;
    return thread;
}

// Puts the calling thread into the list; the lock is held. NULL: it is counted only.
static void enlist(struct epmt_thread *thread) {
    registry.seen++;
    if (!thread) {
        registry.lost++;
        return;
    }
    now_is_start(thread);
    thread->counters = NULL;
    thread->previous = NULL;
    thread->next = registry.live;
    if (thread->next)
        thread->next->previous = thread;
    registry.live = thread;
    registry.live_count++;
    epmt_tls.thread = thread;
}

void epmt_thread_begin(void) {
    struct epmt_thread *thread = NULL;
    uint64_t signals = epmt_prim_signals_block();

    if (epmt_lock_take(&registry.lock)) {
        thread = has_key() ? new_entry() : NULL;
        enlist(thread);
        epmt_lock_release(&registry.lock);
    }
    if (thread && epmt_self.counters)
        epmt_counters_thread_begin(thread);
    epmt_prim_signals_restore(signals);
    if (thread) {
        pthread_setspecific(registry.key, thread);
        epmt_signal_stack_take(thread);
    }
}

void epmt_thread_watch(void) {
    static const char others;
    bool listed = epmt_tls.thread && epmt_tls.thread != &registry.main;
    bool ready = registry.has_key;

    if (!ready) {
        uint64_t signals = epmt_prim_signals_block();
        if (epmt_lock_take(&registry.lock)) {
            ready = has_key();
            epmt_lock_release(&registry.lock);
        }
        epmt_prim_signals_restore(signals);
    }
    if (ready)
        pthread_setspecific(registry.key, listed ? epmt_tls.thread : (const void *)&others);
}

// Room for one more row of an ended thread; the lock is held.
static struct epmt_fragment *room_for_row(void) {
    unsigned count = registry.row_fragments;
    struct epmt_fragment *last = count ? row_fragments[count - 1] : NULL;

    if (last && last->cap - last->len >= epmt_thread_rows_max())
        return last;
    if (count == ROWS_MAX || (uint64_t)count * ROWS_LEN >= epmt_self.settings.thread_rows_mib << 20)
        return NULL;
    last = epmt_prim_map(ROWS_LEN);
    if (!last)
        return NULL;
    epmt_fragment_init(last, last + 1, ROWS_LEN - sizeof *last, NULL, 0);
    return row_fragments[registry.row_fragments++] = last;
}

// A count that does not fit, of live threads where there are more than expected, is missing.
static void add_counters(const struct epmt_thread *thread, struct epmt_fragment *rows) {
    if (epmt_self.counters && rows && !epmt_counters_add(thread, rows))
        epmt_log(0, "rows of counters do not fit");
}

// Returns whether the row was kept.
static bool keep_row(const struct epmt_thread *thread, const struct epmt_record *row) {
    struct epmt_fragment *rows = room_for_row();

    if (!registry.has_ended)
        epmt_record_clear(&ended);
    registry.has_ended = true;
    epmt_record_fold(&ended, row);
    if (!rows || epmt_fragment_add(rows, EPMT_ROW_THREAD, row)) {
        registry.lost++;
        return false;
    }
    add_counters(thread, rows);
    return true;
}

static void remove_live(struct epmt_thread *thread) {
    registry.live_count--;
    if (thread->previous)
        thread->previous->next = thread->next;
    else
        registry.live = thread->next;
    if (thread->next)
        thread->next->previous = thread->previous;
    thread->next = registry.unused;
    registry.unused = thread;
}

// Destructor of thread-specific data: the thread returned, called pthread_exit or was cancelled.
static void thread_end(void *value) {
    struct epmt_thread *thread = value;
    struct epmt_thread_counters *counters = NULL;
    struct epmt_record row;
    bool kept = false;
    int saved = epmt_enter();
    // Blocked, the signal that cancels is too: a thread may be cancelled in a destructor.
    uint64_t signals = epmt_prim_signals_block();

    bool mine = epmt_process_standing() == EPMT_MINE;
    if (mine)
        epmt_mpi_thread_end();
    if (mine && epmt_tls.thread == thread) {
        epmt_signal_stack_give(thread);
        epmt_collect_thread(thread, true, &row, NULL);
        epmt_record_set_u(&row, EPMT_COL_revision, 1);
        if (epmt_lock_take(&registry.lock)) {
            if (epmt_self.life == EPMT_LIFE_READY)
                kept = keep_row(thread, &row);
            counters = thread->counters;
            remove_live(thread);
            epmt_lock_release(&registry.lock);
        }
        epmt_tls.thread = NULL;
        if (counters)
            epmt_counters_end(counters, kept);
    }
    epmt_prim_signals_restore(signals);
    epmt_leave(saved);
}

size_t epmt_thread_rows_max(void) {
    const size_t row = 512;

    return epmt_self.counters ? row + epmt_counters_room() : row;
}

bool epmt_threads_alone(void) {
    return registry.seen == 1;
}

uint64_t epmt_threads_live_count(void) {
    return registry.live_count + epmt_unbegun_count() + 4; // a few may begin meanwhile
}

static void add_live(const struct epmt_thread *thread, struct epmt_record *process,
                     struct epmt_fragment *rows) {
    struct epmt_record row;

    epmt_collect_thread(thread, thread == epmt_tls.thread, &row, process);
    epmt_record_set_u(&row, EPMT_COL_revision, epmt_self.revision);
    epmt_record_fold(process, &row);
    if (rows && epmt_fragment_add(rows, EPMT_ROW_THREAD, &row))
        registry.lost++;
    add_counters(thread, rows);
}

static bool is_listed(pid_t tid) {
    const struct epmt_thread *thread = registry.live;

    while (thread && thread->tid != tid)
        thread = thread->next;
    return thread || tid == registry.main.tid;
}

// Adds the threads that have not run yet; the lock is held. Returns how many.
static unsigned add_unbegun(struct epmt_record *process, struct epmt_fragment *rows) {
    static pid_t tids[EPMT_UNBEGUN_MAX]; // the stack may be small
    unsigned count = epmt_unbegun_find(tids, is_listed);

    for (unsigned i = 0; i < count; i++) {
        struct epmt_thread thread;
        now_is_start(&thread);
        thread.tid = tids[i];
        thread.counters = NULL;
        add_live(&thread, process, rows);
    }
    return count;
}

void epmt_threads_collect(struct epmt_record *process, struct epmt_fragment *rows,
                          struct epmt_threads_summary *summary) {
    unsigned unbegun = 0;

    add_live(&registry.main, process, rows);
    // Without the lock the list may be half changed: the live threads' rows are given up, not the
    // process's.
    if (epmt_lock_take(&registry.lock)) {
        for (const struct epmt_thread *t = registry.live; t; t = t->next)
            add_live(t, process, rows);
        unbegun = add_unbegun(process, rows);
        epmt_lock_release(&registry.lock);
    }
    if (registry.has_ended)
        epmt_record_fold(process, &ended);
    *summary = (struct epmt_threads_summary){registry.seen + unbegun, registry.lost};
}

struct epmt_fragment *epmt_threads_ended(unsigned index) {
    return index < registry.row_fragments ? row_fragments[index] : NULL;
}
