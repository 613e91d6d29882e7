// SPDX-License-Identifier: Apache-2.0
#include "preload/unbegun.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

#include "common/fmt.h"
#include "common/hot.h"
#include "common/prim.h"

#include "common/poison.h"

static EPMT_HOT(1) atomic_int waiting;

void epmt_unbegun_forget(void) {
    atomic_store(&waiting, 0);
}

void epmt_unbegun_add(int change) {
    atomic_fetch_add(&waiting, change);
}

unsigned epmt_unbegun_count(void) {
    int count = atomic_load(&waiting);

    if (count < 0)
        return 0;
    return count < EPMT_UNBEGUN_MAX ? (unsigned)count : EPMT_UNBEGUN_MAX;
}

// Keeps the last ones of the directory, which are the newest: an older thread that nobody knows has
// ended and is about to vanish.
static void keep(pid_t tids[], unsigned *count, unsigned wanted, pid_t tid) {
    if (*count == wanted)
        memmove(tids, tids + 1, (wanted - 1) * sizeof *tids);
    else
        ++*count;
    tids[*count - 1] = tid;
}

unsigned epmt_unbegun_find(pid_t tids[EPMT_UNBEGUN_MAX], bool (*known)(pid_t tid)) {
    static _Alignas(struct dirent64) char data[2048]; // the stack may be small
    unsigned count = 0, wanted = epmt_unbegun_count();
    ssize_t len;

    if (!wanted)
        return 0;
    int fd = epmt_prim_open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    while ((len = epmt_prim_getdents(fd, data, sizeof data)) > 0) {
        for (ssize_t at = 0; at < len;) {
            const struct dirent64 *entry = (const void *)(data + at);
            int64_t tid;
            if (epmt_parse_whole_i64(entry->d_name, &tid) && !known((pid_t)tid))
                keep(tids, &count, wanted, (pid_t)tid);
            at += entry->d_reclen;
        }
    }
    epmt_prim_close(fd);
    return count;
}
