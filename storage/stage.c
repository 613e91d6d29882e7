// SPDX-License-Identifier: Apache-2.0
#include "storage/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/iox.h"
#include "common/prim.h"
#include "metadata/jobplace.h"
#include "storage/jobdir_priv.h"
#include "storage/merge.h"
#include "storage/replace.h"
#include "storage/stage_priv.h"

#define NAMES_MAX 10000

static int copy(const char *target, const void *data, size_t len, struct epmt_error *err) {
    struct epmt_replace file;

    if (epmt_replace_begin(&file, target, err))
        return -1;
    int status = epmt_write_all(file.fd, data, len);
    if (status) {
        errno = -status;
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot write %s", target);
        epmt_replace_abort(&file);
        return -1;
    }
    return epmt_replace_commit(&file, err);
}

int epmt_stage_free_path(char path[PATH_MAX], const char *target, const char *name,
                         const char *suffix, struct epmt_error *err) {
    int stem = (int)(strlen(name) - strlen(suffix));
    bool fits = epmt_fmt(path, PATH_MAX, "%s/%s", target, name);

    for (int i = 2; fits && !access(path, F_OK) && i < NAMES_MAX; i++)
        fits = epmt_fmt(path, PATH_MAX, "%s/%.*s.%d%s", target, stem, name, i, suffix);
    return fits ? 0 : epmt_errf(err, EPMT_ERR_IO, "%s: the path is too long", target);
}

static int move_journal(const char *from, const char *to, struct epmt_error *err) {
    struct epmt_journal journal;
    int status = epmt_journal_take(&journal, from, EPMT_STAGE_TAKE_MS);

    if (status == -ENOENT)
        return 0;
    if (!status && copy(to, journal.data, journal.len, err)) {
        epmt_journal_release(&journal);
        return -1;
    }
    if (!status)
        status = epmt_journal_trim(&journal, from, NULL, NULL);
    if (!status)
        return 0;
    errno = -status;
    return epmt_errf_errno(err, EPMT_ERR_IO, "cannot take %s", from);
}

static int move_file(const char *from, const char *to, struct epmt_error *err) {
    size_t len = 0;
    int error = 0;
    int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot open %s", from);
    void *data = epmt_map_file(fd, &len, &error);
    close(fd);
    if (error) {
        errno = -error;
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot read %s", from);
    }
    int status = copy(to, data, len, err);
    if (data)
        epmt_prim_unmap(data, len);
    if (!status && unlink(from))
        status = epmt_errf_errno(err, EPMT_ERR_IO, "cannot remove %s", from);
    return status;
}

static int move_names(const struct epmt_names *names, const char *dir, const char *target,
                      const char *suffix,
                      int (*move)(const char *, const char *, struct epmt_error *),
                      struct epmt_error *err) {
    char from[PATH_MAX], to[PATH_MAX];

    for (size_t i = 0; i < names->count; i++) {
        if (epmt_jobdir_path(from, dir, names->at[i], err) ||
            epmt_stage_free_path(to, target, names->at[i], suffix, err) || move(from, to, err))
            return -1;
    }
    return 0;
}

int epmt_stage_join(const char *from, const char *target, struct epmt_error *err) {
    struct epmt_merge merge;

    if (epmt_merge_init(&merge))
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for %s", from);
    int status = epmt_merge_add(&merge, from, err);
    if (!status)
        status = epmt_jobdir_save_stream(target, merge.fold, err);
    epmt_merge_fini(&merge);
    if (!status && unlink(from))
        status = epmt_errf_errno(err, EPMT_ERR_IO, "cannot remove %s", from);
    return status;
}

static int move_jobfile(const char *dir, const char *jobid, const char *target,
                        struct epmt_error *err) {
    char name[NAME_MAX + 1], from[PATH_MAX], to[PATH_MAX];

    epmt_fmt(name, sizeof name, "%s%s", jobid, EPMT_JOBFILE_SUFFIX);
    if (epmt_jobdir_path(from, dir, name, err) || epmt_jobdir_path(to, target, name, err))
        return -1;
    return access(to, F_OK) ? move_file(from, to, err) : epmt_stage_join(from, target, err);
}

static int move_all(const char *dir, const char *jobid, const char *target, bool has_jobfile,
                    struct epmt_error *err) {
    struct epmt_jobdir_files files;
    int status = epmt_jobdir_list(dir, &files, err);

    if (!status && has_jobfile)
        status = move_jobfile(dir, jobid, target, err);
    if (!status)
        status = move_names(&files.streams, dir, target, EPMT_STREAM_SUFFIX, move_file, err);
    if (!status)
        status = move_names(&files.journals, dir, target, EPMT_JOURNAL_SUFFIX, move_journal, err);
    epmt_jobdir_files_free(&files);
    return status;
}

int epmt_stage(const char *dir, const char *jobid, const char *dest, char target[PATH_MAX],
               enum epmt_stage_outcome *outcome, struct epmt_error *err) {
    struct epmt_jobdir_state state = {0};
    int len = (int)strlen(dest);

    while (len > 1 && dest[len - 1] == '/')
        len--;
    *outcome = EPMT_STAGE_NOTHING;
    if (!epmt_fmt(target, PATH_MAX, "%.*s/%s", len, dest, jobid))
        return epmt_errf(err, EPMT_ERR_USAGE, "%s is too long a path", dest);
    if (access(dir, F_OK))
        return 0;
    if (epmt_jobdir_look(dir, jobid, &state, err))
        return -1;
    if (state.running || state.has_metadata) {
        *outcome = state.running ? EPMT_STAGE_RUNNING : EPMT_STAGE_NOT_STOPPED;
        return 0;
    }
    if (!state.has_jobfile && !state.journals && !state.streams)
        return 0;
    int made = epmt_make_dirs(target, 0);
    if (made) {
        errno = -made;
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot make %s", target);
    }
    if (move_all(dir, jobid, target, state.has_jobfile, err))
        return -1;
    rmdir(dir); // where nothing else is in it
    *outcome = EPMT_STAGE_MOVED;
    return 0;
}
