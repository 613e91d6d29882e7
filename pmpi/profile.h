// SPDX-License-Identifier: Apache-2.0
// The profile of MPI: what each thread sums up, and how a wrapper begins and ends a call. Each
// thread has its own sums, so that no call waits for another; memory is claimed at a thread's first
// call and goes, sums and all, to the next thread when it ends.
#ifndef EPMT_PMPI_PROFILE_H
#define EPMT_PMPI_PROFILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/guard.h"
#include "pmpi/abi.h"
#include "pmpi/functions.h"
#include "pmpi/ticks.h"

// All zero: never called. The least time stands as its complement, so that 0 is "none yet".
struct epmt_mpi_sum {
    uint64_t calls, ticks, least_complement, most, out, in;
    uint64_t unused[2]; // a cache line in all
};

struct epmt_mpi_known_type {
    uint64_t handle, size;
    unsigned generation;
    unsigned unused[3]; // a power of two in all
};

struct epmt_mpi_known_comm {
    uint64_t handle;
    unsigned generation;
    struct epmt_mpi_comm comm;
};

#define EPMT_MPI_KNOWN_TYPES 64
#define EPMT_MPI_KNOWN_COMMS 16

struct epmt_mpi_thread {
    const void *outer; // stack address of the outermost call under way, NULL: none
    uint64_t start;    // its ticks
    unsigned function;
    unsigned site; // of that call, or the last one, until it is counted there; 0: none
    struct epmt_mpi_thread *next, *next_unused;
    void *scratch; // of calls on many requests
    size_t scratch_len;
    struct epmt_mpi_known_comm comms[EPMT_MPI_KNOWN_COMMS];
    struct epmt_mpi_known_type types[EPMT_MPI_KNOWN_TYPES];
    struct epmt_mpi_sum sums[EPMT_MPI_FUNCTION_COUNT];
    struct epmt_mpi_sum before; // the sums of `function` before the call from `site`
};

// The slot that stands for an argument that the function lacks: a count of 1, no rank, no handle.
#define EPMT_MPI_ABSENT 13

// One call on the stack of its wrapper.
struct epmt_mpi_call {
    long slots[EPMT_MPI_ABSENT + 1];
    struct epmt_mpi_found *many; // of the calls on many requests, NULL: no receive among them
    uint64_t one[4];             // room for it where there is one request
    uint64_t status[8];          // where the program wants none
};

// Any MPI function, to be cast to its own type.
typedef void epmt_mpi_function(void);

// Hidden where they are declared too: then they are reached without a detour.
#pragma GCC visibility push(hidden)
extern epmt_mpi_function *epmt_mpi_real[2 * EPMT_MPI_FUNCTION_COUNT]; // MPI_X, PMPI_X
extern atomic_uint epmt_mpi_types_freed, epmt_mpi_comms_freed;        // generations of handles
extern struct epmt_mpi_abi epmt_mpi_abi;
extern bool epmt_mpi_abi_known;
extern bool epmt_mpi_errors_return; // the program may have asked for it
#pragma GCC visibility pop

// Finds the real function, once; where there is none, one that returns an error code (or, for
// Initialized and Finalized, says no). At the first of all it begins the profile.
epmt_mpi_function *epmt_mpi_find(unsigned index);

// As epmt_mpi_find, remembered.
static inline epmt_mpi_function *epmt_mpi_get(unsigned index) {
    epmt_mpi_function *real = __atomic_load_n(&epmt_mpi_real[index], __ATOMIC_ACQUIRE);

    return __builtin_expect(real != NULL, 1) ? real : epmt_mpi_find(index);
}

// The thread's first call, a nested one, one after a jump, or another clock. As epmt_mpi_begin.
bool epmt_mpi_begin_slow(const void *frame, unsigned function);

static inline void epmt_mpi_begin_ordinary(struct epmt_mpi_thread *thread, const void *frame,
                                           unsigned function) {
    thread->function = function;
    thread->start = epmt_mpi_counter();
    thread->outer = frame;
}

// Begins a call whose wrapper's frame holds `frame`. False: it is nested in another one of this
// thread, or cannot be counted; then nothing is to be ended.
static inline bool epmt_mpi_begin(const void *frame, unsigned function) {
    struct epmt_mpi_thread *thread = epmt_tls.mpi;

    if (__builtin_expect(!thread || thread->outer || epmt_mpi_clock != EPMT_MPI_TSC, 0))
        return epmt_mpi_begin_slow(frame, function);
    epmt_mpi_begin_ordinary(thread, frame, function);
    return true;
}

static inline void epmt_mpi_count(struct epmt_mpi_sum *to, uint64_t ticks) {
    // Counters of two sockets may differ by a little.
    if (__builtin_expect((int64_t)ticks < 0, 0))
        ticks = 0;
    to->calls++;
    to->ticks += ticks;
    if (~ticks > to->least_complement)
        to->least_complement = ~ticks;
    if (ticks > to->most)
        to->most = ticks;
}

// Counts the call and its time in *sum; the thread stays in the call until epmt_mpi_leave.
static inline struct epmt_mpi_thread *epmt_mpi_time(unsigned function, struct epmt_mpi_sum **sum) {
    uint64_t now = epmt_mpi_ticks();
    struct epmt_mpi_thread *thread = epmt_tls.mpi;
    struct epmt_mpi_sum *to = &thread->sums[function];

    __asm__("" : "+r"(to)); // else the compiler works the address out anew for each use
    epmt_mpi_count(to, now - thread->start);
    *sum = to;
    return thread;
}

static inline void epmt_mpi_leave(struct epmt_mpi_thread *thread) {
    thread->outer = NULL;
}

// From now on bytes are counted.
void epmt_mpi_profile_abi(const struct epmt_mpi_abi *abi);

// Whether the program ever called a function. MPI's own calls of PMPI_X, within another function,
// are not the program's (where nothing is profiled they cannot be told apart, and count).
bool epmt_mpi_was_called(unsigned function);

// The calling thread ends: its memory goes to another one, sums and all.
void epmt_mpi_thread_end(void);

// In a child of fork: a profile of its own.
void epmt_mpi_profile_forked(void);

#endif
