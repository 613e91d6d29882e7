// SPDX-License-Identifier: Apache-2.0
#include "preload/papi_helper/sets.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/poison.h"

// Nothing but files without a place in a file system is asked for a counter's id.
static bool is_counter(int fd, uint64_t *id) {
    struct stat st;

    return !fstat(fd, &st) && !(st.st_mode & S_IFMT) && !ioctl(fd, PERF_EVENT_IOC_ID, id);
}

int epmt_papi_lowest_free(void) {
    int any = open("/", O_PATH | O_CLOEXEC);

    if (any >= 0)
        close(any);
    return any;
}

void epmt_papi_fds_find(struct epmt_papi_fds *fds, int from, int to) {
    fds->count = 0;
    for (int fd = from; from >= 0 && fd < to && fds->count < EPMT_PAPI_FDS_MAX; fd++) {
        fds->at[fds->count].fd = fd;
        fds->count += is_counter(fd, &fds->at[fds->count].id);
    }
}

bool epmt_papi_fds_are_whole(const struct epmt_papi_fds *fds) {
    for (int i = 0; i < fds->count; i++) {
        uint64_t id = 0;
        if (!is_counter(fds->at[i].fd, &id) || id != fds->at[i].id)
            return false;
    }
    return true;
}

void epmt_papi_fds_close(const struct epmt_papi_fds *fds) {
    for (int i = 0; i < fds->count; i++) {
        uint64_t id = 0;
        if (is_counter(fds->at[i].fd, &id) && id == fds->at[i].id)
            close(fds->at[i].fd);
    }
}
