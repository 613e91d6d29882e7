// SPDX-License-Identifier: Apache-2.0
#include "storage/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/fragment.h"
#include "common/fmt.h"
#include "metadata/jobplace.h"
#include "storage/archive.h"

static bool ends_with(const char *name, const char *end) {
    size_t len = strlen(name), end_len = strlen(end);

    return len > end_len && !strcmp(name + len - end_len, end);
}

static bool is_of_job(const char *name, const char *jobid) {
    size_t len = strlen(jobid);

    return !strcmp(name, EPMT_METADATA_NAME) || ends_with(name, EPMT_JOURNAL_SUFFIX) ||
           ends_with(name, EPMT_STREAM_SUFFIX) ||
           (!strncmp(name, jobid, len) && !strcmp(name + len, EPMT_JOBFILE_SUFFIX));
}

// A stream of entries of its own: the place in `dir` stays where it is.
static DIR *open_again(int dir) {
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *open = fd < 0 ? NULL : fdopendir(fd);

    if (!open && fd >= 0)
        close(fd);
    return open;
}

bool epmt_source_is_jobdir(int dir, const char *jobid) {
    DIR *open = open_again(dir);
    bool found = false;

    for (struct dirent *entry; open && !found && (entry = readdir(open));)
        found = is_of_job(entry->d_name, jobid);
    if (open)
        closedir(open);
    return found;
}

enum epmt_source_kind epmt_source_kind_of(int fd, const char *name) {
    static const char hdf5[8] = "\211HDF\r\n\032\n";
    const uint32_t magic = EPMT_FRAGMENT_MAGIC;
    char start[8] = "";
    ssize_t n = pread(fd, start, sizeof start, 0);

    if (n == (ssize_t)sizeof start && !memcmp(start, hdf5, sizeof hdf5))
        return EPMT_SOURCE_JOBFILE;
    if (n >= (ssize_t)sizeof magic && !memcmp(start, &magic, sizeof magic))
        return EPMT_SOURCE_STREAM;
    return ends_with(name, EPMT_JOBFILE_SUFFIX) ? EPMT_SOURCE_JOBFILE : EPMT_SOURCE_ARCHIVE;
}

static int add(struct epmt_sources *sources, enum epmt_source_kind kind, const char *path,
               size_t trusted, struct epmt_error *err) {
    if (sources->count == sources->cap) {
        size_t cap = sources->cap ? sources->cap * 2 : 64;
        struct epmt_source *items = realloc(sources->items, cap * sizeof *items);
        if (!items)
            return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        sources->items = items;
        sources->cap = cap;
    }
    struct epmt_source *item = &sources->items[sources->count];
    *item = (struct epmt_source){
        .kind = kind, .named = !path[trusted], .trusted = trusted, .path = strdup(path)};
    if (!item->path)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    sources->count++;
    return 0;
}

void epmt_sources_free(struct epmt_sources *sources) {
    for (size_t i = 0; i < sources->count; i++)
        free(sources->items[i].path);
    free(sources->items);
    sources->items = NULL;
    sources->count = sources->cap = 0;
}

// A walk through directories; `path` grows and shrinks.
struct walk {
    struct epmt_sources *sources;
    char path[PATH_MAX];
    size_t len, trusted;
    struct epmt_error *err;
};

static void complain(struct walk *walk) {
    struct epmt_error err;

    if (errno == ENOENT)
        return; // it has gone meanwhile
    epmt_errf_errno(&err, EPMT_ERR_IO, "cannot read %s", walk->path);
    if (walk->sources->complain)
        walk->sources->complain(walk->sources->context, walk->path, &err);
}

static int walk_directory(struct walk *walk, int dir, int depth);

static int walk_below(struct walk *walk, int above, const char *name, int depth) {
    int dir = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int status = 0;

    if (dir < 0)
        complain(walk);
    else if (epmt_source_is_jobdir(dir, name))
        status = add(walk->sources, EPMT_SOURCE_JOBDIR, walk->path, walk->trusted, walk->err);
    else if (depth < EPMT_SOURCES_DEPTH)
        status = walk_directory(walk, dir, depth + 1);
    if (dir >= 0)
        close(dir);
    return status;
}

static int walk_entry(struct walk *walk, int dir, const char *name, int depth) {
    size_t len = walk->len;
    struct stat st;
    int status = 0;

    if (!epmt_fmt(walk->path + len, sizeof walk->path - len, "%s%s",
                  len && walk->path[len - 1] == '/' ? "" : "/", name))
        return 0; // nobody could open it by that path
    walk->len = strlen(walk->path);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
        complain(walk);
    else if (S_ISDIR(st.st_mode))
        status = walk_below(walk, dir, name, depth);
    else if (S_ISREG(st.st_mode) && ends_with(name, EPMT_JOBFILE_SUFFIX))
        status = add(walk->sources, EPMT_SOURCE_JOBFILE, walk->path, walk->trusted, walk->err);
    else if (S_ISREG(st.st_mode) && walk->sources->archives && epmt_archive_stem(name))
        status = add(walk->sources, EPMT_SOURCE_ARCHIVE, walk->path, walk->trusted, walk->err);
    walk->len = len;
    walk->path[len] = '\0';
    return status;
}

static int compare(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

struct names {
    char **at;
    size_t count, cap;
};

static int keep_name(struct names *names, const char *name) {
    if (names->count == names->cap) {
        size_t cap = names->cap ? names->cap * 2 : 64;
        char **more = realloc(names->at, cap * sizeof *more);
        if (!more)
            return -1;
        names->at = more;
        names->cap = cap;
    }
    names->at[names->count] = strdup(name);
    return names->at[names->count] ? (names->count++, 0) : -1;
}

static int walk_directory(struct walk *walk, int dir, int depth) {
    struct names names = {0};
    struct dirent *entry;
    DIR *open = open_again(dir);
    int status = 0;

    if (!open) {
        complain(walk);
        return 0;
    }
    while (!status && (entry = readdir(open))) {
        if (entry->d_name[0] != '.')
            status = keep_name(&names, entry->d_name);
    }
    closedir(open);
    if (status)
        epmt_errf(walk->err, EPMT_ERR_MEMORY, "out of memory");
    if (names.count)
        qsort(names.at, names.count, sizeof *names.at, compare);
    for (size_t i = 0; i < names.count; i++) {
        if (!status)
            status = walk_entry(walk, dir, names.at[i], depth);
        free(names.at[i]);
    }
    free(names.at);
    return status;
}

static int walk_from(struct epmt_sources *sources, const char *path, int dir,
                     struct epmt_error *err) {
    struct walk *walk = malloc(sizeof *walk);

    if (!walk)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    walk->sources = sources;
    walk->err = err;
    walk->len = walk->trusted = strlen(path);
    epmt_fmt(walk->path, sizeof walk->path, "%s", path);
    int status = walk_directory(walk, dir, 0);
    free(walk);
    return status;
}

int epmt_sources_add(struct epmt_sources *sources, const char *argument, struct epmt_error *err) {
    struct epmt_held held;
    int status;

    if (!strcmp(argument, "-"))
        return add(sources, EPMT_SOURCE_STDIN, argument, 1, err);
    if (strlen(argument) >= PATH_MAX)
        return epmt_errf(err, EPMT_ERR_USAGE, "%.*s... is too long a path", 100, argument);
    if (epmt_hold(&held, argument, strlen(argument), err))
        return -1;
    if (S_ISREG(held.st.st_mode)) {
        status =
            add(sources, epmt_source_kind_of(held.fd, argument), argument, strlen(argument), err);
    } else if (!S_ISDIR(held.st.st_mode)) {
        status =
            epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s is neither a file nor a directory", argument);
    } else {
        char *whole = realpath(argument, NULL); // "." and "a/.." have names too
        const char *slash = strrchr(whole ? whole : argument, '/');
        bool job = epmt_source_is_jobdir(held.fd, slash ? slash + 1 : argument);
        free(whole);
        status = job ? add(sources, EPMT_SOURCE_JOBDIR, argument, strlen(argument), err)
                     : walk_from(sources, argument, held.fd, err);
    }
    epmt_release(&held);
    return status;
}
