// SPDX-License-Identifier: Apache-2.0
#include "pmpi/callsites.h"

#include <stdatomic.h>
#include <string.h>

#include "common/fmt.h"
#include "common/hash.h"
#include "common/maps.h"
#include "common/prim.h"
#include "metadata/mpi_tables.h"
#include "pmpi/counts.h"
#include "pmpi/hooks.h"
#include "pmpi/profile_rows.h"

#include "common/poison.h"

#define SITES 4096   // a power of two; calls from more are counted without a stack
#define PROBES 64    // places that are looked at for one site
#define DEPTH_MAX 16 // frames of a stack
#define OWN_MAX 16   // frames of ours, and of the helper's, in front of it
#define MODULES 512  // frames of others have no name
#define LINE_LEN 4608
#define ROW_MAX 128 // without the stack

bool epmt_mpi_callsites;

struct site {
    _Atomic uint64_t key; // of function and stack, 0: free
    _Atomic uint64_t calls, ticks, out, in;
    atomic_bool ready; // what follows is written
    uint16_t function, depth;
    uintptr_t stack[DEPTH_MAX];
};

struct module {
    uint64_t start, end, offset;
    char path[232];
};

// Without a stack, of each function, in front; then by key.
#define FIRST EPMT_MPI_FUNCTION_COUNT

struct table {
    struct site sites[FIRST + SITES];
    struct module own; // this library
    unsigned depth, module_count;
    struct module modules[MODULES];
    char line[LINE_LEN];
    char list[DEPTH_MAX * (sizeof((struct module *)0)->path + 24)];
};

static struct table *table;

static bool holds(const struct module *module, uintptr_t address) {
    return address >= module->start && address < module->end;
}

static void copy(struct module *module, const struct epmt_mapping *mapping) {
    module->start = mapping->start;
    module->end = mapping->end;
    module->offset = mapping->offset;
    epmt_fmt(module->path, sizeof module->path, "%s", mapping->path);
}

static void look_for_own(void *context, const struct epmt_mapping *mapping) {
    struct table *to = context;
    uintptr_t here = (uintptr_t)epmt_mpi_callsites_begin;

    if (here >= mapping->start && here < mapping->end)
        copy(&to->own, mapping);
}

bool epmt_mpi_callsites_begin(uint64_t depth) {
    struct table *made;

    if (!depth || table)
        return table != NULL;
    if (!epmt_mpi_hooks->backtrace_begin()) {
        epmt_mpi_hooks->log(0, "no call sites of MPI: the helper with libunwind cannot be loaded");
        return false;
    }
    made = epmt_prim_map(sizeof *made);
    if (!made)
        return false;
    for (unsigned i = 0; i < FIRST; i++)
        made->sites[i].function = (uint16_t)i;
    made->depth = depth < DEPTH_MAX ? (unsigned)depth : DEPTH_MAX;
    epmt_maps_read(made->line, sizeof made->line, look_for_own, made);
    table = made;
    epmt_mpi_callsites = true;
    return true;
}

// The parent's memory stays mapped, never looked at again.
void epmt_mpi_callsites_forked(void) {
    epmt_mpi_callsites = false;
    table = NULL;
}

// The frames of the program. Returns how many, 0 where the stack cannot be unwound.
static unsigned stack_of(uintptr_t stack[DEPTH_MAX]) {
    uintptr_t all[OWN_MAX + DEPTH_MAX];
    size_t count = epmt_mpi_hooks->backtrace(all, OWN_MAX + table->depth), at = 0;
    unsigned depth = 0;

    while (at < count && !holds(&table->own, all[at])) // the helper's
        at++;
    while (at < count && holds(&table->own, all[at]))
        at++;
    while (at < count && depth < table->depth)
        stack[depth++] = all[at++];
    return depth;
}

static void fill(struct site *site, unsigned function, const uintptr_t *stack, unsigned depth) {
    site->function = (uint16_t)function;
    site->depth = (uint16_t)depth;
    memcpy(site->stack, stack, depth * sizeof *stack);
    atomic_store_explicit(&site->ready, true, memory_order_release);
}

// Of 64 bits of hash two different ones do not meet: who finds the key need not wait for the rest.
static unsigned place_of(unsigned function, const uintptr_t *stack, unsigned depth) {
    uint64_t key = epmt_hash_finish(
        epmt_hash_words(epmt_hash_u64(EPMT_HASH_START, function), stack, depth * sizeof *stack));
    unsigned place = epmt_mpi_place(key, SITES);

    for (unsigned i = 0; i < PROBES; i++, place = (place + 1) % SITES) {
        struct site *site = &table->sites[FIRST + place];
        uint64_t there = 0;
        if (site->key == key)
            return FIRST + place;
        if (site->key == 0 && atomic_compare_exchange_strong(&site->key, &there, key)) {
            fill(site, function, stack, depth);
            return FIRST + place;
        }
        if (there == key)
            return FIRST + place;
    }
    return function;
}

void epmt_mpi_callsite_enter(struct epmt_mpi_thread *thread) {
    uintptr_t stack[DEPTH_MAX];
    int saved = epmt_enter();
    unsigned depth = stack_of(stack);
    unsigned place = depth ? place_of(thread->function, stack, depth) : thread->function;

    thread->before = thread->sums[thread->function];
    __atomic_store_n(&thread->site, place + 1, __ATOMIC_RELEASE);
    epmt_leave(saved);
}

static void count(_Atomic uint64_t *to, uint64_t amount) {
    if (amount)
        atomic_fetch_add_explicit(to, amount, memory_order_relaxed);
}

void epmt_mpi_callsite_leave(struct epmt_mpi_thread *thread) {
    const struct epmt_mpi_sum *now = &thread->sums[thread->function], *before = &thread->before;
    struct site *site;

    if (!thread->site)
        return;
    site = &table->sites[thread->site - 1];
    thread->site = 0;
    count(&site->calls, now->calls - before->calls);
    count(&site->ticks, now->ticks - before->ticks);
    count(&site->out, now->out - before->out);
    count(&site->in, now->in - before->in);
}

void epmt_mpi_callsite_received(unsigned site, uint64_t bytes) {
    if (table)
        count(&table->sites[site - 1].in, bytes);
}

struct total {
    uint64_t calls, ticks, out, in;
};

// What the last call of each thread adds, or the one under way: it is not counted at its site yet.
static struct total total_of(unsigned place) {
    const struct site *site = &table->sites[place];
    const struct epmt_mpi_thread *thread =
        __atomic_load_n(&epmt_mpi_profile.threads, __ATOMIC_ACQUIRE);
    struct total total = {site->calls, site->ticks, site->out, site->in};
    uint64_t ticks;

    for (; thread; thread = thread->next) {
        const struct epmt_mpi_sum *now = &thread->sums[thread->function];
        if (__atomic_load_n(&thread->site, __ATOMIC_ACQUIRE) != place + 1)
            continue;
        total.calls += now->calls - thread->before.calls;
        total.ticks += now->ticks - thread->before.ticks;
        total.out += now->out - thread->before.out;
        total.in += now->in - thread->before.in;
        if (epmt_mpi_call_is_open(thread, &ticks)) {
            total.calls++;
            total.ticks += ticks;
        }
    }
    return total;
}

static void keep_module(void *context, const struct epmt_mapping *mapping) {
    struct table *to = context;

    if (to->module_count < MODULES)
        copy(&to->modules[to->module_count++], mapping);
}

// The frames as items, each ended by NUL, in table->list. Returns the length.
static size_t list_of(const struct site *site) {
    struct epmt_text_buffer text;

    epmt_text_init(&text, table->list, sizeof table->list);
    for (unsigned i = 0; i < site->depth; i++) {
        const struct module *module = table->modules, *end = module + table->module_count;
        while (module < end && !holds(module, site->stack[i]))
            module++;
        if (module < end)
            epmt_text_fmt(&text, "%s+0x%lx", module->path,
                          (unsigned long)(site->stack[i] - module->start + module->offset));
        else
            epmt_text_fmt(&text, "0x%lx", (unsigned long)site->stack[i]);
        epmt_text_append(&text, "", 1);
    }
    return text.len;
}

static bool has_row(unsigned place) {
    return place < FIRST ? epmt_mpi_is_found(place) : (bool)table->sites[place].ready;
}

size_t epmt_mpi_callsites_room(void) {
    size_t room = 0;

    if (!epmt_mpi_callsites)
        return 0;
    table->module_count = 0;
    epmt_maps_read(table->line, sizeof table->line, keep_module, table);
    for (unsigned place = 0; place < FIRST + SITES; place++) {
        if (has_row(place))
            room += ROW_MAX + list_of(&table->sites[place]);
    }
    return room;
}

static void add(struct epmt_fragment *fragment, uint64_t image, unsigned place,
                const struct total *total) {
    const struct site *site = &table->sites[place];
    struct epmt_record row;
    char name[40];

    epmt_fmt(name, sizeof name, "MPI_%s", epmt_mpi_function_name(site->function));
    epmt_record_clear(&row);
    epmt_record_set_u(&row, EPMT_MPI_CALLSITE_COL_image, image);
    epmt_record_set_text(&row, EPMT_MPI_CALLSITE_COL_function, name, strlen(name));
    if (site->depth)
        epmt_record_set_text(&row, EPMT_MPI_CALLSITE_COL_stack, table->list, list_of(site));
    epmt_record_set_u(&row, EPMT_MPI_CALLSITE_COL_calls, total->calls);
    if (total->ticks) // nanoseconds: the clock is that
        epmt_record_set_u(&row, EPMT_MPI_CALLSITE_COL_time, total->ticks);
    if (epmt_mpi_moves_data(site->function)) {
        epmt_record_set_u(&row, EPMT_MPI_CALLSITE_COL_bytes_out, total->out);
        epmt_record_set_u(&row, EPMT_MPI_CALLSITE_COL_bytes_in, total->in);
    }
    if (epmt_fragment_add(fragment, EPMT_ROW_MPI_CALLSITE, &row))
        epmt_mpi_hooks->log(0, "a call site of MPI does not fit");
}

void epmt_mpi_callsites_add(struct epmt_fragment *fragment, uint64_t image) {
    for (unsigned place = 0; epmt_mpi_callsites && place < FIRST + SITES; place++) {
        if (!has_row(place))
            continue;
        struct total total = total_of(place);
        if (total.calls)
            add(fragment, image, place, &total);
    }
}
