// SPDX-License-Identifier: Apache-2.0
// What counters cost a thread: pthread_create + pthread_join of an empty one. FLOOR_EVENTS=N: each
// thread opens, reads and closes N counters itself, in the order of `configs` below; the main
// thread has its own open all the time, as it has where it is measured, and each switch between
// threads has to do with them. usage: counters COUNT; prints microseconds per thread, and of them
// on a CPU
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int events;

static double seconds(clockid_t clock) {
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

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

static void open_events(int *fd) {
    static const uint64_t configs[] = {PERF_COUNT_SW_TASK_CLOCK, PERF_COUNT_SW_CPU_CLOCK,
                                       PERF_COUNT_SW_PAGE_FAULTS_MIN,
                                       PERF_COUNT_SW_PAGE_FAULTS_MAJ};

    for (int i = 0; i < events; i++)
        fd[i] = open_event(configs[i]);
}

static void *work(void *unused) {
    int fd[4];
    uint64_t values[3];

    open_events(fd);
    for (int i = 0; i < events; i++) {
        if (read(fd[i], values, sizeof values) != sizeof values)
            exit(3);
        close(fd[i]);
    }
    return unused;
}

int main(int argc, char **argv) {
    const char *floor = getenv("FLOOR_EVENTS");
    int count = argc == 2 ? atoi(argv[1]) : 0, mine[4];

    if (count < 1) {
        fprintf(stderr, "usage: counters COUNT\n");
        return 2;
    }
    events = floor ? atoi(floor) : 0;
    events = events > 4 ? 4 : events;
    open_events(mine);
    double start = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, NULL) || pthread_join(thread, NULL))
            return 1;
    }
    printf("%.2f %.2f\n", (seconds(CLOCK_MONOTONIC) - start) * 1e6 / count,
           (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / count);
    return 0;
}
