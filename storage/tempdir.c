// SPDX-License-Identifier: Apache-2.0
#include "storage/tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fmt.h"

#define NAME "epmt-submit."
// Between making a directory and locking it somebody may come by.
#define LEFT_BEHIND_S 60
#define DEPTH_MAX 64

static void empty(int fd, int depth);

static void remove_entry(int dir, const char *name, int depth) {
    if (!unlinkat(dir, name, 0) || depth >= DEPTH_MAX)
        return;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    empty(fd, depth + 1);
    close(fd);
    unlinkat(dir, name, AT_REMOVEDIR);
}

static void empty(int fd, int depth) {
    struct dirent *entry;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);

    if (!dir) {
        if (copy >= 0)
            close(copy);
        return;
    }
    rewinddir(dir);
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            remove_entry(fd, entry->d_name, depth);
    }
    closedir(dir);
}

// Removes a directory of that name in top where it is ours and nobody holds it.
static void remove_left_behind(int top, const char *name) {
    struct stat st;
    int fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    if (!fstat(fd, &st) && st.st_uid == geteuid() && st.st_mtime + LEFT_BEHIND_S < time(NULL) &&
        !flock(fd, LOCK_EX | LOCK_NB)) {
        empty(fd, 0);
        unlinkat(top, name, AT_REMOVEDIR);
    }
    close(fd);
}

static void clean(const char *top) {
    struct dirent *entry;
    DIR *dir = opendir(top);

    while (dir && (entry = readdir(dir))) {
        if (!strncmp(entry->d_name, NAME, sizeof NAME - 1))
            remove_left_behind(dirfd(dir), entry->d_name);
    }
    if (dir)
        closedir(dir);
}

int epmt_tempdir_make(struct epmt_tempdir *dir, const char *top, struct epmt_error *err) {
    dir->fd = -1;
    if (!top || !*top)
        top = "/tmp";
    if (!epmt_fmt(dir->path, sizeof dir->path, "%s/" NAME "XXXXXX", top))
        return epmt_errf(err, EPMT_ERR_IO, "%s is too long a path", top);
    clean(top);
    if (!mkdtemp(dir->path))
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot make a temporary directory in %s", top);
    dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir->fd < 0) {
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot open %s", dir->path);
        rmdir(dir->path);
        return -1;
    }
    flock(dir->fd, LOCK_EX | LOCK_NB);
    return 0;
}

void epmt_tempdir_drop(struct epmt_tempdir *dir, const char *name) {
    if (dir->fd >= 0)
        remove_entry(dir->fd, name, 0);
}

void epmt_tempdir_remove(struct epmt_tempdir *dir) {
    int saved = errno;

    if (dir->fd < 0)
        return;
    empty(dir->fd, 0);
    rmdir(dir->path);
    close(dir->fd);
    dir->fd = -1;
    errno = saved;
}
