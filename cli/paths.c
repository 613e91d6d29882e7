// SPDX-License-Identifier: Apache-2.0
#include "cli/paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fmt.h"
#include "metadata/jobplace.h"
#include "metadata/settings.h"

int epmt_paths_add(struct epmt_paths *paths, const char *path, struct epmt_error *err) {
    if (paths->count == paths->cap) {
        int cap = paths->cap ? paths->cap * 2 : 16;
        char **items = realloc(paths->items, (size_t)cap * sizeof *items);
        if (!items)
            return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        paths->items = items;
        paths->cap = cap;
    }
    char *copy = strdup(path);
    if (!copy)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    paths->items[paths->count++] = copy;
    return 0;
}

void epmt_paths_free(struct epmt_paths *paths) {
    for (int i = 0; i < paths->count; i++)
        free(paths->items[i]);
    free(paths->items);
    *paths = (struct epmt_paths){0};
}

static bool ends_with(const char *name, const char *end) {
    size_t len = strlen(name), end_len = strlen(end);

    return len > end_len && !strcmp(name + len - end_len, end);
}

static bool is_own_file(const char *name, const char *jobid) {
    size_t len = strlen(jobid);

    return !strncmp(name, jobid, len) && !strcmp(name + len, EPMT_JOBFILE_SUFFIX);
}

static bool is_jobdir(const char *path) {
    char jobid[NAME_MAX + 1];
    DIR *dir = opendir(path);
    bool found = false;

    if (!dir)
        return false;
    epmt_path_jobid(path, jobid);
    for (struct dirent *entry; !found && (entry = readdir(dir));)
        found = !strcmp(entry->d_name, EPMT_METADATA_NAME) || is_own_file(entry->d_name, jobid) ||
                ends_with(entry->d_name, EPMT_JOURNAL_SUFFIX) ||
                ends_with(entry->d_name, EPMT_STREAM_SUFFIX);
    closedir(dir);
    return found;
}

enum epmt_path_kind epmt_path_kind(const char *path) {
    struct stat st;

    if (stat(path, &st))
        return EPMT_PATH_NONE;
    if (S_ISREG(st.st_mode))
        return EPMT_PATH_FILE;
    if (!S_ISDIR(st.st_mode))
        return EPMT_PATH_OTHER;
    return is_jobdir(path) ? EPMT_PATH_JOBDIR : EPMT_PATH_DIR;
}

static int visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int find_jobs(struct epmt_paths *paths, const char *dir, int depth, struct epmt_error *err);

// Adds what one entry of a directory is or holds. What may not be read is passed over.
static int find_in_entry(struct epmt_paths *paths, const char *path, int depth,
                         struct epmt_error *err) {
    struct epmt_error inner = {.code = EPMT_ERR_OK};
    struct stat st;

    if (lstat(path, &st))
        return 0;
    if (S_ISREG(st.st_mode))
        return ends_with(path, EPMT_JOBFILE_SUFFIX) ? epmt_paths_add(paths, path, err) : 0;
    if (!S_ISDIR(st.st_mode))
        return 0;
    if (is_jobdir(path))
        return epmt_paths_add(paths, path, err);
    if (depth > 0 && find_jobs(paths, path, depth - 1, &inner) && inner.code == EPMT_ERR_MEMORY) {
        if (err)
            *err = inner;
        return -1;
    }
    return 0;
}

static int find_jobs(struct epmt_paths *paths, const char *dir, int depth, struct epmt_error *err) {
    const char *slash = ends_with(dir, "/") ? "" : "/";
    struct dirent **entries;
    char path[PATH_MAX];
    int result = 0;
    int count = scandir(dir, &entries, visible, alphasort);

    if (count < 0)
        return epmt_errf_errno(err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO,
                               "cannot read directory %s", dir);
    for (int i = 0; i < count; i++) {
        if (!result && epmt_fmt(path, sizeof path, "%s%s%s", dir, slash, entries[i]->d_name))
            result = find_in_entry(paths, path, depth, err);
        free(entries[i]);
    }
    free(entries);
    return result;
}

int epmt_paths_find_jobs(struct epmt_paths *paths, const char *dir, struct epmt_error *err) {
    return find_jobs(paths, dir, EPMT_PATH_DEPTH, err);
}

void epmt_path_jobid(const char *dir, char jobid[NAME_MAX + 1]) {
    char *whole = realpath(dir, NULL); // "." and "a/.." have names too
    const char *path = whole ? whole : dir;
    const char *slash = strrchr(path, '/');

    epmt_fmt(jobid, NAME_MAX + 1, "%s", slash ? slash + 1 : path);
    free(whole);
}

bool epmt_path_jobfile(const char *dir, char path[PATH_MAX]) {
    char jobid[NAME_MAX + 1];

    epmt_path_jobid(dir, jobid);
    return epmt_fmt(path, PATH_MAX, "%s/%s%s", dir, jobid, EPMT_JOBFILE_SUFFIX);
}

bool epmt_path_is_program(char *const *envp, const char *name) {
    const char *rest = strchr(name, '/') ? NULL : epmt_environment_get(envp, "PATH");
    char path[PATH_MAX];

    if (strchr(name, '/'))
        return !access(name, X_OK);
    while (rest && *rest) {
        size_t len = strcspn(rest, ":");
        if (epmt_fmt(path, sizeof path, "%.*s/%s", (int)len, rest, name) && !access(path, X_OK))
            return true;
        rest += len + (rest[len] == ':');
    }
    return false;
}
