// SPDX-License-Identifier: Apache-2.0
#include "storage/held.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fmt.h"

// Opens the directory that has the last component of path, and writes that to name. Returns its
// descriptor or -1 with errno.
static int open_parent(const char *path, size_t trusted, char name[NAME_MAX + 1]) {
    char part[PATH_MAX];
    size_t at = trusted;
    int dir;

    // Of what the user named all but the last component is above it.
    while (at > 0 && path[at - 1] == '/')
        at--;
    if (!path[trusted] || !strcmp(path + trusted, "/")) {
        while (at > 0 && path[at - 1] != '/')
            at--;
    }
    if (!epmt_fmt(part, sizeof part, "%.*s", (int)at, path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    dir = open(at ? part : path[0] == '/' ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (const char *next = path + at; dir >= 0;) {
        next += strspn(next, "/");
        size_t len = strcspn(next, "/");
        if (!epmt_fmt(name, NAME_MAX + 1, "%.*s", (int)len, next)) {
            close(dir);
            errno = ENAMETOOLONG;
            return -1;
        }
        next += len;
        if (!next[strspn(next, "/")])
            return dir;
        int below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int saved = errno;
        close(dir);
        errno = saved;
        dir = below;
    }
    return -1;
}

static int no_hold(const char *path, struct epmt_error *err) {
    if (errno == ELOOP)
        return epmt_errf(err, EPMT_ERR_IO, "%s is a symbolic link, which is not followed", path);
    return epmt_errf_errno(err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO,
                           "cannot read %s", path);
}

int epmt_hold(struct epmt_held *held, const char *path, size_t trusted, struct epmt_error *err) {
    int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

    held->shown = path;
    held->fd = -1;
    held->parent = open_parent(path, trusted, held->name);
    if (held->parent < 0)
        return no_hold(path, err);
    if (path[trusted] && strcmp(path + trusted, "/"))
        flags |= O_NOFOLLOW;
    held->fd = openat(held->parent, held->name[0] ? held->name : ".", flags);
    if (held->fd < 0 || fstat(held->fd, &held->st)) {
        no_hold(path, err);
        epmt_release(held);
        return -1;
    }
    epmt_fmt(held->path, sizeof held->path, "/proc/self/fd/%d", held->fd);
    return 0;
}

void epmt_release(struct epmt_held *held) {
    if (held->fd >= 0)
        close(held->fd);
    if (held->parent >= 0)
        close(held->parent);
    held->fd = held->parent = -1;
}

int epmt_held_is_in_place(const struct epmt_held *held) {
    struct stat st;

    return !fstatat(held->parent, held->name, &st, AT_SYMLINK_NOFOLLOW) &&
           st.st_dev == held->st.st_dev && st.st_ino == held->st.st_ino;
}

void epmt_held_explain(const struct epmt_held *held, struct epmt_error *err) {
    struct epmt_text_buffer text;
    char whole[EPMT_ERROR_TEXT_MAX];
    const char *at = err->text, *found;
    size_t len = strlen(held->path);

    epmt_text_init(&text, whole, sizeof whole);
    while ((found = strstr(at, held->path))) {
        epmt_text_append(&text, at, (size_t)(found - at));
        at = found + len;
        // Another descriptor whose number begins with ours.
        bool ours = *at < '0' || *at > '9';
        epmt_text_fmt(&text, "%s", ours ? held->shown : held->path);
    }
    epmt_text_fmt(&text, "%s", at);
    memcpy(err->text, whole, sizeof err->text);
}
