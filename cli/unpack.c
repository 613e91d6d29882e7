// SPDX-License-Identifier: Apache-2.0
#include "cli/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fmt.h"
#include "metadata/jobplace.h"
#include "storage/jobmeta.h"

static uint64_t or_unlimited(uint64_t value) {
    return value ? value : UINT64_MAX;
}

struct epmt_archive_limits epmt_unpack_limits(const struct epmt_settings *settings) {
    uint64_t mib = or_unlimited(settings->archive_max_mib);

    return (struct epmt_archive_limits){.bytes = mib > UINT64_MAX >> 20 ? UINT64_MAX : mib << 20,
                                        .entries = or_unlimited(settings->archive_max_entries),
                                        .ratio = or_unlimited(settings->archive_max_ratio)};
}

// What an archive is called without its suffix and directories; "" where that is nothing.
void epmt_unpack_stem(char stem[NAME_MAX + 1], const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t len = epmt_archive_stem(name);

    epmt_fmt(stem, NAME_MAX + 1, "%.*s", (int)(len ? len : strlen(name)), name);
    if (stem[0] == '.')
        stem[0] = '\0';
}

// The job id that the metadata in a directory say. Returns false where they do not.
static bool id_of_metadata(const char *dir, char id[NAME_MAX + 1]) {
    char path[PATH_MAX];
    struct epmt_jobmeta meta;
    bool found = false;

    if (!epmt_fmt(path, sizeof path, "%s/%s", dir, EPMT_METADATA_NAME) ||
        epmt_jobmeta_read(&meta, path, NULL))
        return false;
    if (meta.jobid && *meta.jobid && meta.jobid[0] != '.' && !strchr(meta.jobid, '/'))
        found = epmt_fmt(id, NAME_MAX + 1, "%s", meta.jobid);
    epmt_jobmeta_fini(&meta);
    return found;
}

// The name of the one job file in a directory. Returns false where there is none, or several.
static bool id_of_jobfile(const char *path, char id[NAME_MAX + 1]) {
    DIR *dir = opendir(path);
    struct dirent *entry;
    int found = 0;

    while (dir && (entry = readdir(dir))) {
        size_t len = strlen(entry->d_name), end = strlen(EPMT_JOBFILE_SUFFIX);
        if (len <= end || strcmp(entry->d_name + len - end, EPMT_JOBFILE_SUFFIX))
            continue;
        found++;
        epmt_fmt(id, NAME_MAX + 1, "%.*s", (int)(len - end), entry->d_name);
    }
    if (dir)
        closedir(dir);
    return found == 1;
}

// An archive made in a job directory is that directory, whatever the archive is called: gives it
// the name of its job. root[PATH_MAX] becomes its path. Returns -1 with err.
static int name_root(char root[PATH_MAX], const char *stem, const char *shown,
                     struct epmt_error *err) {
    char id[NAME_MAX + 1] = "", path[PATH_MAX];
    char *slash = strrchr(root, '/');
    int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool job = dir >= 0 && epmt_source_is_jobdir(dir, "");

    if (dir >= 0)
        close(dir);
    if (!job) // a lone job file says by itself what it is
        return 0;
    if (!id_of_metadata(root, id) && !id_of_jobfile(root, id))
        id[0] = '\0';
    if (!id[0] && stem)
        epmt_fmt(id, sizeof id, "%s", stem);
    if (!id[0])
        return epmt_errf(err, EPMT_ERR_BAD_INPUT,
                         "%s: it does not say which job it is of: give it as a file <jobid>.tgz",
                         shown);
    *slash = '\0';
    if (!epmt_fmt(path, sizeof path, "%s/%s", root, id)) {
        *slash = '/';
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s: the job id is too long", shown);
    }
    *slash = '/';
    if (strcmp(root, path) && rename(root, path))
        return epmt_errf_errno(err, EPMT_ERR_IO, "%s: cannot rename a directory in %s", shown,
                               root);
    epmt_fmt(root, PATH_MAX, "%s", path);
    return 0;
}

static int no_jobs(const struct epmt_archive_contents *contents, const char *shown,
                   struct epmt_error *err) {
    if (contents->is_of_old_epmt)
        return epmt_errf(err, EPMT_ERR_VERSION,
                         "%s: an archive of the EPMT in Python, which this epmt does not submit",
                         shown);
    return epmt_errf(err, EPMT_ERR_NOT_FOUND, "%s: there are no jobs in it%s", shown,
                     contents->has_archives
                         ? " (archives in an archive in an archive are not looked into)"
                         : "");
}

int epmt_unpack(struct epmt_unpacked *unpacked, int fd, const char *shown, const char *stem,
                bool nested, const struct epmt_archive_limits *limits, const char *into,
                struct epmt_error *err) {
    char *root = unpacked->root;
    int dir, status;

    memset(unpacked, 0, sizeof *unpacked);
    unpacked->inner.archives = nested;
    if (!epmt_fmt(root, sizeof unpacked->root, "%s/%s", into, stem && *stem ? stem : "-") ||
        mkdir(root, 0700))
        return epmt_errf_errno(err, EPMT_ERR_IO, "%s: cannot make a directory in %s", shown, into);
    dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot open %s", root);
    status = epmt_archive_unpack(fd, shown, dir, nested, limits, &unpacked->contents, err);
    close(dir);
    if (!status)
        status = name_root(root, stem, shown, err);
    if (!status)
        status = epmt_sources_add(&unpacked->inner, root, err);
    if (!status && !unpacked->inner.count)
        status = no_jobs(&unpacked->contents, shown, err);
    if (status)
        epmt_unpacked_free(unpacked);
    return status;
}

void epmt_unpacked_free(struct epmt_unpacked *unpacked) {
    epmt_sources_free(&unpacked->inner);
}
