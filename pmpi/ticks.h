// SPDX-License-Identifier: Apache-2.0
// The clock of the profile: the time-stamp counter where it is invariant, else CLOCK_MONOTONIC.
#ifndef EPMT_PMPI_TICKS_H
#define EPMT_PMPI_TICKS_H

#include <stdint.h>
#include <time.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "common/prim.h"

enum epmt_mpi_clock { EPMT_MPI_OFF, EPMT_MPI_TSC, EPMT_MPI_CLOCK };

// OFF: nothing is profiled. Hidden where it is declared too: then it is reached without a detour.
extern __attribute__((visibility("hidden"))) enum epmt_mpi_clock epmt_mpi_clock;

static inline uint64_t epmt_mpi_counter(void) {
#ifdef __x86_64__
    return __rdtsc();
#elif defined __aarch64__
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return 0;
#endif
}

static inline uint64_t epmt_mpi_ticks(void) {
    if (__builtin_expect(epmt_mpi_clock == EPMT_MPI_TSC, 1))
        return epmt_mpi_counter();
    return epmt_prim_clock_ns(CLOCK_MONOTONIC);
}

#endif
