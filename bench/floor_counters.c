// SPDX-License-Identifier: Apache-2.0
// The floor of what counters cost a process: a preload that opens FLOOR_EVENTS of them when it is
// loaded, and reads and closes them at the end.
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fd[4], events;

static int open_event(uint64_t config) {
    struct perf_event_attr attr;

    memset(&attr, 0, sizeof attr);
    attr.size = sizeof attr;
    attr.type = PERF_TYPE_SOFTWARE;
    attr.config = config;
    attr.exclude_hv = 1;
    attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static __attribute__((constructor)) void begin(void) {
    static const uint64_t configs[] = {PERF_COUNT_SW_TASK_CLOCK, PERF_COUNT_SW_CPU_CLOCK,
                                       PERF_COUNT_SW_PAGE_FAULTS_MIN,
                                       PERF_COUNT_SW_PAGE_FAULTS_MAJ};
    const char *floor = getenv("FLOOR_EVENTS");

    events = floor ? atoi(floor) : 0;
    events = events > 4 ? 4 : events;
    for (int i = 0; i < events; i++)
        fd[i] = open_event(configs[i]);
}

static __attribute__((destructor)) void end(void) {
    uint64_t values[3];

    for (int i = 0; i < events; i++) {
        if (read(fd[i], values, sizeof values) == sizeof values)
            close(fd[i]);
    }
}
