// SPDX-License-Identifier: Apache-2.0
// From sources to jobs: what was named or found, archives and what is in them, standard input.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/submit_priv.h"
#include "cli/unpack.h"
#include "common/fmt.h"
#include "common/iox.h"

static void submit_archive(struct epmt_submit_worker *worker, int fd, const char *shown,
                           const char *stem, int depth);

// One of the sources in an unpacked archive; `root` is its directory.
static void submit_inner(struct epmt_submit_worker *worker, const struct epmt_source *source,
                         size_t root, const char *outer, const char *user, int depth) {
    struct epmt_held held;
    struct epmt_error err;
    char shown[512], stem[NAME_MAX + 1];
    const char *inner = source->path + root;

    inner += *inner == '/';
    epmt_fmt(shown, sizeof shown, "%.*s%s%s", 300, outer, *inner ? ": " : "", inner);
    if (epmt_hold(&held, source->path, source->trusted, &err)) {
        epmt_submit_fail(worker, NULL, &err);
        return;
    }
    held.shown = shown;
    if (source->kind == EPMT_SOURCE_JOBFILE) {
        epmt_submit_jobfile(worker, &held, 0);
        return;
    }
    if (source->kind == EPMT_SOURCE_JOBDIR) {
        struct epmt_submit_directory dir = {
            .held = &held, .jobid = held.name, .user = user, .packed = true};
        epmt_submit_directory(worker, &dir);
    } else {
        epmt_unpack_stem(stem, source->path);
        submit_archive(worker, held.fd, shown, stem, depth + 1);
    }
    epmt_release(&held);
}

static bool stopped(const struct epmt_submit_worker *worker) {
    return epmt_submit_signal || worker->deaf || epmt_submit_is_lost(worker) ||
           (worker->options->stop && worker->failed);
}

static void submit_archive(struct epmt_submit_worker *worker, int fd, const char *shown,
                           const char *stem, int depth) {
    struct epmt_unpacked *unpacked = calloc(1, sizeof *unpacked);
    struct epmt_error err;
    char dir[PATH_MAX];
    unsigned number = epmt_submit_tempdir(worker, dir, &err);
    uint64_t bytes = 0;

    if (!unpacked && number)
        epmt_errf(&err, EPMT_ERR_MEMORY, "%s: out of memory", shown);
    if (!unpacked || !number ||
        epmt_unpack(unpacked, fd, shown, stem, !depth, &worker->options->limits, dir, &err)) {
        epmt_submit_fail(worker, NULL, &err);
    } else {
        bytes = unpacked->contents.bytes;
        for (size_t i = 0; i < unpacked->inner.count && !stopped(worker); i++) {
            submit_inner(worker, &unpacked->inner.items[i], strlen(unpacked->root), shown,
                         unpacked->contents.user, depth);
            if (worker->options->stop)
                epmt_submit_flush(worker);
        }
        epmt_unpacked_free(unpacked);
    }
    free(unpacked);
    epmt_submit_tempdir_done(worker, number, bytes);
}

// Copies standard input to a file that is opened again for reading. Returns -1 with err.
static int spool(struct epmt_submit_worker *worker, const char *path, struct epmt_held *held,
                 struct epmt_error *err) {
    static char block[1 << 16];
    uint64_t size = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
        status = fd < 0 ? -errno : 0;
    ssize_t n = 1;

    while (!status && n) {
        n = read(STDIN_FILENO, block, sizeof block);
        if (n < 0 && errno == EINTR && !epmt_submit_signal)
            continue;
        if (n < 0)
            status = -errno;
        else if ((size += (uint64_t)n) > worker->options->limits.bytes)
            break;
        else
            status = epmt_write_all(fd, block, (size_t)n);
    }
    if (fd >= 0)
        close(fd);
    if (status) {
        errno = -status;
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot copy standard input to %s", path);
    }
    if (n)
        return epmt_errf(err, EPMT_ERR_MEMORY,
                         "standard input: refused: it is too large (setting archive_max_mib)");
    return epmt_hold(held, path, strlen(path), err);
}

static void submit_opened(struct epmt_submit_worker *worker, struct epmt_held *held,
                          enum epmt_source_kind kind, const char *stem) {
    struct epmt_error err;

    if (!S_ISREG(held->st.st_mode)) {
        epmt_errf(&err, EPMT_ERR_BAD_INPUT, "%s is no regular file", held->shown);
        epmt_submit_fail(worker, NULL, &err);
    } else if (kind == EPMT_SOURCE_JOBFILE) {
        // What waits has descriptors of its own: those of the source are for what becomes of it.
        struct epmt_held file = *held;
        file.fd = fcntl(held->fd, F_DUPFD_CLOEXEC, 3);
        file.parent = -1;
        epmt_fmt(file.path, sizeof file.path, "/proc/self/fd/%d", file.fd);
        epmt_submit_jobfile(worker, &file, 0);
    } else if (kind == EPMT_SOURCE_STREAM) {
        epmt_submit_stream(worker, held);
    } else {
        submit_archive(worker, held->fd, held->shown, stem, 0);
    }
}

static void submit_stdin(struct epmt_submit_worker *worker) {
    char path[PATH_MAX];
    struct epmt_held held = {.fd = -1, .parent = -1};
    struct epmt_error err;
    unsigned number = epmt_submit_tempdir(worker, path, &err);
    size_t len = strlen(path);
    int status = number ? 0 : -1;

    if (!status) {
        epmt_fmt(path + len, sizeof path - len, "/input");
        status = spool(worker, path, &held, &err);
    }
    if (status) {
        epmt_submit_fail(worker, NULL, &err);
    } else {
        held.shown = "standard input";
        submit_opened(worker, &held, epmt_source_kind_of(held.fd, ""), NULL);
        epmt_release(&held);
    }
    epmt_submit_tempdir_done(worker, number, 0);
}

// The name of a directory, also of "." and "a/..".
static void name_of(char name[NAME_MAX + 1], const struct epmt_source *source,
                    const struct epmt_held *held) {
    char *whole = source->named ? realpath(source->path, NULL) : NULL;
    const char *slash = whole ? strrchr(whole, '/') : NULL;

    epmt_fmt(name, NAME_MAX + 1, "%s", slash ? slash + 1 : held->name);
    free(whole);
}

static void say_gone(struct epmt_submit_worker *worker) {
    epmt_submit_wait(worker, EPMT_JOB_GONE);
}

static void submit_held(struct epmt_submit_worker *worker, const struct epmt_source *source,
                        struct epmt_held *held, uint64_t *snapshot, char jobid[NAME_MAX + 1]) {
    if (S_ISDIR(held->st.st_mode)) {
        name_of(jobid, source, held);
        struct epmt_submit_directory dir = {.held = held, .jobid = jobid, .named = source->named};
        epmt_submit_directory(worker, &dir);
        *snapshot = dir.snapshot;
        return;
    }
    char stem[NAME_MAX + 1];
    epmt_unpack_stem(stem, source->path);
    submit_opened(worker, held, epmt_source_kind_of(held->fd, source->path), stem);
}

void epmt_submit_source(struct epmt_submit_worker *worker, uint32_t index) {
    const struct epmt_source *source = &worker->sources->items[index];
    char jobid[NAME_MAX + 1] = "";
    struct epmt_held held = {.fd = -1, .parent = -1};
    struct epmt_error err;
    uint64_t snapshot = 0;
    bool is_held = false;

    worker->source = index;
    if (source->kind == EPMT_SOURCE_STDIN) {
        submit_stdin(worker);
    } else if (epmt_hold(&held, source->path, source->trusted, &err)) {
        // What another submit has taken away since it was found is none of our business.
        if (err.code == EPMT_ERR_NOT_FOUND && !source->named)
            say_gone(worker);
        else
            epmt_submit_fail(worker, NULL, &err);
    } else {
        is_held = true;
        submit_held(worker, source, &held, &snapshot, jobid);
    }
    struct epmt_waiting *end = epmt_submit_wait(worker, EPMT_JOB_END);
    epmt_fmt(end->report.jobid, sizeof end->report.jobid, "%s", jobid);
    end->held = held;
    end->is_held = is_held;
    end->snapshot = snapshot;
}
