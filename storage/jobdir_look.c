// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/fmt.h"
#include "storage/jobdir_priv.h"

// Whether the journals name a process that is alive here.
static int look_for_processes(const char *dir, const struct epmt_names *journals, bool *running,
                              struct epmt_error *err) {
    struct epmt_fold_damage damage = {0};
    struct epmt_here here;
    struct epmt_record record;
    struct epmt_jobfold *fold = epmt_fold_create();
    char path[PATH_MAX];
    bool damaged;
    int status = 0;

    if (!fold)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the job in %s", dir);
    for (size_t i = 0; i < journals->count && !status; i++) {
        status = epmt_jobdir_path(path, dir, journals->at[i], err);
        // Without a lock: a journal only grows, or is replaced as a whole. One that has gone
        // meanwhile names nobody.
        if (!status && epmt_jobdir_add_stream(path, fold, &damaged, &damage, err))
            status = epmt_jobdir_exists(path) ? -1 : 0;
    }
    epmt_here_init(&here);
    for (uint64_t i = 0; i < epmt_fold_process_count(fold) && !*running && !status; i++) {
        epmt_fold_process(fold, i, &record);
        *running = epmt_is_open(&record) && epmt_is_alive(&here, &record);
    }
    epmt_fold_destroy(fold);
    return status;
}

static bool has(const char *dir, const char *name) {
    char path[PATH_MAX];

    return !epmt_jobdir_path(path, dir, name, NULL) && epmt_jobdir_exists(path);
}

int epmt_jobdir_look(const char *dir, const char *jobid, struct epmt_jobdir_state *state,
                     struct epmt_error *err) {
    struct epmt_jobdir_files files;
    char name[NAME_MAX + 1];
    int status = epmt_jobdir_list(dir, &files, err);

    memset(state, 0, sizeof *state);
    if (!status) {
        epmt_fmt(name, sizeof name, "%s%s", jobid, EPMT_JOBFILE_SUFFIX);
        state->has_jobfile = has(dir, name);
        state->has_metadata = has(dir, EPMT_METADATA_NAME);
        state->journals = files.journals.count;
        state->streams = files.streams.count;
        status = look_for_processes(dir, &files.journals, &state->running, err);
    }
    epmt_jobdir_files_free(&files);
    return status;
}
