// SPDX-License-Identifier: Apache-2.0
// Making archives, and making one anew with some of its files changed.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fmt.h"
#include "storage/archive_priv.h"
#include "storage/replace.h"

#define BLOCK (1 << 16)

struct packing {
    struct archive *to;
    struct epmt_replace file;
    const char *path;
    struct epmt_error *err;
    bool consume; // what was packed is removed
    char block[BLOCK];
};

static int failed(struct packing *p) {
    const char *text = archive_error_string(p->to);

    return epmt_errf(p->err, EPMT_ERR_IO, "cannot write %s: %s", p->path,
                     text ? text : "out of memory");
}

static int set_filter(struct archive *to, const char *path) {
    const char *suffix = path + epmt_archive_stem(path);
    const struct {
        const char *part;
        int (*add)(struct archive *);
    } filters[] = {{"gz", archive_write_add_filter_gzip},
                   {"tgz", archive_write_add_filter_gzip},
                   {"zst", archive_write_add_filter_zstd},
                   {"xz", archive_write_add_filter_xz},
                   {"bz", archive_write_add_filter_bzip2}};

    for (unsigned i = 0; i < sizeof filters / sizeof *filters; i++) {
        if (strstr(suffix, filters[i].part))
            return filters[i].add(to);
    }
    // "tzst", "txz" and "tbz2" have the same parts; what is left is a bare tar.
    return archive_write_add_filter_none(to);
}

static struct packing *begin(const char *path, struct epmt_error *err) {
    struct packing *p = calloc(1, sizeof *p);

    if (!p) {
        epmt_errf(err, EPMT_ERR_MEMORY, "%s: out of memory", path);
        return NULL;
    }
    p->path = path;
    p->err = err;
    if (epmt_replace_begin(&p->file, path, err)) {
        free(p);
        return NULL;
    }
    p->to = archive_write_new();
    if (!p->to || archive_write_set_format_pax_restricted(p->to) || set_filter(p->to, path) ||
        archive_write_open_fd(p->to, p->file.fd)) {
        failed(p);
        if (p->to)
            archive_write_free(p->to);
        epmt_replace_abort(&p->file);
        free(p);
        return NULL;
    }
    return p;
}

static int end(struct packing *p, int status) {
    if (!status && archive_write_close(p->to) != ARCHIVE_OK)
        status = failed(p);
    archive_write_free(p->to);
    if (status)
        epmt_replace_abort(&p->file);
    else
        status = epmt_replace_commit(&p->file, p->err);
    free(p);
    return status;
}

// The contents of an open file of known size.
static int pack_bytes(struct packing *p, int fd, uint64_t size, const char *shown) {
    while (size) {
        ssize_t n = read(fd, p->block, size < BLOCK ? size : BLOCK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return epmt_errf_errno(p->err, EPMT_ERR_IO, "cannot read %s", shown);
        if (n == 0)
            return epmt_errf(p->err, EPMT_ERR_IO, "%s became shorter meanwhile", shown);
        if (archive_write_data(p->to, p->block, (size_t)n) != n)
            return failed(p);
        size -= (uint64_t)n;
    }
    return 0;
}

// Packs the file `name` in `dir` as the entry, whose path and owner are set. Returns 1 where there
// is no such file.
static int pack_file(struct packing *p, struct archive_entry *entry, int dir, const char *name) {
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int status = 0;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 1;
    if (fd < 0 || fstat(fd, &st)) {
        epmt_errf_errno(p->err, EPMT_ERR_IO, "cannot read %s", name);
        status = -1;
    } else if (!S_ISREG(st.st_mode)) {
        status = 1;
    } else {
        archive_entry_sparse_clear(entry);
        archive_entry_set_size(entry, st.st_size);
        archive_entry_set_mtime(entry, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        status = archive_write_header(p->to, entry) < ARCHIVE_WARN
                     ? failed(p)
                     : pack_bytes(p, fd, (uint64_t)st.st_size, name);
    }
    if (fd >= 0)
        close(fd);
    if (!status && p->consume && unlinkat(dir, name, 0))
        status = epmt_errf_errno(p->err, EPMT_ERR_IO, "cannot remove %s", name);
    return status;
}

static int pack_new_file(struct packing *p, int dir, const char *name, const char *path,
                         const struct stat *st) {
    struct archive_entry *entry = archive_entry_new();

    if (!entry)
        return epmt_errf(p->err, EPMT_ERR_MEMORY, "%s: out of memory", p->path);
    archive_entry_set_pathname(entry, path);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, st->st_mode & 0777);
    archive_entry_set_uid(entry, st->st_uid);
    archive_entry_set_gid(entry, st->st_gid);
    int status = pack_file(p, entry, dir, name);
    archive_entry_free(entry);
    return status < 0 ? -1 : 0;
}

static int pack_directory(struct packing *p, int dir, const char *above, int depth);

static int pack_one(struct packing *p, int dir, const char *name, const char *above, int depth) {
    char path[PATH_MAX];
    struct stat st;

    if (!epmt_fmt(path, sizeof path, "%s/%s", above, name))
        return epmt_errf(p->err, EPMT_ERR_IO, "%s: the path is too long", name);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
        return 0; // it has gone
    if (S_ISREG(st.st_mode))
        return pack_new_file(p, dir, name, path, &st);
    return S_ISDIR(st.st_mode) && depth < EPMT_ARCHIVE_DEPTH
               ? pack_directory(p,
                                openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                                path, depth + 1)
               : 0;
}

static int pack_directory(struct packing *p, int dir, const char *above, int depth) {
    DIR *open = dir < 0 ? NULL : fdopendir(dir);
    struct dirent *entry;
    int status = 0;

    if (!open) {
        if (dir >= 0)
            close(dir);
        return epmt_errf_errno(p->err, EPMT_ERR_IO, "cannot read directory %s", above);
    }
    while (!status && (entry = readdir(open))) {
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            status = pack_one(p, dir, entry->d_name, above, depth);
    }
    closedir(open);
    return status;
}

static int pack_below(struct packing *p, const char *from) {
    return pack_directory(p, open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ".", 0);
}

int epmt_archive_pack(const char *from, const char *path, struct epmt_error *err) {
    struct packing *p = begin(path, err);

    return p ? end(p, pack_below(p, from)) : -1;
}

// Takes an entry over as it is.
static int copy_entry(struct packing *p, struct archive *in, struct archive_entry *entry) {
    la_ssize_t n;

    archive_entry_sparse_clear(entry); // its holes are read as zeros
    if (archive_write_header(p->to, entry) < ARCHIVE_WARN)
        return failed(p);
    while ((n = archive_read_data(in, p->block, BLOCK)) > 0) {
        if (archive_write_data(p->to, p->block, (size_t)n) != n)
            return failed(p);
    }
    return n ? epmt_errf(p->err, EPMT_ERR_BAD_INPUT, "%s: damaged archive", p->path) : 0;
}

static int rewrite_entry(struct packing *p, struct archive *in, struct archive_entry *entry,
                         int from) {
    char path[PATH_MAX];
    enum epmt_entry_kind kind;

    if (epmt_archive_judge(entry, p->path, path, &kind, p->err))
        return -1;
    if (kind != EPMT_ENTRY_JOB)
        return copy_entry(p, in, entry);
    return pack_file(p, entry, from, path) < 0 ? -1 : 0;
}

int epmt_archive_rewrite(int fd, const char *from, const char *path, struct epmt_error *err) {
    struct archive *in = epmt_archive_open(fd, path, err);
    struct packing *p = in ? begin(path, err) : NULL;
    int dir = p ? open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    struct archive_entry *entry;
    int more = 0;

    if (p && dir < 0)
        more = epmt_errf_errno(err, EPMT_ERR_IO, "cannot read directory %s", from);
    if (p)
        p->consume = true;
    while (p && !more && (more = epmt_archive_next(in, path, &entry, err)) == 1)
        more = rewrite_entry(p, in, entry, dir);
    if (p && !more)
        more = pack_below(p, from);
    if (dir >= 0)
        close(dir);
    if (in)
        archive_read_free(in);
    return p ? end(p, more) : -1;
}
