// SPDX-License-Identifier: Apache-2.0
#include "common/perf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fmt.h"
#include "common/iox.h"
#include "common/prim.h"

#include "common/poison.h"

bool epmt_perf_is_clock(const struct epmt_perf_event *event) {
    return event->type == PERF_TYPE_SOFTWARE &&
           (event->config == PERF_COUNT_SW_CPU_CLOCK || event->config == PERF_COUNT_SW_TASK_CLOCK);
}

#define CGROUP_SWITCHES 11 // since Linux 5.13

bool epmt_perf_needs_kernel(const struct epmt_perf_event *event) {
    return event->type == PERF_TYPE_TRACEPOINT ||
           (event->type == PERF_TYPE_SOFTWARE &&
            (event->config == PERF_COUNT_SW_CONTEXT_SWITCHES ||
             event->config == PERF_COUNT_SW_CPU_MIGRATIONS || event->config == CGROUP_SWITCHES));
}

bool epmt_perf_is_blind(const struct epmt_perf_event *event, uint32_t exclude) {
    return event->type == PERF_TYPE_SOFTWARE && exclude & EPMT_PERF_KERNEL &&
           !epmt_perf_is_clock(event);
}

static int open_excluding(const struct epmt_perf_event *event, uint32_t exclude) {
    struct perf_event_attr attr;

    memset(&attr, 0, sizeof attr);
    attr.size = sizeof attr;
    attr.type = event->type;
    attr.config = event->config;
    attr.config1 = event->config1;
    attr.config2 = event->config2;
    attr.exclude_user = (exclude & EPMT_PERF_USER) != 0;
    attr.exclude_kernel = (exclude & EPMT_PERF_KERNEL) != 0;
    attr.exclude_hv = (exclude & EPMT_PERF_HV) != 0;
    attr.read_format =
        PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING | PERF_FORMAT_ID;
    return epmt_prim_perf_event_open(&attr, PERF_FLAG_FD_CLOEXEC);
}

struct epmt_perf_counter epmt_perf_open(const struct epmt_perf_event *event, int least_fd) {
    struct epmt_perf_counter counter = {.exclude = event->exclude};
    int low = -EACCES;

    if (!epmt_perf_needs_kernel(event) || !(counter.exclude & EPMT_PERF_KERNEL))
        low = open_excluding(event, counter.exclude);
    if ((low == -EACCES || low == -EPERM) && !(counter.exclude & EPMT_PERF_KERNEL) &&
        !epmt_perf_needs_kernel(event)) {
        counter.exclude |= EPMT_PERF_KERNEL;
        low = open_excluding(event, counter.exclude);
    }
    if (low < 0) {
        counter.fd = low;
        return counter;
    }
    // The program is to find the numbers free that it would find without us.
    counter.fd = epmt_prim_dup_above(low, least_fd);
    epmt_prim_close(low);
    if (counter.fd >= 0 && epmt_prim_ioctl(counter.fd, PERF_EVENT_IOC_ID, &counter.id)) {
        epmt_prim_close(counter.fd);
        counter.fd = -ENOTTY;
    }
    return counter;
}

// Whether the descriptor is a counter and this one. Nothing but files without a place in a file
// system, as counters are, is asked for its id: what ioctl does to others, only they know.
static bool is_ours(const struct epmt_perf_counter *counter) {
    struct stat st;
    uint64_t id = 0;

    return counter->fd >= 0 && !epmt_prim_fstat(counter->fd, &st) && !(st.st_mode & S_IFMT) &&
           !epmt_prim_ioctl(counter->fd, PERF_EVENT_IOC_ID, &id) && id == counter->id;
}

int epmt_perf_read(const struct epmt_perf_counter *counter, struct epmt_perf_count *count) {
    uint64_t values[4]; // value, enabled, running, id

    if (!is_ours(counter))
        return -EBADF;
    ssize_t len = epmt_prim_read(counter->fd, values, sizeof values);
    if (len != (ssize_t)sizeof values)
        return len < 0 ? (int)len : -EBUSY; // 0: a counter in error state
    *count = (struct epmt_perf_count){values[0], values[1], values[2]};
    return 0;
}

void epmt_perf_close(const struct epmt_perf_counter *counter) {
    if (is_ours(counter))
        epmt_prim_close(counter->fd);
}

uint64_t epmt_perf_scale(const struct epmt_perf_count *count) {
    if (count->running >= count->enabled)
        return count->value;
    long double scaled =
        (long double)count->value * (long double)count->enabled / (long double)count->running;
    return scaled < (long double)UINT64_MAX ? (uint64_t)scaled : UINT64_MAX;
}

int64_t epmt_perf_paranoid(void) {
    char text[32];
    int64_t level;
    ssize_t len = epmt_read_small("/proc/sys/kernel/perf_event_paranoid", text, sizeof text);

    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    return len > 0 && epmt_parse_whole_i64(text, &level) ? level : INT64_MIN;
}
