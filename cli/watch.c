// SPDX-License-Identifier: Apache-2.0
#include "cli/watch.h"

#include <dirent.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/hash.h"
#include "metadata/jobplace.h"

// What was written to less long ago may not be whole, where nobody closed or moved it.
// A copy that stalls may take longer: what looks damaged is looked at again when it is settled.
enum { QUIET_S = 2, SETTLED_S = 60 };

#define EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR)

// A source as it was when it was marked.
struct mark {
    uint64_t state;
    time_t again; // when it counts no longer, 0 never
    char path[];
};

struct epmt_watch {
    int fd;
    char *dir;
    bool recursive;
    void *marks; // a tree (tsearch) of struct mark
};

static int compare(const void *left, const void *right) {
    const struct mark *a = left, *b = right;

    return strcmp(a->path, b->path);
}

static struct mark *make_mark(const char *path, uint64_t state, time_t again) {
    size_t len = strlen(path);
    struct mark *mark = malloc(sizeof *mark + len + 1);

    if (mark) {
        mark->state = state;
        mark->again = again;
        memcpy(mark->path, path, len + 1);
    }
    return mark;
}

struct epmt_watch *epmt_watch_create(const char *dir, bool recursive, struct epmt_error *err) {
    struct epmt_watch *watch = calloc(1, sizeof *watch);

    if (watch)
        watch->dir = strdup(dir);
    if (!watch || !watch->dir) {
        free(watch);
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        return NULL;
    }
    watch->recursive = recursive;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0 || inotify_add_watch(watch->fd, dir, EVENTS) < 0) {
        epmt_errf_errno(err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO, "cannot watch %s",
                        dir);
        epmt_watch_destroy(watch);
        return NULL;
    }
    return watch;
}

void epmt_watch_destroy(struct epmt_watch *watch) {
    if (!watch)
        return;
    if (watch->fd >= 0)
        close(watch->fd);
    tdestroy(watch->marks, free);
    free(watch->dir);
    free(watch);
}

int epmt_watch_fd(const struct epmt_watch *watch) {
    return watch->fd;
}

void epmt_watch_drain(struct epmt_watch *watch) {
    char events[4096];

    while (read(watch->fd, events, sizeof events) > 0)
        continue;
}

static uint64_t add_state(uint64_t hash, const struct stat *st) {
    hash = epmt_hash_u64(hash, (uint64_t)st->st_ino);
    hash = epmt_hash_u64(hash, (uint64_t)st->st_size);
    hash = epmt_hash_u64(hash, (uint64_t)st->st_mtim.tv_sec);
    return epmt_hash_u64(hash, (uint64_t)st->st_mtim.tv_nsec);
}

static bool ends_with(const char *name, const char *end) {
    size_t len = strlen(name), end_len = strlen(end);

    return len > end_len && !strcmp(name + len - end_len, end);
}

// What a source is like: its file, or all files of a job directory. *newest is when something was
// written there last; *unfinished: more than the job file lies there. Returns 0 for what is gone.
static uint64_t state_of(const char *path, time_t *newest, bool *unfinished) {
    struct stat st;
    char inner[PATH_MAX];

    if (stat(path, &st))
        return 0;
    uint64_t hash = add_state(EPMT_HASH_START, &st);
    *newest = st.st_mtim.tv_sec;
    DIR *dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.' ||
            !epmt_fmt(inner, sizeof inner, "%s/%s", path, entry->d_name) || stat(inner, &st))
            continue;
        // The order of entries is nobody's business.
        hash += epmt_hash_finish(add_state(EPMT_HASH_START, &st));
        *newest = st.st_mtim.tv_sec > *newest ? st.st_mtim.tv_sec : *newest;
        *unfinished |= !ends_with(entry->d_name, EPMT_JOBFILE_SUFFIX);
    }
    if (dir)
        closedir(dir);
    return epmt_hash_finish(hash) | 1;
}

static bool is_marked(const struct epmt_watch *watch, const char *path, uint64_t state) {
    struct mark *mark = make_mark(path, state, 0);
    struct mark *const *found = mark ? tfind(mark, &watch->marks, compare) : NULL;
    bool marked =
        found && (*found)->state == state && (!(*found)->again || time(NULL) < (*found)->again);

    free(mark);
    return marked;
}

static void forget(struct epmt_watch *watch, const struct mark *mark) {
    struct mark *const *found = tfind(mark, &watch->marks, compare);
    struct mark *old = found ? *found : NULL;

    if (old)
        tdelete(mark, &watch->marks, compare);
    free(old);
}

// A time that is still to come is another clock's.
static bool is_young(time_t newest) {
    time_t now = time(NULL);

    return newest <= now + SETTLED_S && now - newest < SETTLED_S;
}

bool epmt_watch_is_young(const char *path) {
    bool unfinished = false;
    time_t newest = 0;

    return state_of(path, &newest, &unfinished) && is_young(newest);
}

int epmt_watch_mark(struct epmt_watch *watch, const char *path, bool failed,
                    struct epmt_error *err) {
    bool unfinished = false;
    time_t newest = 0;
    uint64_t state = state_of(path, &newest, &unfinished);
    struct mark *mark = make_mark(path, state, failed && is_young(newest) ? newest + SETTLED_S : 0);

    if (!mark)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    forget(watch, mark);
    // A job that was left for later is looked at again, whether something is written or not.
    if (!state || unfinished)
        free(mark);
    else if (!tsearch(mark, &watch->marks, compare))
        return free(mark), epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    return 0;
}

static bool is_source(const char *name) {
    static const char *const endings[] = {EPMT_JOBFILE_SUFFIX, ".tgz",    ".tar",     ".tar.gz",
                                          ".tar.bz2",          ".tar.xz", ".tar.zst", ".zip"};

    for (unsigned i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (ends_with(name, endings[i]))
            return true;
    }
    return false;
}

// Adds a source where it is new. A writer that is just at it makes it wait.
static int look_at(struct epmt_watch *watch, const char *path, struct epmt_paths *found, bool *soon,
                   struct epmt_error *err) {
    bool unfinished = false;
    time_t newest = 0;
    uint64_t state = state_of(path, &newest, &unfinished);

    if (!state || is_marked(watch, path, state))
        return 0;
    if (time(NULL) - newest < QUIET_S) {
        *soon = true;
        return 0;
    }
    return epmt_paths_add(found, path, err);
}

static int scan(struct epmt_watch *watch, const char *dir, int depth, struct epmt_paths *found,
                bool *soon, struct epmt_error *err) {
    char path[PATH_MAX];
    int result = 0;
    DIR *open = opendir(dir);

    if (!open)
        return depth == EPMT_PATH_DEPTH
                   ? epmt_errf_errno(err, EPMT_ERR_IO, "cannot read directory %s", dir)
                   : 0;
    for (struct dirent *entry; !result && (entry = readdir(open));) {
        if (entry->d_name[0] == '.' || !epmt_fmt(path, sizeof path, "%s/%s", dir, entry->d_name))
            continue;
        enum epmt_path_kind kind = epmt_path_kind(path);
        if (kind == EPMT_PATH_JOBDIR || (kind == EPMT_PATH_FILE && is_source(path)))
            result = look_at(watch, path, found, soon, err);
        else if (kind == EPMT_PATH_DIR && watch->recursive && depth > 0)
            result = scan(watch, path, depth - 1, found, soon, err);
        if ((kind == EPMT_PATH_JOBDIR || kind == EPMT_PATH_DIR) && watch->recursive)
            (void)inotify_add_watch(watch->fd, path, EVENTS); // else the next scan finds it
    }
    closedir(open);
    return result;
}

int epmt_watch_scan(struct epmt_watch *watch, struct epmt_paths *found, bool *soon,
                    struct epmt_error *err) {
    *soon = false;
    return scan(watch, watch->dir, EPMT_PATH_DEPTH, found, soon, err);
}
