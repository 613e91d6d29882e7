// SPDX-License-Identifier: Apache-2.0
#include "common/iox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "common/prim.h"

#include "common/poison.h"

ssize_t epmt_read_small(const char *path, char *data, size_t cap) {
    int fd = epmt_prim_open(path, O_RDONLY | O_CLOEXEC, 0);
    size_t len = 0;

    if (fd < 0)
        return fd;
    while (len < cap - 1) {
        ssize_t n = epmt_prim_read(fd, data + len, cap - 1 - len);
        if (n == -EINTR)
            continue;
        if (n < 0) {
            epmt_prim_close(fd);
            return n;
        }
        len += (size_t)n;
        // A short read of a /proc file is its end; asking again would cost one more call.
        if (n == 0 || len < cap - 1)
            break;
    }
    epmt_prim_close(fd);
    data[len] = '\0';
    return (ssize_t)len;
}

int epmt_write_all(int fd, const void *data, size_t len) {
    const char *at = data;

    while (len) {
        ssize_t n = epmt_prim_write(fd, at, len);
        if (n == -EINTR)
            continue;
        if (n < 0)
            return (int)n;
        if (n == 0)
            return -EIO;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static int make_dir(const char *path, bool shared) {
    int status = epmt_prim_mkdir(path, shared ? 01777 : 0700);

    if (status == 0 && shared)
        epmt_prim_chmod(path, 01777); // the umask took bits away; nobody else could use it then
    return status == -EEXIST ? 0 : status;
}

// What path itself is, be it a link.
static int look_at(const char *path, struct stat *st) {
    int fd = epmt_prim_open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);

    if (fd < 0)
        return fd;
    int status = epmt_prim_fstat(fd, st);
    epmt_prim_close(fd);
    return status;
}

// The directory above path, unless it is trusted: 0 where it is this user's or root's.
static int check_above(const char *path, size_t trusted) {
    char above[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    struct stat st;

    if (len <= trusted || len >= sizeof above)
        return 0;
    memcpy(above, path, len);
    above[len] = '\0';
    int status = look_at(above, &st);
    if (status)
        return status;
    return st.st_uid && st.st_uid != epmt_prim_exec_euid() ? -EPERM : 0;
}

int epmt_check_dirs(const char *path, size_t trusted) {
    struct stat st;
    int above = check_above(path, trusted);
    int status = above ? above : look_at(path, &st);

    if (status)
        return status;
    if (!S_ISDIR(st.st_mode))
        return S_ISLNK(st.st_mode) ? -ELOOP : -ENOTDIR;
    return st.st_uid == epmt_prim_exec_euid() ? 0 : -EPERM;
}

int epmt_make_dirs(const char *path, size_t shared) {
    char part[PATH_MAX];
    size_t len = strlen(path);
    int status = 0, why = -ENOENT;

    if (len >= sizeof part)
        return -ENAMETOOLONG;
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        if (path[i - 1] == '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (i == len && shared && check_above(path, shared) == -EPERM)
            return -EPERM;
        status = make_dir(part, i <= shared);
        // A parent that exists but may not be written to (EROFS, EACCES) is no fault yet. Where it
        // is one, what is below it is only not there.
        if (status && i == len)
            return status == -ENOENT ? why : status;
        if (status && why == -ENOENT)
            why = status;
    }
    int there = epmt_check_dirs(path, shared ? shared : len);
    return status && there == -ENOENT ? status : there;
}

void *epmt_map_file(int fd, size_t *len, int *error) {
    struct stat st;

    *len = 0;
    *error = epmt_prim_fstat(fd, &st);
    if (*error || st.st_size == 0)
        return NULL;
    void *at = epmt_prim_map_file(fd, (size_t)st.st_size, error);
    if (!at)
        return NULL;
    *len = (size_t)st.st_size;
    return at;
}
