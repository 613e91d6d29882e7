// SPDX-License-Identifier: Apache-2.0
#include "aggregator/streamfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "common/fmt.h"
#include "common/iox.h"
#include "common/prim.h"

#include "common/poison.h"

// A limit on the size of files answers with a signal, which the program never asked for.
static int write_quietly(int fd, const void *data, size_t len) {
    uint64_t signals = epmt_prim_signals_block();
    int status = epmt_write_all(fd, data, len);

    if (status == -EFBIG)
        epmt_prim_signal_take(SIGXFSZ);
    epmt_prim_signals_restore(signals);
    return status;
}

int epmt_streamfile_start(struct epmt_streamfile *file, const char *journal, uint64_t step,
                          uint64_t image) {
    const char *slash = strrchr(journal, '/');
    int dir_len = slash ? (int)(slash - journal) : 0;
    char name[64];

    file->fd = -1;
    epmt_fmt(name, sizeof name, "%016lx-%016lx.stream", (unsigned long)step, (unsigned long)image);
    if (!slash || !epmt_fmt(file->path, sizeof file->path, "%.*s", dir_len, journal))
        return -ENAMETOOLONG;
    int status = epmt_check_dirs(file->path, 0);
    if (status)
        return status;
    // Half-written files of this form are removed when the job is folded.
    if (!epmt_fmt(file->path, sizeof file->path, "%.*s/%s", dir_len, journal, name) ||
        !epmt_fmt(file->beside, sizeof file->beside, "%.*s/.%s.tmp", dir_len, journal, name))
        return -ENAMETOOLONG;
    file->fd =
        epmt_prim_open(file->beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    return file->fd < 0 ? file->fd : 0;
}

int epmt_streamfile_put(struct epmt_streamfile *file, const void *data, size_t len) {
    return write_quietly(file->fd, data, len);
}

int epmt_streamfile_finish(struct epmt_streamfile *file) {
    int status = epmt_prim_fsync(file->fd);

    epmt_prim_close(file->fd);
    file->fd = -1;
    if (!status)
        status = epmt_prim_rename(file->beside, file->path);
    if (status)
        epmt_prim_unlink(file->beside);
    return status;
}

void epmt_streamfile_abandon(struct epmt_streamfile *file) {
    if (file->fd < 0)
        return;
    epmt_prim_close(file->fd);
    epmt_prim_unlink(file->beside);
    file->fd = -1;
}
