// SPDX-License-Identifier: Apache-2.0
// libepmt-papi.so: counts through PAPI what perf_event_open alone cannot. It runs inside the user's
// process where such an event was asked for, and there only in the places that libepmt.so calls it
// from: the start of the process, start and end of a thread, the end of the process. What PAPI
// itself does there (memory, locks, descriptors) is PAPI's.
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/papi_link.h"
#include "common/prim.h"
#include "metadata/events.h"
#include "preload/papi_helper/functions.h"
#include "preload/papi_helper/sets.h"

#include "common/poison.h"

#define SETS_MAX 8 // components used at once by a thread

// The events of one thread: a set per component.
struct counted {
    struct counted *next, **at;
    unsigned count;
    unsigned long tid;
    struct epmt_papi_fds fds;
    struct {
        int set, component, count;
        bool of_threads, attached, running;
        uint8_t event[EPMT_EVENTS_MAX]; // numbers of the events, in the order of the set
    } sets[SETS_MAX];
    int set_count;
    uint8_t reasons[EPMT_EVENTS_MAX];
};

// What is known of each event that is asked for.
static struct known {
    bool asked, exists, of_threads;
    bool blind; // without the kernel it may read 0 though it happens
    bool clock;
    int code, component;
} known[EPMT_EVENTS_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct counted *all; // that are running
static bool begun, user_only;

static struct {
    const char *const *names; // NULL: whatever is asked for later
    unsigned count;
} chosen;

static unsigned long own_tid(void) {
    return (unsigned long)syscall(SYS_gettid);
}

static bool is_of_threads(int component) {
    const PAPI_component_info_t *info = epmt_papi_call.get_component_info(component);

    return info && !strcmp(info->name, "perf_event");
}

// User and kernel mode, as libepmt.so counts, where that is permitted; PAPI's own choice is the
// user's alone.
static void choose_domain(void) {
    struct epmt_perf_event clock;
    static const char name[] = "CPU-CLOCK";

    epmt_event_encode_known((struct epmt_bytes){name, sizeof name - 1}, &clock);
    struct epmt_perf_counter counter = epmt_perf_open(&clock, 3);
    user_only = counter.fd < 0 || counter.exclude & EPMT_PERF_KERNEL;
    epmt_perf_close(&counter);
    for (int i = 0; i < epmt_papi_call.num_components() && !user_only; i++) {
        if (is_of_threads(i))
            epmt_papi_call.set_cmp_domain(PAPI_DOM_USER | PAPI_DOM_KERNEL, i);
    }
}

static int initialize(void) {
    int version = epmt_papi_call.library_init(PAPI_VER_CURRENT);

    if (version != PAPI_VER_CURRENT || epmt_papi_call.thread_init(own_tid) != PAPI_OK)
        return EPMT_REASON_PAPI_FAILED;
    choose_domain();
    begun = true;
    return EPMT_REASON_NONE;
}

static void choose(const char *const *names, unsigned count) {
    chosen.names = names;
    chosen.count = count;
}

static int begin(void) {
    int reason = begun ? EPMT_REASON_NONE : epmt_papi_load();

    if (reason || begun)
        return reason;
    if (chosen.names)
        epmt_papi_disable_others(chosen.names, chosen.count);
    return initialize();
}

static uint8_t reason_of(int status) {
    switch (status) {
    case PAPI_OK:
        return EPMT_REASON_NONE;
    case PAPI_ENOEVNT:
    case PAPI_ENOCMP:
        return EPMT_REASON_NOT_HERE;
    case PAPI_ECNFLCT:
    case PAPI_ECOUNT:
    case PAPI_EISRUN:
        return EPMT_REASON_BUSY;
    case PAPI_EPERM:
        return EPMT_REASON_NOT_PERMITTED;
    case PAPI_ENOMEM:
        return EPMT_REASON_NO_MEMORY;
    case PAPI_EATTR:
    case PAPI_EINVAL:
        return EPMT_REASON_INVALID;
    default:
        return EPMT_REASON_PAPI_FAILED;
    }
}

// The thread's set of a component, made where there is none. Returns its number, or -1.
static int set_of(struct counted *counted, int component) {
    int set = PAPI_NULL;

    for (int i = 0; i < counted->set_count; i++) {
        if (counted->sets[i].component == component)
            return i;
    }
    if (counted->set_count == SETS_MAX || epmt_papi_call.create_eventset(&set) != PAPI_OK)
        return -1;
    epmt_papi_call.assign_eventset_component(set, component);
    int i = counted->set_count++;
    counted->sets[i].set = set;
    counted->sets[i].component = component;
    counted->sets[i].of_threads = is_of_threads(component);
    // Attached even to its own thread, the set is read by the kernel, whichever thread asks. Where
    // there are no counters of the CPU it cannot be attached, and always is read by the kernel.
    if (counted->sets[i].of_threads)
        counted->sets[i].attached = epmt_papi_call.attach(set, counted->tid) == PAPI_OK;
    return i;
}

// Finds out about an event, which the threads then need not ask PAPI for: it looks through all that
// libpfm4 knows each time. One thread does it at a time.
static const struct known *know(unsigned number, const char *name) {
    struct known *event = &known[number];
    struct epmt_perf_event perf;

    if (event->asked)
        return event;
    event->asked = true;
    event->exists = epmt_papi_call.event_name_to_code(name, &event->code) == PAPI_OK;
    if (!event->exists)
        return event;
    event->component = epmt_papi_call.get_event_component(event->code);
    event->of_threads = is_of_threads(event->component);
    const char *plain = strstr(name, ":::");
    struct epmt_bytes bytes = {plain ? plain + 3 : name, 0};
    bytes.len = strlen(bytes.data);
    if (epmt_event_encode_known(bytes, &perf)) {
        event->blind = epmt_perf_is_blind(&perf, EPMT_PERF_KERNEL);
        event->clock = epmt_perf_is_clock(&perf);
    }
    return event;
}

static uint8_t add(struct counted *counted, unsigned number, const char *name, bool main) {
    const struct known *event = know(number, name);

    if (!event->exists)
        return EPMT_REASON_UNKNOWN;
    if (!main && !event->of_threads)
        return EPMT_REASON_NOT_PER_THREAD;
    int i = set_of(counted, event->component);
    if (i < 0)
        return EPMT_REASON_PAPI_FAILED;
    int status = epmt_papi_call.add_event(counted->sets[i].set, event->code);
    if (status == PAPI_OK)
        counted->sets[i].event[counted->sets[i].count++] = (uint8_t)number;
    return reason_of(status);
}

static void start_sets(struct counted *counted) {
    for (int i = 0; i < counted->set_count; i++) {
        int status = epmt_papi_call.start(counted->sets[i].set);
        counted->sets[i].running = status == PAPI_OK;
        for (int k = 0; k < counted->sets[i].count && status != PAPI_OK; k++)
            counted->reasons[counted->sets[i].event[k]] = reason_of(status);
    }
}

static void enlist(struct counted *counted) {
    pthread_mutex_lock(&lock);
    counted->next = all;
    counted->at = &all;
    if (all)
        all->at = &counted->next;
    all = counted;
    pthread_mutex_unlock(&lock);
}

static void *start(const char *const *names, unsigned count, bool main,
                   struct epmt_papi_count *counts) {
    struct counted *counted = epmt_prim_map(sizeof *counted);
    int from = epmt_papi_lowest_free();

    if (!counted || epmt_papi_call.register_thread() != PAPI_OK) {
        for (unsigned i = 0; i < count; i++)
            counts[i].reason = counted ? EPMT_REASON_PAPI_FAILED : EPMT_REASON_NO_MEMORY;
        if (counted)
            epmt_prim_unmap(counted, sizeof *counted);
        return NULL;
    }
    counted->count = count;
    counted->tid = own_tid();
    for (unsigned i = 0; i < count; i++)
        counted->reasons[i] = add(counted, i, names[i], main);
    start_sets(counted);
    epmt_papi_fds_find(&counted->fds, from, epmt_papi_lowest_free());
    for (unsigned i = 0; i < count; i++)
        counts[i].reason = counted->reasons[i];
    enlist(counted);
    return counted;
}

static void fail_set(const struct counted *counted, int i, uint8_t reason,
                     struct epmt_papi_count *counts) {
    for (int k = 0; k < counted->sets[i].count; k++)
        counts[counted->sets[i].event[k]].reason = reason;
}

static void take_values(const struct counted *counted, int i, const long long *values,
                        struct epmt_papi_count *counts) {
    bool excluded = user_only && counted->sets[i].of_threads;

    for (int k = 0; k < counted->sets[i].count; k++) {
        unsigned number = counted->sets[i].event[k];
        bool hidden = excluded && known[number].blind && !values[k];
        counts[number].value = (uint64_t)values[k];
        counts[number].user_only = excluded && !known[number].clock;
        counts[number].reason = hidden ? EPMT_REASON_KERNEL_ONLY : EPMT_REASON_NONE;
    }
}

// A counter that PAPI reads in user mode is that of whichever thread asks.
static bool may_read(const struct counted *counted, int i) {
    const PAPI_component_info_t *info =
        epmt_papi_call.get_component_info(counted->sets[i].component);

    return !counted->sets[i].of_threads || counted->sets[i].attached || counted->tid == own_tid() ||
           (info && !info->fast_counter_read);
}

static void read_all(void *handle, struct epmt_papi_count *counts) {
    struct counted *counted = handle;
    long long values[EPMT_EVENTS_MAX];
    bool whole = epmt_papi_fds_are_whole(&counted->fds);

    for (unsigned i = 0; i < counted->count; i++)
        counts[i].reason = counted->reasons[i];
    for (int i = 0; i < counted->set_count; i++) {
        if (!counted->sets[i].running)
            continue;
        if (!may_read(counted, i))
            fail_set(counted, i, EPMT_REASON_PAPI_FAILED, counts);
        else if (!whole)
            fail_set(counted, i, EPMT_REASON_CLOSED, counts);
        else if (epmt_papi_call.read(counted->sets[i].set, values) != PAPI_OK)
            fail_set(counted, i, EPMT_REASON_PAPI_FAILED, counts);
        else
            take_values(counted, i, values, counts);
    }
}

static void stop(void *handle) {
    struct counted *counted = handle;

    pthread_mutex_lock(&lock);
    *counted->at = counted->next;
    if (counted->next)
        counted->next->at = counted->at;
    pthread_mutex_unlock(&lock);
    // What PAPI would close is not PAPI's any more: its sets are left as they are.
    for (int i = 0; i < counted->set_count && epmt_papi_fds_are_whole(&counted->fds); i++) {
        if (counted->sets[i].running)
            epmt_papi_call.stop(counted->sets[i].set, NULL);
        epmt_papi_call.cleanup_eventset(counted->sets[i].set);
        epmt_papi_call.destroy_eventset(&counted->sets[i].set);
    }
    if (counted->tid != (unsigned long)getpid()) // PAPI does not bear to lose its first thread
        epmt_papi_call.unregister_thread();
    epmt_prim_unmap(counted, sizeof *counted);
}

// The sets of the parent's threads count these; nothing may be done to them from here.
static int forked(void) {
    pthread_mutex_init(&lock, NULL);
    for (const struct counted *counted = all; counted; counted = counted->next)
        epmt_papi_fds_close(&counted->fds);
    all = NULL;
    memset(known, 0, sizeof known);
    return initialize();
}

static void unit(const char *name, char *text, size_t cap) {
    PAPI_event_info_t info;
    int code;

    *text = '\0';
    memset(&info, 0, sizeof info);
    if (epmt_papi_call.event_name_to_code(name, &code) != PAPI_OK ||
        epmt_papi_call.get_event_info(code, &info) != PAPI_OK)
        return;
    epmt_fmt(text, cap, "%s", *info.units ? info.units : "count");
}

__attribute__((visibility("default"))) struct epmt_papi_link epmt_papi = {
    .version = EPMT_PAPI_LINK_VERSION,
    .choose = choose,
    .begin = begin,
    .start = start,
    .read = read_all,
    .stop = stop,
    .forked = forked,
    .unit = unit,
    .list = epmt_papi_list,
};

static __attribute__((constructor)) void ready(void) {
    if (epmt_papi.ready)
        epmt_papi.ready();
}
