// SPDX-License-Identifier: Apache-2.0
// The rows of the profile: the sums of all threads, once per function. Other threads may go on
// calling MPI meanwhile. Called in signal handlers too.
#include "pmpi/profile_rows.h"

#include <string.h>

#include "common/fmt.h"
#include "metadata/metrics.h"
#include "metadata/mpi_tables.h"
#include "pmpi/callsites.h"
#include "pmpi/counts.h"
#include "pmpi/extras.h"
#include "pmpi/hooks.h"
#include "pmpi/variables.h"
#include "pmpi/world.h"

#include "common/poison.h"

// Most bytes of a row: its numbers, the function's name and its class.
#define ROW_MAX 192

struct total {
    uint64_t calls, ticks, least_complement, most, out, in;
};

static const char classes[EPMT_MPI_FUNCTION_COUNT] = {
#define P2P 'p'
#define REQUEST 'r'
#define COLLECTIVE 'c'
#define RMA 'm'
#define IO 'i'
#define OTHER 'o'
#define CLASS_ROW(name, count, class, kind, roles) class,
    EPMT_MPI_WRAPPED(CLASS_ROW)
#undef CLASS_ROW
};

static const char *class_name(unsigned function) {
    switch (classes[function]) {
    case P2P:
        return "p2p";
    case REQUEST:
        return "request";
    case COLLECTIVE:
        return "collective";
    case RMA:
        return "rma";
    case IO:
        return "io";
    default:
        return "other";
    }
}

bool epmt_mpi_is_found(size_t function) {
    return epmt_mpi_real[2 * function] || epmt_mpi_real[2 * function + 1];
}

static uint64_t load(const uint64_t *value) {
    return __atomic_load_n(value, __ATOMIC_RELAXED);
}

// For how long a call is under way is known of this thread. What MPI_Finalize takes is not: it
// takes this profile away first.
bool epmt_mpi_call_is_open(const struct epmt_mpi_thread *thread, uint64_t *ticks) {
    const void *outer = __atomic_load_n(&thread->outer, __ATOMIC_RELAXED);
    const void *here = __builtin_frame_address(0);

    *ticks = 0;
    if (!outer)
        return false;
    if (thread == epmt_tls.mpi && thread->function != EPMT_MPI_Finalize &&
        (uintptr_t)outer >= (uintptr_t)here)
        *ticks = epmt_mpi_ticks() - thread->start;
    return true;
}

static void add_open_call(struct total *total, const struct epmt_mpi_thread *thread) {
    uint64_t ticks;

    if (!epmt_mpi_call_is_open(thread, &ticks))
        return;
    total->calls++;
    if (!ticks)
        return;
    total->ticks += ticks;
    if (~ticks > total->least_complement)
        total->least_complement = ~ticks;
    if (ticks > total->most)
        total->most = ticks;
}

static struct total total_of(unsigned function) {
    struct total total = {0};
    const struct epmt_mpi_thread *thread =
        __atomic_load_n(&epmt_mpi_profile.threads, __ATOMIC_ACQUIRE);

    for (; thread; thread = thread->next) {
        const struct epmt_mpi_sum *sum = &thread->sums[function];
        total.calls += load(&sum->calls);
        total.ticks += load(&sum->ticks);
        total.out += load(&sum->out);
        total.in += load(&sum->in);
        if (load(&sum->least_complement) > total.least_complement)
            total.least_complement = load(&sum->least_complement);
        if (load(&sum->most) > total.most)
            total.most = load(&sum->most);
        if (thread->function == function)
            add_open_call(&total, thread);
    }
    return total;
}

// Nanoseconds of a tick, by what has passed since the first MPI call.
static double tick_ns(void) {
    uint64_t ticks, ns;

    if (epmt_mpi_clock != EPMT_MPI_TSC)
        return 1;
    ticks = epmt_mpi_ticks() - epmt_mpi_profile.start_ticks;
    ns = epmt_prim_clock_ns(CLOCK_MONOTONIC) - epmt_mpi_profile.start_ns;
    return ticks ? (double)ns / (double)ticks : 1;
}

static uint64_t to_ns(uint64_t ticks, double tick) {
    return (uint64_t)((double)ticks * tick);
}

bool epmt_mpi_moves_data(unsigned function) {
    const struct epmt_mpi_roles *roles = &epmt_mpi_roles[function];

    return epmt_mpi_abi_known &&
           (roles->send_buffer != EPMT_MPI_ABSENT || roles->receive_buffer != EPMT_MPI_ABSENT ||
            function == EPMT_MPI_Start || function == EPMT_MPI_Startall);
}

static void fill(struct epmt_record *row, unsigned function, const struct total *total, double tick,
                 char name[40]) {
    const char *class = class_name(function);

    epmt_fmt(name, 40, "MPI_%s", epmt_mpi_function_name(function));
    epmt_record_set_text(row, EPMT_MPI_FUNCTION_COL_function, name, strlen(name));
    epmt_record_set_text(row, EPMT_MPI_FUNCTION_COL_class, class, strlen(class));
    epmt_record_set_u(row, EPMT_MPI_FUNCTION_COL_calls, total->calls);
    if (total->least_complement) {
        epmt_record_set_u(row, EPMT_MPI_FUNCTION_COL_time, to_ns(total->ticks, tick));
        epmt_record_set_u(row, EPMT_MPI_FUNCTION_COL_time_min,
                          to_ns(~total->least_complement, tick));
        epmt_record_set_u(row, EPMT_MPI_FUNCTION_COL_time_max, to_ns(total->most, tick));
    }
    if (epmt_mpi_moves_data(function)) {
        epmt_record_set_u(row, EPMT_MPI_FUNCTION_COL_bytes_out, total->out);
        epmt_record_set_u(row, EPMT_MPI_FUNCTION_COL_bytes_in, total->in);
    }
}

size_t epmt_mpi_rows_room(void) {
    size_t count = 0;

    if (!epmt_mpi_is_attached())
        return 0;
    for (unsigned function = 0; function < EPMT_MPI_FUNCTION_COUNT; function++)
        count += epmt_mpi_is_found(function);
    return count * ROW_MAX + epmt_mpi_variables_room() + epmt_mpi_extras_room() +
           epmt_mpi_callsites_room();
}

static void set_process(struct epmt_record *process, const struct total *all, double tick) {
    epmt_record_set_u(process, EPMT_COL_mpicalls, all->calls);
    epmt_record_set_u(process, EPMT_COL_mpitime, to_ns(all->ticks, tick));
    if (epmt_mpi_abi_known) {
        epmt_record_set_u(process, EPMT_COL_mpibytes_out, all->out);
        epmt_record_set_u(process, EPMT_COL_mpibytes_in, all->in);
    }
}

void epmt_mpi_rows_add(struct epmt_fragment *fragment, struct epmt_record *process,
                       uint64_t image) {
    struct epmt_record row;
    struct total all = {0};
    double tick = tick_ns();
    char name[40];

    if (!epmt_mpi_is_attached())
        return;
    epmt_mpi_world_columns(process);
    epmt_mpi_variables_add(fragment, image);
    if (epmt_mpi_clock == EPMT_MPI_OFF)
        return;
    for (unsigned function = 0; function < EPMT_MPI_FUNCTION_COUNT; function++) {
        if (!epmt_mpi_is_found(function))
            continue;
        struct total total = total_of(function);
        if (!total.calls)
            continue;
        all.calls += total.calls;
        all.ticks += total.ticks;
        all.out += total.out;
        all.in += total.in;
        epmt_record_clear(&row);
        epmt_record_set_u(&row, EPMT_MPI_FUNCTION_COL_image, image);
        fill(&row, function, &total, tick, name);
        if (epmt_fragment_add(fragment, EPMT_ROW_MPI_FUNCTION, &row))
            epmt_mpi_hooks->log(0, "a row of the MPI profile does not fit");
    }
    set_process(process, &all, tick);
    epmt_mpi_extras_add(fragment, image);
    epmt_mpi_callsites_add(fragment, image);
}
