// SPDX-License-Identifier: Apache-2.0
// Archives: any bytes as one are unpacked. Whatever they are, what comes out is regular files that
// nobody may execute and directories, all below the one directory, within the limits; or an error
// of one line.
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/archive.h"
#include "storage/tempdir.h"
#include "tests/fuzz/fuzz.h"

#define LIMIT_BYTES (1u << 20)
#define LIMIT_ENTRIES 200

static struct epmt_tempdir temporary = {.fd = -1};

static void clean_up(void) {
    epmt_tempdir_remove(&temporary);
}

// Aborts where something is in the directory that must not be. Returns the bytes of its files.
static uint64_t look(int dir, int depth) {
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *open = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    struct stat st;
    uint64_t bytes = 0;

    if (!open || depth > EPMT_ARCHIVE_DEPTH + 1)
        abort();
    while ((entry = readdir(open))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
            abort();
        if (S_ISDIR(st.st_mode)) {
            int below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            bytes += below < 0 ? 0 : look(below, depth + 1);
            close(below);
        } else if (!S_ISREG(st.st_mode) || (st.st_mode & 07177) || st.st_nlink != 1) {
            abort();
        } else {
            bytes += (uint64_t)st.st_size;
        }
    }
    closedir(open);
    return bytes;
}

// The number of entries in the directory above: it has the one that is unpacked into, and no more.
static void look_above(void) {
    DIR *open = opendir(temporary.path);
    int count = 0;

    while (open && readdir(open))
        count++;
    if (!open || count != 3)
        abort();
    closedir(open);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static const struct epmt_archive_limits limits = {LIMIT_BYTES, LIMIT_ENTRIES, 50};
    struct epmt_archive_contents contents;
    struct epmt_error err = {.code = EPMT_ERR_OK};

    if (temporary.fd < 0) {
        if (epmt_tempdir_make(&temporary, getenv("TMPDIR"), &err))
            return 0;
        atexit(clean_up);
    }
    mkdirat(temporary.fd, "in", 0700);
    int dir = openat(temporary.fd, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (dir < 0 || fd < 0 || write(fd, data, len) != (ssize_t)len)
        abort();
    int status = epmt_archive_unpack(fd, "fuzz.tar", dir, len % 2, &limits, &contents, &err);
    if (status && (err.code == EPMT_ERR_OK || !strstr(err.text, "fuzz.tar")))
        abort();
    // Of what is over a limit the block that went over it is there.
    if (look(dir, 0) > LIMIT_BYTES + (1u << 16) || contents.entries > LIMIT_ENTRIES + 1)
        abort();
    look_above();
    close(fd);
    close(dir);
    epmt_tempdir_drop(&temporary, "in");
    return 0;
}

static void add(struct archive *to, const char *path, mode_t type, const char *link, size_t size) {
    static const char zeros[4096];
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, path);
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, 0777);
    archive_entry_set_size(entry, type == AE_IFREG ? (la_int64_t)size : 0);
    if (link && type == AE_IFLNK)
        archive_entry_set_symlink(entry, link);
    else if (link)
        archive_entry_set_hardlink(entry, link);
    archive_write_header(to, entry);
    if (type == AE_IFREG && !link)
        archive_write_data(to, zeros, size);
    archive_entry_free(entry);
}

uint8_t *fuzz_seed(unsigned n, size_t *len) {
    static int (*const filters[])(struct archive *) = {
        archive_write_add_filter_none, archive_write_add_filter_gzip, archive_write_add_filter_zstd,
        archive_write_add_filter_xz, archive_write_add_filter_bzip2};
    static int (*const formats[])(struct archive *) = {
        archive_write_set_format_ustar, archive_write_set_format_pax,
        archive_write_set_format_gnutar, archive_write_set_format_v7tar};
    const size_t cap = 1u << 18;
    char name[300];

    if (n >= 20)
        return NULL;
    uint8_t *data = malloc(cap);
    struct archive *to = archive_write_new();
    *len = 0;
    if (!data || !to || formats[n % 4](to) || filters[n / 4](to) ||
        archive_write_open_memory(to, data, cap, len))
        abort();
    memset(name, 'n', sizeof name - 1);
    memcpy(name + sizeof name - 4, ".h5", 4);
    add(to, "./7.h5", AE_IFREG, NULL, 1000);
    add(to, "a/b/host.journal", AE_IFREG, NULL, 4096);
    add(to, "inner.tgz", AE_IFREG, NULL, 10);
    add(to, "other/file", AE_IFREG, NULL, 700);
    if (n % 4)
        add(to, name, AE_IFREG, NULL, 3);
    add(to, "a/link", AE_IFLNK, "/etc", 0);
    if (n % 3 == 0)
        add(to, "../up.h5", AE_IFREG, NULL, 5);
    if (n % 3 == 1)
        add(to, "a/hard.h5", AE_IFREG, "7.h5", 0);
    add(to, "pipe", AE_IFIFO, NULL, 0);
    archive_write_close(to);
    archive_write_free(to);
    return data;
}
