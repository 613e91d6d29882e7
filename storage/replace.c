// SPDX-License-Identifier: Apache-2.0
#include "storage/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/iox.h"
#include "common/prim.h"

#define TRIES 1000

int epmt_replace_begin(struct epmt_replace *file, const char *path, struct epmt_error *err) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    file->fd = -1;
    if (!epmt_fmt(file->path, sizeof file->path, "%s", path))
        return epmt_errf(err, EPMT_ERR_IO, "%s: the name is too long", path);
    errno = EEXIST;
    for (unsigned i = 0; i < TRIES && file->fd < 0 && errno == EEXIST; i++) {
        if (!epmt_fmt(file->temporary, sizeof file->temporary, "%.*s.%s.%d.%u%s",
                      (int)(name - path), path, name, (int)getpid(), i, EPMT_REPLACE_SUFFIX))
            return epmt_errf(err, EPMT_ERR_IO, "%s: the name is too long", path);
        file->fd = open(file->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    }
    if (file->fd < 0)
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot make %s", path);
    return 0;
}

static int sync_directory(const char *path) {
    char dir[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');

    if (slash)
        epmt_fmt(dir, sizeof dir, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int status = fsync(fd);
    // Some file systems know no fsync of a directory.
    if (status && (errno == EINVAL || errno == EROFS || errno == ENOTSUP))
        status = 0;
    close(fd);
    return status;
}

int epmt_replace_commit(struct epmt_replace *file, struct epmt_error *err) {
    int status = fsync(file->fd);

    // A full disk may show only now on network file systems.
    if (close(file->fd) && errno != EINTR)
        status = -1;
    file->fd = -1;
    if (!status)
        status = rename(file->temporary, file->path);
    if (status) {
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot write %s", file->path);
        unlink(file->temporary);
        return -1;
    }
    if (sync_directory(file->path))
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot make %s durable", file->path);
    return 0;
}

void epmt_replace_abort(struct epmt_replace *file) {
    int saved = errno;

    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    unlink(file->temporary);
    errno = saved;
}

int epmt_replace_file(const char *path, const void *data, size_t len, struct epmt_error *err) {
    struct epmt_replace file;

    if (epmt_replace_begin(&file, path, err))
        return -1;
    int status = epmt_write_all(file.fd, data, len);
    if (status) {
        epmt_replace_abort(&file);
        errno = -status;
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot write %s", path);
    }
    return epmt_replace_commit(&file, err);
}
