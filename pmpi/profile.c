// SPDX-License-Identifier: Apache-2.0
#include "pmpi/profile.h"

#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "common/fmt.h"
#include "common/hot.h"
#include "pmpi/callsites.h"
#include "pmpi/counts.h"
#include "pmpi/extras.h"
#include "pmpi/hooks.h"
#include "pmpi/profile_rows.h"
#include "pmpi/symbols.h"

#include "common/poison.h"

// What an MPI function returns where no MPI is loaded: not MPI_SUCCESS, which is 0 everywhere.
#define NO_MPI 16

// More threads than this at the same time are counted, their calls are not.
#define THREADS_MAX 65536

EPMT_HOT(1) enum epmt_mpi_clock epmt_mpi_clock;
epmt_mpi_function *epmt_mpi_real[2 * EPMT_MPI_FUNCTION_COUNT];
struct epmt_mpi_roles epmt_mpi_roles[EPMT_MPI_FUNCTION_COUNT];
atomic_uint epmt_mpi_types_freed, epmt_mpi_comms_freed;
struct epmt_mpi_abi epmt_mpi_abi;
bool epmt_mpi_abi_known, epmt_mpi_errors_return;
struct epmt_mpi_profile epmt_mpi_profile;

// Arrays, not pointers: the table then needs no relocation in every process that loads it.
static const struct {
    char name[32], roles[14];
} functions[EPMT_MPI_FUNCTION_COUNT] = {
#define FUNCTION_ROW(name, count, class, kind, roles) {#name, roles},
    EPMT_MPI_WRAPPED(FUNCTION_ROW)
#undef FUNCTION_ROW
};

const char *epmt_mpi_function_name(unsigned function) {
    return functions[function].name;
}

static long no_mpi(void) {
    return NO_MPI;
}

// MPI_Initialized and MPI_Finalized may be called at any time.
static long not_yet(int *flag) {
    *flag = 0;
    return 0;
}

static bool tsc_is_invariant(void) {
#ifdef __x86_64__
    unsigned a, b, c, d;

    return __get_cpuid(0x80000007, &a, &b, &c, &d) && d >> 8 & 1;
#elif defined __aarch64__
    return true;
#else
    return false;
#endif
}

static void start(void) {
    if (!epmt_mpi_hooks || !epmt_mpi_hooks->settings->mpi_profile || !epmt_mpi_hooks->mine())
        return;
    enum epmt_mpi_clock clock = tsc_is_invariant() ? EPMT_MPI_TSC : EPMT_MPI_CLOCK;
    epmt_mpi_extras_begin(epmt_mpi_hooks->settings);
    // With the other clock every call begins in epmt_mpi_begin_slow: no test more where it is off.
    if (epmt_mpi_callsites_begin(epmt_mpi_hooks->settings->mpi_callsites))
        clock = EPMT_MPI_CLOCK;
    epmt_mpi_clock = clock; // before the counter is read
    epmt_mpi_profile.start_ns = epmt_prim_clock_ns(CLOCK_MONOTONIC);
    epmt_mpi_profile.start_ticks = epmt_mpi_ticks();
}

// Threads may race here; all of them find the same.
epmt_mpi_function *epmt_mpi_find(unsigned index) {
    const unsigned function = index / 2;
    epmt_mpi_function *real = NULL;
    char name[40];
    int saved = epmt_enter();

    epmt_fmt(name, sizeof name, "%sMPI_%s", index & 1 ? "P" : "", functions[function].name);
    void *found = epmt_mpi_function_address(name);
    memcpy(&real, &found, sizeof real);
    if (real) {
        if (epmt_mpi_clock == EPMT_MPI_OFF)
            start();
        epmt_mpi_roles_parse(&epmt_mpi_roles[function], functions[function].roles);
        __atomic_store_n(&epmt_mpi_real[index], real, __ATOMIC_RELEASE);
    } else if (function == EPMT_MPI_Initialized || function == EPMT_MPI_Finalized) {
        real = (epmt_mpi_function *)not_yet;
    } else {
        real = (epmt_mpi_function *)no_mpi;
    }
    epmt_leave(saved);
    return real;
}

static struct epmt_mpi_thread *new_thread(void) {
    struct epmt_mpi_profile *profile = &epmt_mpi_profile;
    struct epmt_mpi_thread *thread = profile->unused;

    if (thread) {
        profile->unused = thread->next_unused;
        return thread;
    }
    if (profile->thread_count == THREADS_MAX)
        return NULL;
    thread = epmt_prim_map(sizeof *thread);
    if (!thread)
        return NULL;
    profile->thread_count++;
    thread->next = profile->threads;
    __atomic_store_n(&profile->threads, thread, __ATOMIC_RELEASE);
    return thread;
}

// Gives the calling thread its memory.
static struct epmt_mpi_thread *claim(void) {
    struct epmt_mpi_thread *thread = NULL;
    uint64_t signals = epmt_prim_signals_block();

    if (epmt_lock_take(&epmt_mpi_profile.lock)) {
        thread = new_thread();
        if (!thread)
            epmt_mpi_profile.calls_lost++;
        epmt_lock_release(&epmt_mpi_profile.lock);
    }
    epmt_prim_signals_restore(signals);
    if (thread) {
        thread->outer = NULL;
        epmt_tls.mpi = thread;
        epmt_mpi_hooks->watch_thread();
    }
    return thread;
}

bool epmt_mpi_begin_slow(const void *frame, unsigned function) {
    struct epmt_mpi_thread *thread = epmt_tls.mpi;

    if (!thread) {
        int saved = epmt_enter();
        thread = claim();
        epmt_leave(saved);
        if (!thread)
            return false;
    }
    if (thread->outer && (uintptr_t)frame < (uintptr_t)thread->outer)
        return false;
    // A call whose frame is gone was left by a jump: it was made, how long it took is not known.
    if (thread->outer)
        thread->sums[thread->function].calls++;
    thread->outer = NULL;
    if (epmt_mpi_callsites)
        epmt_mpi_callsite_leave(thread);
    thread->function = function;
    if (epmt_mpi_callsites)
        epmt_mpi_callsite_enter(thread);
    thread->start = epmt_mpi_ticks();
    thread->outer = frame;
    return true;
}

// A function that nobody called was never looked for.
bool epmt_mpi_was_called(unsigned function) {
    if (epmt_mpi_real[2 * (size_t)function])
        return true;
    if (epmt_mpi_clock == EPMT_MPI_OFF || epmt_mpi_profile.calls_lost)
        return epmt_mpi_real[2 * (size_t)function + 1];
    for (struct epmt_mpi_thread *thread = epmt_mpi_profile.threads; thread; thread = thread->next) {
        if (thread->sums[function].calls)
            return true;
    }
    return false;
}

void epmt_mpi_profile_abi(const struct epmt_mpi_abi *abi) {
    epmt_mpi_abi = *abi;
    epmt_mpi_abi_known = true;
}

void epmt_mpi_thread_end(void) {
    struct epmt_mpi_thread *thread = epmt_tls.mpi;

    if (!thread)
        return;
    epmt_tls.mpi = NULL;
    if (thread->outer) // it ended inside a call
        thread->sums[thread->function].calls++;
    thread->outer = NULL;
    if (epmt_mpi_callsites)
        epmt_mpi_callsite_leave(thread);
    if (!epmt_lock_take(&epmt_mpi_profile.lock))
        return;
    thread->next_unused = epmt_mpi_profile.unused;
    epmt_mpi_profile.unused = thread;
    epmt_lock_release(&epmt_mpi_profile.lock);
}

// The parent's memory stays mapped, never looked at again.
void epmt_mpi_profile_forked(void) {
    epmt_lock_reset(&epmt_mpi_profile.lock);
    epmt_mpi_profile.threads = epmt_mpi_profile.unused = NULL;
    epmt_mpi_profile.thread_count = epmt_mpi_profile.calls_lost = 0;
    epmt_tls.mpi = NULL;
    epmt_mpi_requests_forked();
    epmt_mpi_extras_forked();
    epmt_mpi_callsites_forked();
}
