// SPDX-License-Identifier: Apache-2.0
#include "common/guard.h"

#include <time.h>

#include "common/prim.h"

#include "common/poison.h"

_Thread_local struct epmt_tls epmt_tls;

// How long a waiting thread gives the CPU away before it sleeps: where its priority is a real-time
// one, giving away does not let a holder of lower priority run.
#define YIELDS 16

bool epmt_lock_take(struct epmt_lock *lock) {
    return epmt_lock_take_within(lock, UINT64_C(1000000000));
}

bool epmt_lock_take_within(struct epmt_lock *lock, uint64_t wait_ns) {
    const struct timespec pause = {0, 50000};
    const void *self = &epmt_tls;
    uint64_t until = 0;

    for (unsigned tries = 1;; tries++) {
        const void *holder = NULL;
        if (atomic_compare_exchange_weak_explicit(&lock->holder, &holder, self,
                                                  memory_order_acquire, memory_order_relaxed))
            return true;
        if (holder == self)
            return false;
        if (tries % 64)
            continue;
        uint64_t now = epmt_prim_clock_ns(CLOCK_MONOTONIC);
        if (!until)
            until = now + wait_ns;
        else if (now > until)
            return false;
        if (tries / 64 < YIELDS)
            epmt_prim_yield();
        else
            epmt_prim_sleep(&pause);
    }
}

void epmt_lock_release(struct epmt_lock *lock) {
    atomic_store_explicit(&lock->holder, NULL, memory_order_release);
}

void epmt_lock_reset(struct epmt_lock *lock) {
    atomic_store_explicit(&lock->holder, NULL, memory_order_relaxed);
}
