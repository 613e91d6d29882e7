// SPDX-License-Identifier: Apache-2.0
#include "aggregator/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>

#include "common/fmt.h"
#include "common/iox.h"
#include "common/prim.h"

#include "common/poison.h"

// Pages are given back in pieces of so many bytes.
#define PASS_LEN ((size_t)1 << 20)

// Most tries against a journal that is removed each time just before we get its lock.
#define TRIES 100

// A scan checks damaged bytes at most so often; behind that the rest counts as one gap.
#define WORK_FACTOR 64

// Apart, so that its path is on no stack that a record does not need it on.
static __attribute__((noinline)) int make_dir_of(const char *path, size_t shared) {
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!slash || !epmt_fmt(dir, sizeof dir, "%.*s", (int)(slash - path), path))
        return -ENAMETOOLONG;
    return epmt_make_dirs(dir, shared);
}

static int open_for_append(const char *path, size_t shared) {
    // Who may append owns it, and may leave its time of access alone: to note that is dear. Only a
    // server of files may see that otherwise.
    const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    int fd = epmt_prim_open(path, flags | O_NOATIME, 0);

    if (fd == -EPERM)
        fd = epmt_prim_open(path, flags, 0);
    // A directory that somebody else has laid out is found before anything is made in it.
    if (fd == -ENOENT) {
        int status = make_dir_of(path, shared);
        if (status)
            return status;
        fd = epmt_prim_open(path, flags | O_CREAT, 0600);
    }
    return fd;
}

// 0 where fd is a file of ours that still has its name, -ESTALE where it lost it.
static int check_open(int fd, uint64_t *len) {
    struct stat st;
    int status = epmt_prim_fstat(fd, &st);

    if (status)
        return status;
    if (!S_ISREG(st.st_mode) || st.st_uid != epmt_prim_exec_euid())
        return -EPERM;
    *len = (uint64_t)st.st_size;
    return st.st_nlink ? 0 : -ESTALE;
}

// *until_ns is 0 before the first wait: in general there is none, nor a look at the clock.
static int lock(int fd, int how, uint64_t wait_ns, uint64_t *until_ns) {
    const struct timespec pause = {0, 1000000};
    int status = epmt_prim_flock(fd, how | LOCK_NB);

    while (status == -EINTR || status == -EWOULDBLOCK) {
        uint64_t now = epmt_prim_clock_ns(CLOCK_MONOTONIC);
        if (!*until_ns)
            *until_ns = now + wait_ns;
        if (now >= *until_ns)
            return -EWOULDBLOCK;
        epmt_prim_sleep(&pause);
        status = epmt_prim_flock(fd, how | LOCK_NB);
    }
    return status;
}

// A child that another thread forks meanwhile has the descriptor too, and so the lock, as long as
// it lives: closing alone would not give it back.
static void unlock_and_close(int fd) {
    epmt_prim_flock(fd, LOCK_UN);
    epmt_prim_close(fd);
}

static int lock_shared(int fd, uint64_t *len) {
    uint64_t until = 0;
    int status = lock(fd, LOCK_SH, EPMT_JOURNAL_APPEND_WAIT_NS, &until);

    // A file system without locks: the record is worth more than the protection.
    if (status && status != -ENOLCK && status != -EOPNOTSUPP && status != -ENOSYS)
        return status;
    return check_open(fd, len);
}

int epmt_journal_open(const char *path, size_t shared, uint64_t *len) {
    int status = -ESTALE;

    for (int i = 0; i < TRIES && status == -ESTALE; i++) {
        int fd = open_for_append(path, shared);
        if (fd == -ENOENT) // the directory went between making it and opening
            continue;
        if (fd < 0)
            return fd;
        status = lock_shared(fd, len);
        if (!status)
            return fd;
        unlock_and_close(fd);
    }
    return status;
}

void epmt_journal_close(int fd, bool alone) {
    if (alone)
        epmt_prim_close(fd);
    else
        unlock_and_close(fd);
}

int epmt_journal_append(const char *path, size_t shared, const void *fragment, size_t len) {
    uint64_t before;
    int fd = epmt_journal_open(path, shared, &before);

    if (fd < 0)
        return fd;
    int status = epmt_write_all(fd, fragment, len);
    epmt_journal_close(fd, false);
    return status;
}

void epmt_journal_scan_init(struct epmt_journal_scan *scan, const void *data, size_t len) {
    *scan = (struct epmt_journal_scan){.data = data, .len = len};
}

const uint8_t *epmt_journal_scan_next(struct epmt_journal_scan *scan,
                                      struct epmt_fragment_header *header) {
    static const uint32_t magic = EPMT_FRAGMENT_MAGIC;
    size_t start = scan->at;
    struct epmt_error why = {.code = EPMT_ERR_OK};

    while (scan->at < scan->len) {
        const uint8_t *at = scan->data + scan->at;
        struct epmt_error here;
        bool whole = !epmt_fragment_check(at, scan->len - scan->at, header, &here);
        if (whole) {
            scan->at += header->len;
        } else {
            if (why.code == EPMT_ERR_OK)
                why = here;
            if (scan->len - scan->at >= sizeof *header && header->len <= scan->len - scan->at)
                scan->work += header->len;
            const uint8_t *next = NULL;
            if (scan->work <= WORK_FACTOR * scan->len)
                next = memmem(at + 1, scan->len - scan->at - 1, &magic, sizeof magic);
            scan->at = next ? (size_t)(next - scan->data) : scan->len;
        }
        size_t gap = (whole ? (size_t)(at - scan->data) : scan->len) - start;
        if ((whole || scan->at == scan->len) && gap) {
            if (!scan->gaps++)
                scan->first_error = why;
            scan->gap_bytes += gap;
        }
        if (whole && !(header->flags & EPMT_FRAGMENT_HOST))
            return at;
        if (whole)
            start = scan->at;
    }
    return NULL;
}

static void unmap(struct epmt_journal *journal) {
    if (journal->data)
        epmt_prim_unmap((void *)(uintptr_t)journal->data, journal->len);
    journal->data = NULL;
}

int epmt_journal_take(struct epmt_journal *journal, const char *path, unsigned timeout_ms) {
    uint64_t until = 0, len;
    int status = -ESTALE;

    *journal = (struct epmt_journal){.fd = -1};
    for (int i = 0; i < TRIES && status == -ESTALE; i++) {
        int fd = epmt_prim_open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
        if (fd < 0)
            return fd;
        status = lock(fd, LOCK_EX, timeout_ms * UINT64_C(1000000), &until);
        if (!status)
            status = check_open(fd, &len);
        if (!status)
            journal->data = epmt_map_file(fd, &journal->len, &status);
        if (status)
            unlock_and_close(fd);
        else
            journal->fd = fd;
    }
    return status;
}

void epmt_journal_release(struct epmt_journal *journal) {
    unmap(journal);
    if (journal->fd >= 0)
        unlock_and_close(journal->fd);
    journal->fd = -1;
}

// What stands in front of all records (journal_host.c) stays there as long as there are any.
static size_t front_len(const struct epmt_journal *journal) {
    struct epmt_fragment_header header;
    struct epmt_error err;

    return !epmt_fragment_check(journal->data, journal->len, &header, &err) &&
                   header.flags & EPMT_FRAGMENT_HOST
               ? header.len
               : 0;
}

// Writes what is kept to a new file beside it. Returns its size, or -errno.
static ssize_t write_kept(struct epmt_journal *journal, const char *path,
                          bool (*keep)(void *, const struct epmt_fragment_header *,
                                       const uint8_t *),
                          void *context) {
    struct epmt_journal_scan scan;
    struct epmt_fragment_header header;
    const uint8_t *fragment;
    size_t passed = 0;
    ssize_t kept = 0;
    int status = 0;
    int fd = epmt_prim_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return fd;
    epmt_journal_scan_init(&scan, journal->data, journal->len);
    while (!status && (fragment = epmt_journal_scan_next(&scan, &header))) {
        // Read once: the pages go back, or a large journal would be as much memory.
        size_t whole = (size_t)(fragment - scan.data) / PASS_LEN * PASS_LEN;
        if (whole > passed)
            epmt_prim_drop(scan.data + passed, whole - passed);
        passed = whole;
        if (!keep(context, &header, fragment))
            continue;
        if (!kept)
            status = epmt_write_all(fd, journal->data, front_len(journal));
        if (!status)
            status = epmt_write_all(fd, fragment, header.len);
        kept += header.len;
    }
    if (!status && kept)
        status = epmt_prim_fsync(fd);
    epmt_prim_close(fd);
    return status ? status : kept;
}

int epmt_journal_trim(struct epmt_journal *journal, const char *path,
                      bool (*keep)(void *context, const struct epmt_fragment_header *header,
                                   const uint8_t *fragment),
                      void *context) {
    char beside[PATH_MAX];
    ssize_t kept = 0;
    int status = 0;

    if (keep) {
        if (!epmt_fmt(beside, sizeof beside, "%s.new", path))
            status = -ENAMETOOLONG;
        else if ((kept = write_kept(journal, beside, keep, context)) < 0)
            status = (int)kept;
        if (!status && kept) {
            status = epmt_prim_rename(beside, path);
        } else {
            // What cannot be removed is found again as long as the journal is there.
            int removed = epmt_prim_unlink(beside);
            status = status ? status : removed;
        }
    }
    if (!status && !kept)
        status = epmt_prim_unlink(path);
    epmt_journal_release(journal);
    return status;
}
