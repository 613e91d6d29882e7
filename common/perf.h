// SPDX-License-Identifier: Apache-2.0
// Counters of the kernel (perf_event_open) for one thread: opened, told apart from whatever else a
// descriptor may have become, read, closed.
#ifndef EPMT_COMMON_PERF_H
#define EPMT_COMMON_PERF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum epmt_perf_exclude { EPMT_PERF_USER = 1, EPMT_PERF_KERNEL = 2, EPMT_PERF_HV = 4 };

// An event as the kernel knows it.
struct epmt_perf_event {
    uint32_t type;
    uint32_t exclude; // enum epmt_perf_exclude
    uint64_t config, config1, config2;
};

// A counter that is open.
struct epmt_perf_counter {
    int fd;           // or -errno
    uint32_t exclude; // what it does not count, after all
    uint64_t id;      // the kernel's, unique: says whether fd is still ours
};

struct epmt_perf_count {
    uint64_t value, enabled, running; // value as counted, not scaled
};

// True for the clocks of the kernel: ns, of user and kernel mode whatever is excluded.
bool epmt_perf_is_clock(const struct epmt_perf_event *event);

// True where the event happens in the kernel only, so that a counter without the kernel reads 0.
bool epmt_perf_needs_kernel(const struct epmt_perf_event *event);

// True where a counter that excludes this much may read 0 although the event has happened.
bool epmt_perf_is_blind(const struct epmt_perf_event *event, uint32_t exclude);

// Opens the event for the calling thread on any CPU, counting at once, not inherited by children;
// without the kernel where only that is permitted. The descriptor is at least least_fd and closed
// on exec. Returns the error in fd.
struct epmt_perf_counter epmt_perf_open(const struct epmt_perf_event *event, int least_fd);

// Reads the counter. Returns 0, or -EBADF where the descriptor is not ours any more, or another
// -errno.
int epmt_perf_read(const struct epmt_perf_counter *counter, struct epmt_perf_count *count);

// Closes the counter where its descriptor is still ours.
void epmt_perf_close(const struct epmt_perf_counter *counter);

// The value for the whole time enabled, where the counter ran for a part of it. running must not be
// 0.
uint64_t epmt_perf_scale(const struct epmt_perf_count *count);

// /proc/sys/kernel/perf_event_paranoid, or INT64_MIN where it is not known.
int64_t epmt_perf_paranoid(void);

#endif
