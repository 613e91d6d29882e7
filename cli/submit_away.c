// SPDX-License-Identifier: Apache-2.0
#include "cli/submit_away.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/hash.h"
#include "common/iox.h"
#include "metadata/jobplace.h"
#include "storage/replace.h"

#define NAMES_MAX 10000

static bool ends_with(const char *name, const char *end) {
    size_t len = strlen(name), end_len = strlen(end);

    return len > end_len && !strcmp(name + len - end_len, end);
}

static bool is_of_job(const char *name, const char *jobid) {
    size_t len = strlen(jobid);

    if (name[0] == '.')
        return ends_with(name, EPMT_REPLACE_SUFFIX);
    return !strcmp(name, EPMT_METADATA_NAME) || ends_with(name, EPMT_JOURNAL_SUFFIX) ||
           ends_with(name, EPMT_STREAM_SUFFIX) ||
           (!strncmp(name, jobid, len) && !strcmp(name + len, EPMT_JOBFILE_SUFFIX));
}

static uint64_t hash_of(const char *name, const struct stat *st) {
    uint64_t hash = epmt_hash_bytes(EPMT_HASH_START, name, strlen(name));

    hash = epmt_hash_u64(hash, st->st_ino);
    hash = epmt_hash_u64(hash, (uint64_t)st->st_size);
    hash = epmt_hash_u64(hash, (uint64_t)st->st_mtim.tv_sec);
    return epmt_hash_finish(epmt_hash_u64(hash, (uint64_t)st->st_mtim.tv_nsec));
}

// Calls `each` for every file of the job. Returns what it returned last, where that is not 0.
static int for_each(int dir, const char *jobid,
                    int (*each)(int dir, const char *name, void *context), void *context) {
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), status = 0;
    DIR *open = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!open) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    while (!status && (entry = readdir(open))) {
        if (is_of_job(entry->d_name, jobid))
            status = each(dir, entry->d_name, context);
    }
    closedir(open);
    return status;
}

static int add_hash(int dir, const char *name, void *context) {
    struct stat st;

    if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
        *(uint64_t *)context += hash_of(name, &st); // in whatever order
    return 0;
}

uint64_t epmt_away_snapshot(int dir, const char *jobid) {
    uint64_t sum = 0;

    for_each(dir, jobid, add_hash, &sum);
    return sum;
}

static int remove_one(int dir, const char *name, void *context) {
    (void)context;
    return unlinkat(dir, name, 0) && errno != ENOENT ? -1 : 0;
}

static int remove_directory(const struct epmt_held *held, const char *jobid, uint64_t snapshot,
                            struct epmt_error *err) {
    int dir = openat(held->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = 1;

    // As folding does: nobody else is just putting a new job file there.
    if (dir >= 0 && flock(dir, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
        close(dir);
        return 1;
    }
    if (dir >= 0 && epmt_away_snapshot(dir, jobid) == snapshot)
        status = for_each(dir, jobid, remove_one, NULL);
    if (status < 0)
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot remove %s", held->shown);
    else if (!status && epmt_held_is_in_place(held) &&
             unlinkat(held->parent, held->name, AT_REMOVEDIR) && errno != ENOTEMPTY &&
             errno != EEXIST)
        status = epmt_errf_errno(err, EPMT_ERR_IO, "cannot remove %s", held->shown);
    if (dir >= 0)
        close(dir);
    return status;
}

int epmt_away_remove(const struct epmt_held *held, const char *jobid, uint64_t snapshot,
                     struct epmt_error *err) {
    struct stat st;

    if (S_ISDIR(held->st.st_mode))
        return remove_directory(held, jobid, snapshot, err);
    if (!epmt_held_is_in_place(held) || fstat(held->fd, &st) || st.st_size != held->st.st_size ||
        st.st_mtim.tv_sec != held->st.st_mtim.tv_sec ||
        st.st_mtim.tv_nsec != held->st.st_mtim.tv_nsec)
        return 1;
    if (unlinkat(held->parent, held->name, 0) && errno != ENOENT)
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot remove %s", held->shown);
    return 0;
}

// Copies a file to another file system. Returns 0, or -1 with errno.
static int copy_file(const struct epmt_held *held, int to, const char *name) {
    char block[1 << 16];
    int fd = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    off_t at = 0;
    ssize_t n;
    int status = 0;

    if (fd < 0)
        return -1;
    while (!status && (n = pread(held->fd, block, sizeof block, at)) > 0) {
        status = epmt_write_all(fd, block, (size_t)n);
        at += n;
    }
    int saved = status ? -status : errno;
    if (n < 0 || status || (errno = 0, fsync(fd))) {
        saved = errno ? errno : saved;
        close(fd);
        unlinkat(to, name, 0);
        errno = saved;
        return -1;
    }
    return close(fd);
}

// Moves to a name that nothing has. Returns 0 or -1 with errno.
static int move_to(const struct epmt_held *held, int to, const char *name) {
    if (!syscall(SYS_renameat2, held->parent, held->name, to, name, 1U /* RENAME_NOREPLACE */))
        return 0;
    if (errno != EXDEV || !S_ISREG(held->st.st_mode))
        return -1;
    return copy_file(held, to, name) || unlinkat(held->parent, held->name, 0) ? -1 : 0;
}

int epmt_away_move(const struct epmt_held *held, const char *to, struct epmt_error *err) {
    int dir = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char name[NAME_MAX + 1];
    int status = -1;

    if (dir < 0)
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot open directory %s", to);
    if (!epmt_held_is_in_place(held)) {
        close(dir);
        return epmt_errf(err, EPMT_ERR_IO, "%s is another one meanwhile: not moved", held->shown);
    }
    errno = EEXIST;
    for (int i = 1; status && errno == EEXIST && i < NAMES_MAX; i++) {
        bool fits = i == 1 ? epmt_fmt(name, sizeof name, "%s", held->name)
                           : epmt_fmt(name, sizeof name, "%s.%d", held->name, i);
        if (!fits)
            break;
        errno = 0;
        status = move_to(held, dir, name);
    }
    if (status)
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot move %s to %s", held->shown, to);
    close(dir);
    return status;
}
