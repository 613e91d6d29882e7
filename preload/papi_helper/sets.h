// SPDX-License-Identifier: Apache-2.0
// The descriptors that PAPI has opened for a thread. A program that closes all of its own closes
// these too, and may get their numbers for files of its own: PAPI, which does not look, must not be
// asked then.
#ifndef EPMT_PRELOAD_PAPI_HELPER_SETS_H
#define EPMT_PRELOAD_PAPI_HELPER_SETS_H

#include <stdbool.h>
#include <stdint.h>

#define EPMT_PAPI_FDS_MAX 64

struct epmt_papi_fds {
    int count;
    struct {
        int fd;
        uint64_t id; // of the counter
    } at[EPMT_PAPI_FDS_MAX];
};

// The lowest number that is free.
int epmt_papi_lowest_free(void);

// Takes down the counters among the descriptors from..to - 1 that are new since before.
void epmt_papi_fds_find(struct epmt_papi_fds *fds, int from, int to);

// Whether all of them are what they were.
bool epmt_papi_fds_are_whole(const struct epmt_papi_fds *fds);

// In a child of fork: closes those that are.
void epmt_papi_fds_close(const struct epmt_papi_fds *fds);

#endif
