// SPDX-License-Identifier: Apache-2.0
// Counts each event over the same piece of work, alone, and all together: what works alone may not
// find a counter beside others. One line per event: name, source, value, unit, enabled, running,
// excluded, reason, and where that is none the reason beside the others. A check does without the
// work.
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "cli/events/events.h"

struct tested {
    char name[EPMT_EVENT_NAME_MAX], unit[16];
    bool papi;
    struct epmt_perf_event event;
    struct epmt_perf_counter counter;
    struct epmt_perf_count count;
    enum epmt_event_reason reason, together;
};

static bool measure;

// Some of everything that events count: arithmetic, memory that is touched first, the kernel, a
// switch.
static void work(void) {
    if (!measure)
        return;
    const size_t len = (size_t)1 << 20;
    const struct timespec pause = {0, 1000000};
    volatile double sum = 0;

    for (int i = 0; i < 10000000; i++)
        sum += i;
    char *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    if (memory != MAP_FAILED && zero >= 0 && read(zero, memory, len / 2) > 0)
        memset(memory + len / 2, 1, len / 2);
    if (memory != MAP_FAILED)
        munmap(memory, len);
    if (zero >= 0)
        close(zero);
    nanosleep(&pause, NULL);
}

static enum epmt_event_reason start(struct tested *test) {
    test->counter = epmt_perf_open(&test->event, 3);
    return test->counter.fd < 0 ? epmt_event_reason_of(&test->event, test->counter.fd)
                                : EPMT_REASON_NONE;
}

static enum epmt_event_reason stop(struct tested *test) {
    int status = epmt_perf_read(&test->counter, &test->count);

    epmt_perf_close(&test->counter);
    if (status)
        return EPMT_REASON_FAILED;
    if (!test->count.running && test->count.enabled)
        return EPMT_REASON_NEVER_RAN;
    return measure && !test->count.value && epmt_perf_is_blind(&test->event, test->counter.exclude)
               ? EPMT_REASON_KERNEL_ONLY
               : EPMT_REASON_NONE;
}

static void test_perf(struct tested *test) {
    if (test->reason)
        return;
    test->reason = start(test);
    if (test->reason)
        return;
    work();
    test->reason = stop(test);
}

static void test_papi(struct tested *test) {
    enum epmt_event_reason reason;
    struct epmt_papi_link *papi = epmt_events_papi(&reason);
    struct epmt_papi_count count = {0};
    const char *name = test->name;

    test->reason = reason;
    if (!papi)
        return;
    papi->unit(name, test->unit, sizeof test->unit);
    void *handle = papi->start(&name, 1, true, &count);
    if (handle) {
        work();
        papi->read(handle, &count);
        papi->stop(handle);
    }
    test->reason = (enum epmt_event_reason)count.reason;
    if (!measure && test->reason == EPMT_REASON_KERNEL_ONLY)
        test->reason = EPMT_REASON_NONE;
    test->count.value = count.value;
    test->counter.exclude = count.user_only ? EPMT_PERF_KERNEL : 0;
}

// All of the kernel's at once, as a measured thread has them.
static void test_together(struct tested *tests, int count) {
    struct epmt_perf_count alone[EPMT_EVENTS_MAX];

    for (int i = 0; i < count; i++) {
        alone[i] = tests[i].count;
        tests[i].together = tests[i].papi || tests[i].reason ? tests[i].reason : start(&tests[i]);
    }
    work();
    for (int i = 0; i < count; i++) {
        if (!tests[i].papi && !tests[i].together)
            tests[i].together = stop(&tests[i]);
        tests[i].count = alone[i];
    }
}

static void print_reason(enum epmt_event_reason reason) {
    int64_t level = epmt_perf_paranoid();

    fputs(epmt_event_reason_text(reason), stdout);
    if ((reason == EPMT_REASON_NOT_PERMITTED || reason == EPMT_REASON_KERNEL_ONLY) &&
        level != INT64_MIN)
        printf(" (it is %lld here)", (long long)level);
}

static void print(const struct tested *test) {
    bool clock = !test->papi && epmt_perf_is_clock(&test->event);
    bool kernel = test->counter.exclude & EPMT_PERF_KERNEL;
    bool user = test->counter.exclude & EPMT_PERF_USER;

    printf("%s\t%s\t", test->name, test->papi ? "papi" : "perf");
    if (test->reason)
        fputs("\t\t\t\t\t", stdout);
    else if (test->papi)
        printf("%llu\t%s\t\t\t%s\t", (unsigned long long)test->count.value, test->unit,
               kernel ? "kernel" : "");
    else
        printf("%llu\t%s\t%llu\t%llu\t%s\t", (unsigned long long)epmt_perf_scale(&test->count),
               epmt_event_unit(&test->event), (unsigned long long)test->count.enabled,
               (unsigned long long)test->count.running,
               clock            ? ""
               : kernel && user ? "user, kernel"
               : kernel         ? "kernel"
               : user           ? "user"
                                : "");
    print_reason(test->reason);
    putchar('\t');
    print_reason(test->reason ? EPMT_REASON_NONE : test->together);
    putchar('\n');
}

int epmt_events_test(const char *names, bool with_work) {
    struct tested *tests = calloc(EPMT_EVENTS_MAX, sizeof *tests);
    struct epmt_bytes name;
    int count = 0;

    measure = with_work;
    while (tests && count < EPMT_EVENTS_MAX && epmt_events_next(&names, &name)) {
        struct tested *test = &tests[count++];
        bool fits = epmt_fmt(test->name, sizeof test->name, "%.*s", (int)name.len, name.data);
        test->papi = epmt_event_is_papi(name);
        if (!fits)
            test->reason = EPMT_REASON_TOO_LONG;
        else if (!test->papi)
            test->reason = epmt_pfm_encode(name, &test->event);
    }
    for (int i = 0; i < count; i++) {
        if (tests[i].papi && !tests[i].reason)
            test_papi(&tests[i]);
        else
            test_perf(&tests[i]);
    }
    if (tests)
        test_together(tests, count);
    for (int i = 0; i < count; i++)
        print(&tests[i]);
    free(tests);
    return fflush(stdout) || ferror(stdout);
}
