// SPDX-License-Identifier: Apache-2.0
#include "storage/stage_look.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fmt.h"
#include "metadata/jobplace.h"
#include "storage/jobdir_priv.h"
#include "storage/jobfile.h"
#include "storage/jobmeta.h"

static int add_from_metadata(struct epmt_hosts *hosts, const char *dir, struct epmt_error *err) {
    char path[PATH_MAX];
    struct epmt_jobmeta meta;
    int status = 0;

    if (epmt_jobdir_path(path, dir, EPMT_METADATA_NAME, NULL) ||
        epmt_jobmeta_read(&meta, path, NULL))
        return 0;
    if (meta.start_environment.entries)
        status = epmt_hosts_add_scheduled(hosts, meta.start_environment.entries, err);
    epmt_jobmeta_fini(&meta);
    return status;
}

static struct epmt_bytes text_of(const struct epmt_record *record, int column) {
    return epmt_record_has(record, column) ? record->value[column].text : (struct epmt_bytes){0};
}

typedef int (*each_f)(void *context, const struct epmt_record *process);

static int each_in_jobfile(const char *dir, each_f each, void *context) {
    const char *slash = strrchr(dir, '/');
    char path[PATH_MAX];
    struct epmt_record record;
    int status = 0;

    if (!epmt_fmt(path, sizeof path, "%s/%s%s", dir, slash ? slash + 1 : dir, EPMT_JOBFILE_SUFFIX))
        return 0;
    struct epmt_jobfile *file = access(path, F_OK) ? NULL : epmt_jobfile_open(path, NULL);
    while (file && !status && epmt_jobfile_next_process(file, &record, NULL) > 0)
        status = each(context, &record);
    epmt_jobfile_close(file);
    return status;
}

// The journals are looked at without a lock.
static int each_in_journals(const char *dir, each_f each, void *context) {
    struct epmt_jobdir_files files = {0};
    struct epmt_fold_damage damage = {0};
    struct epmt_jobfold *fold = epmt_fold_create();
    struct epmt_record record;
    char path[PATH_MAX];
    bool damaged;
    int status = fold ? 0 : -1;

    if (!access(dir, F_OK))
        epmt_jobdir_list(dir, &files, NULL);
    for (size_t i = 0; i < files.journals.count && fold; i++) {
        if (!epmt_jobdir_path(path, dir, files.journals.at[i], NULL) && !access(path, F_OK))
            epmt_jobdir_add_stream(path, fold, &damaged, &damage, NULL);
    }
    for (uint64_t i = 0; !status && i < epmt_fold_process_count(fold); i++) {
        epmt_fold_process(fold, i, &record);
        status = each(context, &record);
    }
    epmt_fold_destroy(fold);
    epmt_jobdir_files_free(&files);
    return status;
}

struct adding_hosts {
    struct epmt_hosts *hosts;
    struct epmt_bytes last;
    char memory[256];
    struct epmt_error *err;
};

// Rows come host by host, mostly.
static int add_host(void *context, const struct epmt_record *process) {
    struct adding_hosts *adding = context;
    struct epmt_bytes name = text_of(process, EPMT_COL_hostname);

    if (!name.len || name.len > sizeof adding->memory ||
        (name.len == adding->last.len && !memcmp(name.data, adding->memory, name.len)))
        return 0;
    memcpy(adding->memory, name.data, name.len);
    adding->last.len = name.len;
    return epmt_hosts_add(adding->hosts, name.data, name.len, adding->err);
}

int epmt_stage_hosts(struct epmt_hosts *hosts, const char *dir, struct epmt_error *err) {
    struct adding_hosts adding = {.hosts = hosts, .err = err};

    if (add_from_metadata(hosts, dir, err))
        return -1;
    return each_in_jobfile(dir, add_host, &adding);
}

struct dirs {
    const char *dir;
    char **at;
    size_t count; // the NULL at the end not counted
};

static int add_dir(struct dirs *dirs, const char *path) {
    for (size_t i = 0; i < dirs->count; i++) {
        if (!strcmp(dirs->at[i], path))
            return 0;
    }
    char **more = realloc(dirs->at, (dirs->count + 2) * sizeof *more);
    if (!more)
        return -1;
    dirs->at = more;
    more[dirs->count] = strdup(path);
    more[dirs->count + 1] = NULL;
    return more[dirs->count] ? (dirs->count++, 0) : -1;
}

static int add_step(void *context, const struct epmt_record *process) {
    struct dirs *dirs = context;
    struct epmt_bytes step = text_of(process, EPMT_COL_step);
    const char *slash = strrchr(dirs->dir, '/');
    char path[PATH_MAX];

    if (!step.len || step.len > NAME_MAX || step.data[0] == '.' ||
        memchr(step.data, '/', step.len) ||
        !epmt_fmt(path, sizeof path, "%.*s%.*s", slash ? (int)(slash - dirs->dir) + 1 : 0,
                  dirs->dir, (int)step.len, step.data))
        return 0;
    return add_dir(dirs, path);
}

char **epmt_stage_dirs(const char *dir, struct epmt_error *err) {
    struct dirs dirs = {.dir = dir};

    if (!add_dir(&dirs, dir) && !each_in_jobfile(dir, add_step, &dirs) &&
        !each_in_journals(dir, add_step, &dirs))
        return dirs.at;
    epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    epmt_stage_dirs_free(dirs.at);
    return NULL;
}

void epmt_stage_dirs_free(char **dirs) {
    for (size_t i = 0; dirs && dirs[i]; i++)
        free(dirs[i]);
    free(dirs);
}
