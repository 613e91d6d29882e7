// SPDX-License-Identifier: Apache-2.0
#include "storage/db_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/iox.h"

// A file without a name goes away by itself with a process that is killed.
static int open_nameless(const char *path, mode_t mode) {
    char copy[PATH_MAX];

    size_t len = strlen(path);
    if (len >= sizeof copy)
        return -ENAMETOOLONG;
    memcpy(copy, path, len + 1);
    int fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    return fd < 0 ? -errno : fd;
}

static int link_nameless(int fd, const char *path) {
    char name[64];

    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

static int write_whole(int fd, const void *data, size_t len) {
    int status = epmt_write_all(fd, data, len);

    return status ? status : fsync(fd) ? -errno : 0;
}

// Where there are no nameless files (NFS): beside, under another name.
static int create_beside(const char *path, const void *data, size_t len, mode_t mode) {
    char beside[PATH_MAX];

    if (snprintf(beside, sizeof beside, "%s.new.%ld", path, (long)getpid()) >= (int)sizeof beside)
        return -ENAMETOOLONG;
    int fd = open(beside, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode);
    if (fd < 0)
        return -errno;
    int status = write_whole(fd, data, len);
    close(fd);
    if (!status && link(beside, path))
        status = -errno;
    // Not every file system has links; then nobody else may come between.
    if (status == -EPERM || status == -EOPNOTSUPP)
        status = renameat2(AT_FDCWD, beside, AT_FDCWD, path, RENAME_NOREPLACE) ? -errno : 0;
    unlink(beside);
    return status;
}

int epmt_create_whole(const char *path, const void *data, size_t len, mode_t mode) {
    int fd = open_nameless(path, mode);

    if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -EINVAL)
        return create_beside(path, data, len, mode);
    if (fd < 0)
        return fd;
    int status = write_whole(fd, data, len);
    if (!status)
        status = link_nameless(fd, path);
    close(fd);
    return status == -ENOENT || status == -EPERM ? create_beside(path, data, len, mode) : status;
}
