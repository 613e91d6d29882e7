// SPDX-License-Identifier: Apache-2.0
// Thread creation: the new thread registers itself, then runs what the program gave.
#include <errno.h>
#include <pthread.h>
#include <threads.h>

#include "common/guard.h"
#include "common/hot.h"
#include "common/prim.h"
#include "common/real.h"
#include "preload/export.h"
#include "preload/process.h"
#include "preload/threads.h"
#include "preload/unbegun.h"

#include "common/poison.h"

// What a new thread needs to know. The creator's stack may be gone before it reads.
struct start {
    struct start *next;
    void *(*routine)(void *); // of pthread_create, or
    thrd_start_t c11_routine; // of thrd_create
    void *argument;
};

#define PIECE_LEN 4096

static EPMT_HOT(1) struct {
    struct epmt_lock lock;
    struct start *unused;
} starts;

void epmt_thread_starts_begin(void) {
    epmt_lock_reset(&starts.lock);
    starts.unused = NULL;
    epmt_unbegun_forget();
}

static struct start *take_start(void) {
    struct start *start = NULL;
    uint64_t signals = epmt_prim_signals_block();

    if (!epmt_lock_take(&starts.lock)) {
        epmt_prim_signals_restore(signals);
        return NULL;
    }
    if (!starts.unused) {
        struct start *piece = epmt_prim_map(PIECE_LEN);
        for (unsigned i = 0; piece && i < PIECE_LEN / sizeof *piece; i++) {
            piece[i].next = starts.unused;
            starts.unused = &piece[i];
        }
    }
    start = starts.unused;
    if (start)
        starts.unused = start->next;
    epmt_lock_release(&starts.lock);
    epmt_prim_signals_restore(signals);
    return start;
}

static void give_start(struct start *start) {
    uint64_t signals = epmt_prim_signals_block();

    if (epmt_lock_take(&starts.lock)) {
        start->next = starts.unused;
        starts.unused = start;
        epmt_lock_release(&starts.lock);
    }
    epmt_prim_signals_restore(signals);
}

// In the new thread. Returns what the program gave.
static struct start begin(void *argument) {
    int saved = epmt_enter();
    struct start start = *(struct start *)argument;

    give_start(argument);
    if (epmt_process_standing() == EPMT_MINE)
        epmt_thread_begin();
    epmt_unbegun_add(-1);
    epmt_leave(saved);
    return start;
}

static void *run(void *argument) {
    struct start start = begin(argument);

    return start.routine(start.argument);
}

static int run_c11(void *argument) {
    struct start start = begin(argument);

    return start.c11_routine(start.argument);
}

// What the new thread will find, or NULL: it is not recorded.
static struct start *prepare(const struct start *what) {
    int saved = epmt_enter();
    bool mine = epmt_process_standing() == EPMT_MINE && epmt_self.life == EPMT_LIFE_READY;
    struct start *start = mine ? take_start() : NULL;

    if (start) {
        *start = *what;
        epmt_unbegun_add(1);
    }
    epmt_leave(saved);
    return start;
}

static int created(int status, struct start *start) {
    int saved = epmt_enter();

    if (status) {
        give_start(start);
        epmt_unbegun_add(-1);
    }
    epmt_leave(saved);
    return status;
}

EPMT_EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                               void *(*routine)(void *), void *argument) {
    EPMT_REAL(pthread_create);
    struct start what = {.routine = routine, .argument = argument};
    struct start *start = real ? prepare(&what) : NULL;

    if (!real)
        return EAGAIN;
    if (!start)
        return real(thread, attributes, routine, argument);
    return created(real(thread, attributes, run, start), start);
}

// The C library makes these threads where the wrapper above does not see it.
EPMT_EXPORT int thrd_create(thrd_t *thread, thrd_start_t routine, void *argument) {
    EPMT_REAL(thrd_create);
    struct start what = {.c11_routine = routine, .argument = argument};
    struct start *start = real ? prepare(&what) : NULL;

    if (!real)
        return thrd_error;
    if (!start)
        return real(thread, routine, argument);
    return created(real(thread, run_c11, start), start);
}
