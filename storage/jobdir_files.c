// SPDX-License-Identifier: Apache-2.0
// What lies in a job directory, and its streams.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/iox.h"
#include "metadata/events.h"
#include "storage/jobdir_priv.h"
#include "storage/replace.h"

int epmt_jobdir_path(char path[PATH_MAX], const char *dir, const char *name,
                     struct epmt_error *err) {
    if (epmt_fmt(path, PATH_MAX, "%s/%s", dir, name))
        return 0;
    return epmt_errf(err, EPMT_ERR_IO, "%s: the path is too long", dir);
}

bool epmt_jobdir_exists(const char *path) {
    return !faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) || (errno != ENOENT && errno != ENOTDIR);
}

static int add_name(struct epmt_names *names, const char *name) {
    if (names->count == names->cap) {
        size_t cap = names->cap ? names->cap * 2 : 16;
        char **more = realloc(names->at, cap * sizeof *more);
        if (!more)
            return -1;
        names->at = more;
        names->cap = cap;
    }
    names->at[names->count] = strdup(name);
    return names->at[names->count] ? (names->count++, 0) : -1;
}

static int compare_names(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void sort_names(struct epmt_names *names) {
    if (names->count)
        qsort(names->at, names->count, sizeof *names->at, compare_names);
}

static void free_names(struct epmt_names *names) {
    for (size_t i = 0; i < names->count; i++)
        free(names->at[i]);
    free(names->at);
    memset(names, 0, sizeof *names);
}

static bool has_suffix(const char *name, const char *suffix) {
    size_t len = strlen(name), end = strlen(suffix);

    return len > end && !strcmp(name + len - end, suffix);
}

static int take_name(struct epmt_jobdir_files *files, const char *name) {
    if (name[0] == '.')
        return has_suffix(name, EPMT_REPLACE_SUFFIX) || has_suffix(name, EPMT_EVENTS_SUFFIX)
                   ? add_name(&files->leftovers, name)
                   : 0;
    if (has_suffix(name, EPMT_JOURNAL_SUFFIX))
        return add_name(&files->journals, name);
    return has_suffix(name, EPMT_STREAM_SUFFIX) ? add_name(&files->streams, name) : 0;
}

int epmt_jobdir_list(const char *dir, struct epmt_jobdir_files *files, struct epmt_error *err) {
    struct dirent *entry;
    int status = 0;

    memset(files, 0, sizeof *files);
    DIR *open = opendir(dir);
    if (!open)
        return epmt_errf_errno(err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO,
                               "cannot open the job directory %s", dir);
    errno = 0;
    while (!status && (entry = readdir(open))) {
        status = take_name(files, entry->d_name);
        if (!status)
            errno = 0;
    }
    if (status)
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the names in %s", dir);
    else if (errno)
        status = epmt_errf_errno(err, EPMT_ERR_IO, "cannot read the job directory %s", dir);
    closedir(open);
    sort_names(&files->journals);
    sort_names(&files->streams);
    return status;
}

void epmt_jobdir_files_free(struct epmt_jobdir_files *files) {
    free_names(&files->journals);
    free_names(&files->streams);
    free_names(&files->leftovers);
}

int epmt_jobdir_keep_damaged(const char *path, const void *data, size_t len,
                             struct epmt_error *err) {
    char name[PATH_MAX];
    bool fits = epmt_fmt(name, sizeof name, "%s.damaged", path);

    for (unsigned i = 2; fits && epmt_jobdir_exists(name); i++)
        fits = epmt_fmt(name, sizeof name, "%s.damaged.%u", path, i);
    if (!fits)
        return epmt_errf(err, EPMT_ERR_IO, "%s: the path is too long", path);
    return epmt_replace_file(name, data, len, err);
}

int epmt_jobdir_add_stream(const char *path, struct epmt_jobfold *fold, bool *damaged,
                           struct epmt_fold_damage *damage, struct epmt_error *err) {
    uint64_t gaps = damage->gaps;
    size_t len;
    int error = 0, status = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    *damaged = false;
    if (fd < 0)
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot open %s", path);
    void *data = epmt_map_file(fd, &len, &error);
    close(fd);
    if (error) {
        errno = -error;
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot read %s", path);
    }
    if (data) {
        status = epmt_fold_add_bytes(fold, data, len, damage, err);
        munmap(data, len);
    }
    *damaged = damage->gaps != gaps;
    return status;
}
