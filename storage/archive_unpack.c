// SPDX-License-Identifier: Apache-2.0
// Taking jobs out of an archive, within limits.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fmt.h"
#include "storage/archive_priv.h"

struct unpacking {
    struct archive *archive;
    const char *shown;
    int dir;
    const struct epmt_archive_limits *limits;
    struct epmt_archive_contents *contents;
    uint64_t written;
    struct epmt_error *err;
};

// Opens, or makes, the directory `name` in `dir`, which is closed. Returns -1 with errno.
static int enter(int dir, const char *name) {
    int fd = -1, saved;

    if (!mkdirat(dir, name, 0700) || errno == EEXIST)
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    saved = errno;
    close(dir);
    errno = saved;
    return fd;
}

int epmt_archive_create_below(int dir, const char *path) {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    char name[NAME_MAX + 1];
    int at = fcntl(dir, F_DUPFD_CLOEXEC, 3);

    for (const char *slash; at >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
        epmt_fmt(name, sizeof name, "%.*s", (int)(slash - path), path);
        at = enter(at, name);
    }
    if (at < 0)
        return -1;
    int fd = openat(at, path, flags, 0600);
    // What stands twice in an archive counts as it stands last.
    if (fd < 0 && errno == EEXIST && !unlinkat(at, path, 0))
        fd = openat(at, path, flags, 0600);
    int saved = errno;
    close(at);
    errno = saved;
    return fd;
}

static int over(struct unpacking *u, const char *what, const char *setting) {
    return epmt_errf(u->err, EPMT_ERR_MEMORY, "%s: refused: %s (setting %s)", u->shown, what,
                     setting);
}

// Whether the archive stays within its limits with `more` bytes.
static int check_size(struct unpacking *u, uint64_t more) {
    int64_t in = archive_filter_bytes(u->archive, -1), out = archive_filter_bytes(u->archive, 0);
    uint64_t packed = in > 0 ? (uint64_t)in : 0, unpacked = out > 0 ? (uint64_t)out : 0;

    if (unpacked < u->written)
        unpacked = u->written;
    if (more > u->limits->bytes || unpacked > u->limits->bytes - more)
        return over(u, "it would be too large unpacked", "archive_max_mib");
    unpacked += more;
    if (unpacked > EPMT_ARCHIVE_RATIO_FREE && unpacked / u->limits->ratio >= packed)
        return over(u, "it is packed too tightly to be honest", "archive_max_ratio");
    return 0;
}

static int write_at(struct unpacking *u, int fd, const char *data, size_t len, off_t at,
                    const char *path) {
    while (len) {
        ssize_t n = pwrite(fd, data, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return epmt_errf_errno(u->err, EPMT_ERR_IO, "%s: cannot unpack %.*s", u->shown, 200,
                                   path);
        data += n;
        len -= (size_t)n;
        at += n;
    }
    return 0;
}

static int copy_data(struct unpacking *u, int fd, const char *path) {
    const void *block;
    size_t len;
    int64_t at, end = 0;
    int status;

    while ((status = archive_read_data_block(u->archive, &block, &len, &at)) != ARCHIVE_EOF) {
        if (status == ARCHIVE_RETRY)
            continue;
        if (status < ARCHIVE_WARN || at < 0) {
            const char *text = archive_error_string(u->archive);
            return epmt_errf(u->err, EPMT_ERR_BAD_INPUT, "%s: damaged archive (%s)", u->shown,
                             text ? text : "truncated");
        }
        // Holes of a sparse file count as if they were written.
        if (at + (int64_t)len > end) {
            u->written += (uint64_t)(at + (int64_t)len - end);
            end = at + (int64_t)len;
        }
        if (check_size(u, 0) || write_at(u, fd, block, len, at, path))
            return -1;
    }
    return 0;
}

static int take_out(struct unpacking *u, struct archive_entry *entry, const char *path) {
    int fd = epmt_archive_create_below(u->dir, path);

    if (fd < 0)
        return epmt_errf_errno(
            u->err, errno == ENOTDIR || errno == EISDIR ? EPMT_ERR_BAD_INPUT : EPMT_ERR_IO,
            "%s: cannot unpack %.*s", u->shown, 200, path);
    const char *user = archive_entry_uname(entry);
    if (!u->contents->files++ && user)
        epmt_fmt(u->contents->user, sizeof u->contents->user, "%s", user);
    int status = copy_data(u, fd, path);
    if (close(fd) && !status)
        status =
            epmt_errf_errno(u->err, EPMT_ERR_IO, "%s: cannot unpack %.*s", u->shown, 200, path);
    return status;
}

static int take_entry(struct unpacking *u, struct archive_entry *entry, bool nested) {
    char path[PATH_MAX];
    enum epmt_entry_kind kind;
    int64_t size = archive_entry_size(entry);

    if (++u->contents->entries > u->limits->entries)
        return over(u, "it has too many entries", "archive_max_entries");
    if (epmt_archive_judge(entry, u->shown, path, &kind, u->err) ||
        check_size(u, size > 0 ? (uint64_t)size : 0))
        return -1;
    u->contents->has_archives |= kind == EPMT_ENTRY_ARCHIVE;
    u->contents->is_of_old_epmt |= kind == EPMT_ENTRY_OLD;
    if (kind == EPMT_ENTRY_JOB || (kind == EPMT_ENTRY_ARCHIVE && nested))
        return take_out(u, entry, path);
    return 0;
}

int epmt_archive_unpack(int fd, const char *shown, int dir, bool nested,
                        const struct epmt_archive_limits *limits,
                        struct epmt_archive_contents *contents, struct epmt_error *err) {
    struct unpacking u = {
        .shown = shown, .dir = dir, .limits = limits, .contents = contents, .err = err};
    struct archive_entry *entry;
    int more;

    memset(contents, 0, sizeof *contents);
    u.archive = epmt_archive_open(fd, shown, err);
    if (!u.archive)
        return -1;
    while ((more = epmt_archive_next(u.archive, shown, &entry, err)) == 1) {
        if (take_entry(&u, entry, nested)) {
            more = -1;
            break;
        }
    }
    archive_read_free(u.archive);
    contents->bytes = u.written;
    return more;
}
