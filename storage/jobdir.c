// SPDX-License-Identifier: Apache-2.0
// Folding a job directory. The order makes every crash harmless: sources are read, the job file is
// written durably, and only then are sources removed; reading them again changes nothing.
#include "storage/jobdir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/prim.h"
#include "storage/held.h"
#include "storage/jobdir_priv.h"
#include "storage/jobfile.h"
#include "storage/merge.h"
#include "storage/replace.h"

unsigned epmt_jobdir_lock_ms = 10000;
unsigned epmt_jobdir_lock_ended_ms = 60000;

// While the job runs, a job file larger than this is not written anew for each step.
#define REWRITE_MAX (64 << 20)

struct folding {
    const char *dir, *jobid;
    bool ended;
    bool reads;       // nothing in the directory is changed
    const char *user; // where nobody noted it; NULL: the owner of the directory
    struct epmt_jobfold *fold;
    struct epmt_jobdir_result *result;
    struct epmt_jobdir_files files;
    struct epmt_seen seen;
    bool *damaged_streams;
    char jobfile[PATH_MAX], metadata[PATH_MAX];
    bool has_jobfile, has_metadata;
    uint64_t old_digest;
    int64_t old_version;
    char old_uuid[EPMT_UUID_LEN];
};

int epmt_jobdir_lock(const char *dir, unsigned timeout_ms, struct epmt_error *err) {
    const struct timespec pause = {0, 5000000};
    uint64_t until = epmt_prim_clock_ns(CLOCK_MONOTONIC) + timeout_ms * UINT64_C(1000000);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return epmt_errf_errno(err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO,
                               "cannot open the job directory %s", dir);
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fd; // a file system without locks: go on without
        if (epmt_prim_clock_ns(CLOCK_MONOTONIC) >= until) {
            close(fd);
            return -2;
        }
        nanosleep(&pause, NULL);
    }
    return fd;
}

int epmt_jobdir_hold(const char *dir, struct epmt_error *err) {
    int fd = epmt_jobdir_lock(dir, epmt_jobdir_lock_ended_ms, err);

    if (fd == -2)
        return epmt_errf(err, EPMT_ERR_IO, "%s: somebody else works on this job", dir);
    return fd;
}

static bool is_large(const char *path) {
    struct stat st;

    return !stat(path, &st) && st.st_size > REWRITE_MAX;
}

static int add_jobfile(struct folding *f, struct epmt_error *err) {
    struct epmt_held held;
    int status = -1;

    if (!epmt_jobdir_exists(f->jobfile))
        return 0;
    // The directory may be anybody's: what has that name is no link to another place.
    if (epmt_hold(&held, f->jobfile, strlen(f->dir), err))
        return -1;
    struct epmt_jobfile *file = epmt_jobfile_open(held.path, err);
    if (file) {
        f->has_jobfile = true;
        f->old_digest = epmt_jobfile_info(file)->digest;
        f->old_version = epmt_jobfile_info(file)->format_version;
        epmt_fmt(f->old_uuid, sizeof f->old_uuid, "%s", epmt_jobfile_info(file)->uuid);
        status = epmt_fold_add_jobfile(f->fold, file, err);
    }
    epmt_jobfile_close(file);
    if (status && err)
        epmt_held_explain(&held, err);
    epmt_release(&held);
    return status;
}

static int add_metadata(struct folding *f, struct epmt_error *err) {
    struct epmt_jobmeta meta;
    struct epmt_error why;

    f->has_metadata = epmt_jobdir_exists(f->metadata);
    if (!f->has_metadata)
        return 0;
    // Before the end they are not complete, and what is wrong with them is for `epmt stop` to say.
    if (epmt_jobmeta_read(&meta, f->metadata, &why))
        return f->ended ? epmt_errf(err, why.code, "%s", why.text) : 0;
    epmt_jobdir_begin_again(f->fold, meta.restart);
    int status = epmt_jobmeta_to_fold(&meta, f->fold, err);
    if (!status)
        status = epmt_jobmeta_annotate(&meta, true, f->fold, err);
    epmt_jobmeta_fini(&meta);
    return status;
}

static int add_streams(struct folding *f, struct epmt_error *err) {
    char path[PATH_MAX];

    f->damaged_streams = calloc(f->files.streams.count + 1, sizeof *f->damaged_streams);
    if (!f->damaged_streams)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for %s", f->dir);
    for (size_t i = 0; i < f->files.streams.count; i++) {
        if (epmt_jobdir_path(path, f->dir, f->files.streams.at[i], err) ||
            epmt_jobdir_add_stream(path, f->fold, &f->damaged_streams[i], &f->result->damage, err))
            return -1;
    }
    return 0;
}

static int add_journals(struct folding *f, struct epmt_error *err) {
    char path[PATH_MAX];
    bool damaged;
    int status = 0;

    for (size_t i = 0; i < f->files.journals.count && !status; i++) {
        status = epmt_jobdir_path(path, f->dir, f->files.journals.at[i], err);
        if (status)
            break;
        // Locking a journal needs the right to write to it. It only grows, or is replaced as a
        // whole.
        status = f->reads ? epmt_jobdir_add_stream(path, f->fold, &damaged, &f->result->damage, err)
                          : epmt_jobdir_add_journal(path, f->ended, f->fold, &f->seen,
                                                    &f->result->damage, err);
    }
    return status;
}

// Nobody noted the user where there was no `epmt start`: the directory is the user's.
static int set_user(struct folding *f, struct epmt_error *err) {
    struct stat st;

    if (epmt_fold_attribute(f->fold, "job", "user").data)
        return 0;
    if (f->user)
        return *f->user ? epmt_fold_set_attribute(f->fold, "job", "user", f->user, err) : 0;
    if (stat(f->dir, &st))
        return 0;
    const struct passwd *owner = getpwuid(st.st_uid);
    return owner ? epmt_fold_set_attribute(f->fold, "job", "user", owner->pw_name, err) : 0;
}

// The same of the host: that of the first process.
static int set_host(struct folding *f, struct epmt_error *err) {
    static const struct epmt_bytes scope = {"job", 3}, key = {"hostname", 8};
    struct epmt_record first = {0};

    if (!f->ended || epmt_fold_attribute(f->fold, "job", "hostname").data ||
        !epmt_job_first_process(f->fold, &first) || !epmt_record_has(&first, EPMT_COL_hostname))
        return 0;
    return epmt_fold_add_attribute(f->fold, scope, key, first.value[EPMT_COL_hostname].text, err);
}

static int set_attributes(struct folding *f, struct epmt_error *err) {
    epmt_fold_drop_attribute(f->fold, "job", "dir"); // told only where to write
    epmt_fold_drop_attribute(f->fold, "job", "jobid");
    if (epmt_fold_set_attribute(f->fold, "job", "jobid", f->jobid, err) || set_user(f, err) ||
        set_host(f, err))
        return -1;
    if (f->ended && epmt_fold_set_attribute(f->fold, "job", "ended", "1", err))
        return -1;
    return epmt_job_set_uuid(f->fold, f->jobid, f->old_uuid, err);
}

static int collect(struct folding *f, struct epmt_error *err) {
    if (epmt_jobdir_list(f->dir, &f->files, err) || add_jobfile(f, err) || add_metadata(f, err) ||
        add_streams(f, err) || add_journals(f, err) || set_attributes(f, err))
        return -1;
    if (epmt_job_finish(f->fold, f->ended, err))
        return -1;
    return f->ended ? epmt_jobdir_set_outcome(f->fold, err) : 0;
}

static int remove_file(const char *path, struct epmt_error *err) {
    if (!unlink(path) || errno == ENOENT)
        return 0;
    return epmt_errf_errno(err, EPMT_ERR_IO, "cannot remove %s", path);
}

static int remove_stream(const char *path, bool damaged, struct epmt_error *err) {
    char aside[PATH_MAX];

    if (!damaged)
        return remove_file(path, err);
    bool fits = epmt_fmt(aside, sizeof aside, "%s.damaged", path);
    for (unsigned i = 2; fits && epmt_jobdir_exists(aside); i++)
        fits = epmt_fmt(aside, sizeof aside, "%s.damaged.%u", path, i);
    if (!fits || rename(path, aside))
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot put %s aside", path);
    return 0;
}

// Removes what is in the job file now.
static int clean(struct folding *f, struct epmt_error *err) {
    char path[PATH_MAX];
    int status = 0;

    for (size_t i = 0; i < f->files.streams.count && !status; i++) {
        status = epmt_jobdir_path(path, f->dir, f->files.streams.at[i], err);
        if (!status)
            status = remove_stream(path, f->damaged_streams[i], err);
    }
    for (size_t i = 0; i < f->files.journals.count && !status; i++) {
        status = epmt_jobdir_path(path, f->dir, f->files.journals.at[i], err);
        if (!status)
            status = epmt_jobdir_trim_journal(path, f->ended, f->fold, &f->seen, err);
    }
    for (size_t i = 0; i < f->files.leftovers.count && !status; i++) {
        status = epmt_jobdir_path(path, f->dir, f->files.leftovers.at[i], err);
        if (!status)
            status = remove_file(path, err);
    }
    if (!status && f->ended && f->has_metadata)
        status = remove_file(f->metadata, err);
    return status;
}

static int fold_locked(struct folding *f, struct epmt_error *err) {
    if (collect(f, err))
        return -1;
    // A file of an older version is written anew, as what it lacks can be made from its rows.
    bool same = f->has_jobfile && f->old_version == EPMT_JOBFILE_VERSION &&
                f->old_digest == epmt_fold_digest(f->fold);
    if (!same && epmt_jobfile_write(f->fold, f->jobfile, err))
        return -1;
    f->result->processes = epmt_fold_process_count(f->fold);
    f->result->threads = epmt_fold_thread_count(f->fold);
    return clean(f, err);
}

static int leave_stream(struct folding *f, struct epmt_error *err) {
    f->result->left_as_stream = true;
    return epmt_jobdir_save_stream(f->dir, f->fold, err);
}

static int begin(struct folding *f, struct epmt_error *err) {
    char name[NAME_MAX + 1];

    memset(f->result, 0, sizeof *f->result);
    if (!epmt_fmt(name, sizeof name, "%s%s", f->jobid, EPMT_JOBFILE_SUFFIX) ||
        strchr(f->jobid, '/'))
        return epmt_errf(err, EPMT_ERR_USAGE, "%s cannot be a job id", f->jobid);
    return epmt_jobdir_path(f->jobfile, f->dir, name, err) ||
                   epmt_jobdir_path(f->metadata, f->dir, EPMT_METADATA_NAME, err)
               ? -1
               : 0;
}

static void finish(struct folding *f) {
    epmt_jobdir_files_free(&f->files);
    free(f->seen.slots);
    free(f->damaged_streams);
}

int epmt_jobdir_fold_into(const char *dir, const char *jobid, bool ended, struct epmt_jobfold *fold,
                          struct epmt_jobdir_result *result, struct epmt_error *err) {
    struct folding f = {.dir = dir, .jobid = jobid, .ended = ended, .fold = fold, .result = result};
    bool given = epmt_fold_process_count(fold) || epmt_fold_thread_count(fold) ||
                 epmt_fold_attribute_count(fold);

    if (begin(&f, err))
        return -1;
    int fd = epmt_jobdir_lock(dir, ended ? epmt_jobdir_lock_ended_ms : epmt_jobdir_lock_ms, err);
    if (fd == -1)
        return -1;
    if (fd == -2 && !given)
        return epmt_errf(err, EPMT_ERR_IO, "%s: somebody else is folding this job", dir);
    if (fd == -2 || (!ended && given && is_large(f.jobfile))) {
        int status = leave_stream(&f, err);
        if (fd >= 0)
            close(fd);
        return status;
    }
    int status = fold_locked(&f, err);
    close(fd);
    finish(&f);
    return status;
}

int epmt_jobdir_read(const char *dir, const char *jobid, const char *user,
                     struct epmt_jobfold *fold, struct epmt_jobdir_result *result,
                     struct epmt_error *err) {
    struct folding f = {.dir = dir,
                        .jobid = jobid,
                        .user = user,
                        .ended = true,
                        .reads = true,
                        .fold = fold,
                        .result = result};
    int status = begin(&f, err) ? -1 : collect(&f, err);

    result->processes = epmt_fold_process_count(fold);
    result->threads = epmt_fold_thread_count(fold);
    finish(&f);
    return status;
}

int epmt_jobdir_fold(const char *dir, const char *jobid, bool ended, const void *stream,
                     size_t stream_len, struct epmt_jobdir_result *result, struct epmt_error *err) {
    struct epmt_fold_damage damage = {0};
    struct epmt_jobfold *fold = epmt_fold_create();
    int status = -1;

    memset(result, 0, sizeof *result);
    if (!fold)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the job in %s", dir);
    if (!stream_len || !epmt_fold_add_bytes(fold, stream, stream_len, &damage, err))
        status = epmt_jobdir_fold_into(dir, jobid, ended, fold, result, err);
    if (!result->damage.gaps)
        result->damage.first = damage.first;
    result->damage.gaps += damage.gaps;
    result->damage.gap_bytes += damage.gap_bytes;
    epmt_fold_destroy(fold);
    return status;
}

// A name for a stream, from the step's key where there is one.
static void stream_name(char name[NAME_MAX + 1], const struct epmt_jobfold *fold) {
    struct epmt_bytes scope = {"stream", 6}, key, value;
    char step[64];
    struct timespec now;
    size_t len = 0;

    for (uint64_t i = 0; i < epmt_fold_attribute_count(fold); i++) {
        struct epmt_bytes at;
        epmt_fold_attribute_at(fold, i, &at, &key, &value);
        if (at.len > 5 && !memcmp(at.data, "step ", 5)) {
            scope = (struct epmt_bytes){at.data + 5, at.len - 5};
            break;
        }
    }
    for (; len < scope.len && len < sizeof step - 1; len++) {
        char c = scope.data[len];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     strchr("._-+@:", c);
        step[len] = (char)(plain && c && !(len == 0 && c == '.') ? c : '_');
    }
    step[len] = '\0';
    // Never the name of a stream that somebody else is just folding and will remove.
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name, NAME_MAX + 1, "%s.%" PRIx64 "-%d%s", step,
             (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec, (int)getpid(),
             EPMT_STREAM_SUFFIX);
}

int epmt_jobdir_save_stream(const char *dir, const struct epmt_jobfold *fold,
                            struct epmt_error *err) {
    struct epmt_replace file;
    char name[NAME_MAX + 1], path[PATH_MAX];

    stream_name(name, fold);
    if (epmt_jobdir_path(path, dir, name, err) || epmt_replace_begin(&file, path, err))
        return -1;
    if (epmt_fold_save(fold, file.fd, err)) {
        epmt_replace_abort(&file);
        return -1;
    }
    return epmt_replace_commit(&file, err);
}
