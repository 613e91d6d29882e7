// SPDX-License-Identifier: Apache-2.0
// The guest's notion of where a thread stands, and the small lock that never waits for ever.
#ifndef EPMT_COMMON_GUARD_H
#define EPMT_COMMON_GUARD_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct epmt_tls {
    int in_mpi_life; // > 0: in a wrapper of MPI_Init, MPI_Finalize or MPI_Abort
    void *thread;    // struct epmt_thread of this thread, NULL where it has none
    void *mpi;       // struct epmt_mpi_thread, NULL before the first MPI call
};

extern _Thread_local struct epmt_tls epmt_tls __attribute__((visibility("hidden")));

// Enters our code. Returns the errno to give back to epmt_leave. Writes nothing: this may be a
// vfork child, whose thread-local memory is its parent's.
static inline int epmt_enter(void) {
    return errno;
}

static inline void epmt_leave(int saved_errno) {
    errno = saved_errno;
}

// Held with the signals blocked (epmt_prim_signals_block): whatever a handler of the program does
// (end the process, jump away, suspend the thread), it does not do it while a lock is held.
struct epmt_lock {
    _Atomic(const void *) holder; // &epmt_tls of the thread, NULL: free
};

// Takes the lock, giving the CPU away while another holds it. Gives up (false) at once where this
// thread holds it already, and after about a second: better lose a record than stop a program.
bool epmt_lock_take(struct epmt_lock *lock);

// As epmt_lock_take, giving up after wait_ns.
bool epmt_lock_take_within(struct epmt_lock *lock, uint64_t wait_ns);
void epmt_lock_release(struct epmt_lock *lock);

// Frees the lock whoever holds it: in a child of fork, where the holder may not exist.
void epmt_lock_reset(struct epmt_lock *lock);

#endif
