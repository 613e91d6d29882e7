// SPDX-License-Identifier: Apache-2.0
#include "storage/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fmt.h"
#include "common/iox.h"
#include "storage/alive.h"
#include "storage/jobdir_priv.h"
#include "storage/jobfile.h"
#include "storage/symbols.h"

int epmt_merge_init(struct epmt_merge *merge) {
    *merge = (struct epmt_merge){.fold = epmt_fold_create()};
    return merge->fold ? 0 : -1;
}

void epmt_merge_fini(struct epmt_merge *merge) {
    epmt_fold_destroy(merge->fold);
    for (size_t i = 0; i < merge->metadata_count; i++)
        epmt_jobmeta_fini(&merge->metadata[i]);
    free(merge->metadata);
    *merge = (struct epmt_merge){0};
}

enum part { JOBFILE, METADATA, FRAGMENTS };

// What the file is by its beginning, whatever its name, or -1 with err.
static int part_of(const char *path, struct epmt_error *err) {
    static const char signature[8] = "\211HDF\r\n\032\n";
    char start[sizeof signature] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return epmt_errf_errno(err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO,
                               "cannot open %s", path);
    ssize_t len = pread(fd, start, sizeof start, 0);
    close(fd);
    if (len == sizeof start && !memcmp(start, signature, sizeof start))
        return JOBFILE;
    return len > 0 && start[0] == '{' ? METADATA : FRAGMENTS;
}

static int add_jobfile(struct epmt_merge *merge, const char *path, struct epmt_error *err) {
    struct epmt_jobfile *file = epmt_jobfile_open(path, err);

    if (!file)
        return -1;
    int status = epmt_fold_add_jobfile(merge->fold, file, err);
    epmt_jobfile_close(file);
    return status;
}

static uint64_t rows_of(const struct epmt_jobfold *fold) {
    return epmt_fold_process_count(fold) + epmt_fold_thread_count(fold) +
           epmt_fold_attribute_count(fold);
}

// A journal or a stream. What is damaged in it is counted; one in which nothing is whole is none.
static int add_fragments(struct epmt_merge *merge, const char *path, struct epmt_error *err) {
    struct epmt_fold_damage damage = {0};
    uint64_t before = rows_of(merge->fold);
    size_t len = 0;
    int error = 0, status = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    void *data = fd < 0 ? NULL : epmt_map_file(fd, &len, &error);
    if (fd < 0 || error) {
        if (error)
            errno = -error;
        epmt_errf_errno(err, EPMT_ERR_IO, "cannot read %s", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    close(fd);
    if (data) {
        status = epmt_fold_add_bytes(merge->fold, data, len, &damage, err);
        munmap(data, len);
    }
    if (!status && damage.gap_bytes >= len && len && rows_of(merge->fold) == before)
        return epmt_errf(err, EPMT_ERR_BAD_INPUT,
                         "%s: neither a job file nor a journal or stream of this epmt (%s)", path,
                         damage.first.text);
    if (damage.gaps && !merge->damage.gaps)
        merge->damage.first = damage.first;
    merge->damage.gaps += damage.gaps;
    merge->damage.gap_bytes += damage.gap_bytes;
    return status;
}

// Compares what a part says with what those before it said. Of two that differ the one that sorts
// last stands, so that the order of the parts has no say.
static int take_over(const struct epmt_merge *merge, const char *key, struct epmt_bytes said,
                     char *known, size_t cap, const char *path, struct epmt_error *err) {
    char text[EPMT_JOBID_MAX];

    if (said.len && said.len < cap) {
        epmt_fmt(text, sizeof text, "%.*s", (int)said.len, said.data);
        if (!merge->any_job && *known && strcmp(known, text) != 0)
            return epmt_errf(err, EPMT_ERR_EXISTS, "%s: of another job: its %s is %s, not %s", path,
                             key, text, known);
        if (strcmp(text, known) > 0)
            epmt_fmt(known, cap, "%s", text);
    }
    return 0;
}

static bool is_better_uuid(const struct epmt_merge *merge, const char *uuid, int64_t restart,
                           bool of_jobfile) {
    if (!*merge->uuid)
        return true;
    if (of_jobfile != merge->uuid_of_jobfile)
        return of_jobfile;
    if (restart != merge->uuid_restart)
        return restart < merge->uuid_restart;
    return strcmp(uuid, merge->uuid) > 0;
}

// A UUID is made of the restart too, and a job file has that of the run in which it was made first:
// only those of the first run tell jobs apart.
static int take_uuid(struct epmt_merge *merge, struct epmt_bytes said, int64_t restart,
                     bool of_jobfile, const char *path, struct epmt_error *err) {
    char uuid[EPMT_UUID_LEN];

    if (!said.len || said.len >= sizeof uuid)
        return 0;
    epmt_fmt(uuid, sizeof uuid, "%.*s", (int)said.len, said.data);
    if (restart <= 0 &&
        take_over(merge, "uuid", said, merge->first_uuid, sizeof merge->first_uuid, path, err))
        return -1;
    if (is_better_uuid(merge, uuid, restart, of_jobfile)) {
        epmt_fmt(merge->uuid, sizeof merge->uuid, "%s", uuid);
        merge->uuid_restart = restart;
        merge->uuid_of_jobfile = of_jobfile;
    }
    return 0;
}

static int64_t restart_of(const struct epmt_jobmeta *meta) {
    return meta->restart == INT64_MIN ? 0 : meta->restart;
}

static struct epmt_bytes bytes_of(const char *text) {
    return (struct epmt_bytes){text, text ? strlen(text) : 0};
}

static int add_metadata(struct epmt_merge *merge, const char *path, struct epmt_error *err) {
    struct epmt_jobmeta *more =
        realloc(merge->metadata, (merge->metadata_count + 1) * sizeof *merge->metadata);

    if (!more)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for %s", path);
    merge->metadata = more;
    struct epmt_jobmeta *meta = &more[merge->metadata_count];
    if (epmt_jobmeta_read(meta, path, err))
        return -1;
    merge->metadata_count++;
    if (take_uuid(merge, bytes_of(meta->uuid), restart_of(meta), false, path, err))
        return -1;
    return take_over(merge, "jobid", bytes_of(meta->jobid), merge->jobid, sizeof merge->jobid, path,
                     err);
}

// What the part that was just added says of it; the fold keeps the latest of all.
static int take_restart(struct epmt_jobfold *fold, int64_t before, int64_t *restart,
                        struct epmt_error *err) {
    char text[24];

    int64_t said = epmt_fold_attribute_number(fold, "job", "restart", INT64_MIN);
    *restart = said == INT64_MIN ? 0 : said;
    if (before <= said)
        return 0;
    epmt_fold_drop_attribute(fold, "job", "restart");
    epmt_fmt(text, sizeof text, "%" PRId64, before);
    return epmt_fold_set_attribute(fold, "job", "restart", text, err);
}

int epmt_merge_add(struct epmt_merge *merge, const char *path, struct epmt_error *err) {
    struct epmt_jobfold *fold = merge->fold;
    int part = part_of(path, err);

    if (part < 0)
        return -1;
    if (part == METADATA)
        return add_metadata(merge, path, err);
    int64_t restart, before = epmt_fold_attribute_number(fold, "job", "restart", INT64_MIN);
    epmt_fold_drop_attribute(fold, "job", "restart");
    epmt_fold_drop_attribute(fold, "job", "jobid");
    epmt_fold_drop_attribute(fold, "job", "uuid");
    if (part == JOBFILE ? add_jobfile(merge, path, err) : add_fragments(merge, path, err))
        return -1;
    if (take_restart(fold, before, &restart, err) ||
        take_uuid(merge, epmt_fold_attribute(fold, "job", "uuid"), restart, part == JOBFILE, path,
                  err))
        return -1;
    return take_over(merge, "jobid", epmt_fold_attribute(fold, "job", "jobid"), merge->jobid,
                     sizeof merge->jobid, path, err);
}

static int compare_annotations(const struct epmt_jobmeta *left, const struct epmt_jobmeta *right) {
    char **a = left->annotations.entries, **b = right->annotations.entries;

    while (a && b && *a && *b && !strcmp(*a, *b)) {
        a++;
        b++;
    }
    const char *more = a && *a ? *a : "", *other = b && *b ? *b : "";
    return strcmp(more, other);
}

// Metadata of one run: the order in which they were given has no say.
static int by_age(const void *left, const void *right) {
    const struct epmt_jobmeta *a = left, *b = right;

    if (restart_of(a) != restart_of(b))
        return restart_of(a) < restart_of(b) ? -1 : 1;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return compare_annotations(a, b);
}

// What somebody annotated in a job file is newer than what its metadata say.
static int take_annotations(struct epmt_merge *merge, size_t first, struct epmt_error *err) {
    for (size_t i = merge->metadata_count; i-- > first;) {
        if (epmt_jobmeta_annotate(&merge->metadata[i], false, merge->fold, err))
            return -1;
    }
    return 0;
}

// Takes the metadata over, unless the scheduler has started the job again since. *ended: `epmt
// stop` has completed those of the latest run.
static int take_metadata(struct epmt_merge *merge, bool *ended, struct epmt_error *err) {
    struct epmt_jobfold *fold = merge->fold;
    bool stopped = false;
    size_t first = 0;

    if (merge->metadata_count)
        qsort(merge->metadata, merge->metadata_count, sizeof *merge->metadata, by_age);
    while (first < merge->metadata_count &&
           restart_of(&merge->metadata[first]) <
               epmt_fold_attribute_number(fold, "job", "restart", 0))
        first++;
    for (size_t i = first; i < merge->metadata_count; i++) {
        const struct epmt_jobmeta *meta = &merge->metadata[i];
        if (restart_of(meta) > epmt_fold_attribute_number(fold, "job", "restart", 0)) {
            epmt_fold_drop_attribute(fold, "job", "ended");
            stopped = false;
        }
        epmt_jobdir_begin_again(fold, meta->restart);
        if (meta->restart != INT64_MIN) // else the text that sorts last would stand
            epmt_fold_drop_attribute(fold, "job", "restart");
        if (epmt_jobmeta_to_fold(meta, fold, err))
            return -1;
        stopped |= meta->stop != INT64_MIN;
    }
    *ended |= stopped;
    return take_annotations(merge, first, err);
}

int epmt_merge_finish(struct epmt_merge *merge, const char *jobid, bool ended,
                      struct epmt_error *err) {
    struct epmt_jobfold *fold = merge->fold;

    if (!*merge->jobid && !jobid)
        return epmt_errf(err, EPMT_ERR_USAGE, "no part says the job id");
    if (!*merge->jobid && !epmt_fmt(merge->jobid, sizeof merge->jobid, "%s", jobid))
        return epmt_errf(err, EPMT_ERR_USAGE, "%s cannot be a job id", jobid);
    if (take_metadata(merge, &ended, err))
        return -1;
    ended |= epmt_fold_attribute_number(fold, "job", "ended", 0) == 1;
    epmt_fold_drop_attribute(fold, "job", "dir"); // told only where to write
    epmt_fold_drop_attribute(fold, "job", "jobid");
    if (epmt_fold_set_attribute(fold, "job", "jobid", merge->jobid, err) ||
        (ended && epmt_fold_set_attribute(fold, "job", "ended", "1", err)) ||
        epmt_job_set_uuid(fold, merge->jobid, merge->uuid, err) ||
        epmt_job_finish(fold, ended, err))
        return -1;
    return ended ? epmt_jobdir_set_outcome(fold, err) : 0;
}

int epmt_merge_check_target(const struct epmt_merge *merge, const char *path,
                            struct epmt_error *err) {
    struct epmt_bytes uuid = epmt_fold_attribute(merge->fold, "job", "uuid");

    if (access(path, F_OK))
        return 0;
    struct epmt_jobfile *file = epmt_jobfile_open(path, NULL);
    const char *there = file ? epmt_jobfile_info(file)->uuid : NULL;
    bool same = there && strlen(there) == uuid.len && !memcmp(there, uuid.data, uuid.len);
    epmt_jobfile_close(file);
    return same ? 0
                : epmt_errf(err, EPMT_ERR_EXISTS, "%s is there and is no job file of this job",
                            path);
}

bool epmt_job_first_process(const struct epmt_jobfold *fold, struct epmt_record *first) {
    struct epmt_record record;
    bool found = false;

    for (uint64_t i = 0; i < epmt_fold_process_count(fold); i++) {
        epmt_fold_process(fold, i, &record);
        if (epmt_record_has(&record, EPMT_COL_start) &&
            (!found || record.value[EPMT_COL_start].i < first->value[EPMT_COL_start].i)) {
            *first = record;
            found = true;
        }
    }
    return found;
}

int epmt_job_set_uuid(struct epmt_jobfold *fold, const char *jobid, const char *uuid,
                      struct epmt_error *err) {
    char fresh[EPMT_UUID_LEN], cluster[256];
    struct epmt_record first = {0};

    if (*uuid) {
        epmt_fold_drop_attribute(fold, "job", "uuid");
        return epmt_fold_set_attribute(fold, "job", "uuid", uuid, err);
    }
    if (epmt_fold_attribute(fold, "job", "uuid").len)
        return 0;
    struct epmt_bytes name = epmt_fold_attribute(fold, "job", "cluster");
    epmt_fmt(cluster, sizeof cluster, "%.*s", (int)(name.len < 255 ? name.len : 255),
             name.data ? name.data : "");
    int64_t when = epmt_fold_attribute_number(fold, "job", "submit", INT64_MIN);
    if (when == INT64_MIN)
        when = epmt_fold_attribute_number(fold, "job", "start", INT64_MIN);
    if (when == INT64_MIN && epmt_job_first_process(fold, &first))
        when = first.value[EPMT_COL_start].i;
    epmt_jobmeta_uuid(fresh, cluster, jobid, when,
                      epmt_fold_attribute_number(fold, "job", "restart", INT64_MIN));
    return epmt_fold_set_attribute(fold, "job", "uuid", fresh, err);
}

static bool is_alive(void *context, const struct epmt_record *process) {
    return epmt_is_alive(context, process);
}

int epmt_job_finish(struct epmt_jobfold *fold, bool ended, struct epmt_error *err) {
    struct epmt_here here;

    if (epmt_symbols_name_crashes(fold, err) || epmt_symbols_name_callsites(fold, err))
        return -1;
    epmt_here_init(&here);
    epmt_fold_set_alive(fold, is_alive, &here);
    int status = epmt_fold_finish(fold, ended, err);
    epmt_fold_set_alive(fold, NULL, NULL);
    return status;
}
