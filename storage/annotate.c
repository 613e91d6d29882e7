// SPDX-License-Identifier: Apache-2.0
// Annotations in metadata files and job files.
#include "storage/annotate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fmt.h"
#include "storage/jobdir_priv.h"
#include "storage/jobfile.h"
#include "storage/jobmeta.h"

static int out_of_memory(struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for annotations");
}

static int find(const struct epmt_annotations *annotations, const char *key) {
    for (int i = 0; i < annotations->count; i++) {
        if (annotations->items[i].key && !strcmp(annotations->items[i].key, key))
            return i;
    }
    return annotations->count;
}

int epmt_annotations_parse(struct epmt_annotations *annotations, char *const *words, int count,
                           struct epmt_error *err) {
    if (!count)
        return epmt_errf(err, EPMT_ERR_USAGE, "No annotations found");
    annotations->items = calloc((size_t)count, sizeof *annotations->items);
    if (!annotations->items)
        return out_of_memory(err);
    for (int i = 0; i < count; i++) {
        const char *equals = strchr(words[i], '=');
        if (!equals || equals == words[i] || !equals[1])
            return epmt_errf(err, EPMT_ERR_USAGE,
                             "Annotations must be of the form <key>=<value>, not %s", words[i]);
        char *key = strndup(words[i], (size_t)(equals - words[i]));
        if (!key)
            return out_of_memory(err);
        int at = find(annotations, key);
        if (at == annotations->count)
            annotations->count++;
        else
            free(annotations->items[at].key);
        annotations->items[at] = (struct epmt_annotation){key, equals + 1};
    }
    return 0;
}

void epmt_annotations_free(struct epmt_annotations *annotations) {
    for (int i = 0; i < annotations->count; i++)
        free(annotations->items[i].key);
    free(annotations->items);
    *annotations = (struct epmt_annotations){0};
}

// The key of the first attribute that is an annotation, as a copy; NULL where there is none.
static char *first_annotation(const struct epmt_jobfold *fold) {
    struct epmt_bytes scope, key, value;

    for (uint64_t i = 0; i < epmt_fold_attribute_count(fold); i++) {
        epmt_fold_attribute_at(fold, i, &scope, &key, &value);
        if (scope.len == strlen(EPMT_ANNOTATION_SCOPE) &&
            !memcmp(scope.data, EPMT_ANNOTATION_SCOPE, scope.len))
            return strndup(key.data, key.len);
    }
    return NULL;
}

static int note(struct epmt_jobfold *fold, const char *scope, const char *key, const char *value,
                struct epmt_error *err) {
    epmt_fold_drop_attribute(fold, scope, key); // else the value that sorts later would stand
    return epmt_fold_set_attribute(fold, scope, key, value, err);
}

static int annotate_fold(struct epmt_jobfold *fold, const struct epmt_annotations *annotations,
                         struct epmt_error *err) {
    char *key;

    while (annotations->replace && (key = first_annotation(fold))) {
        epmt_fold_drop_attribute(fold, EPMT_ANNOTATION_SCOPE, key);
        free(key);
    }
    for (int i = 0; i < annotations->count; i++) {
        const struct epmt_annotation *at = &annotations->items[i];
        if (note(fold, EPMT_ANNOTATION_SCOPE, at->key, at->value, err) ||
            (!strcmp(at->key, EPMT_ANNOTATION_TAGS) && note(fold, "job", "tags", at->value, err)))
            return -1;
    }
    return 0;
}

int epmt_annotate_jobfile(const char *path, const struct epmt_annotations *annotations,
                          struct epmt_error *err) {
    struct epmt_jobfile *file = epmt_jobfile_open(path, err);
    struct epmt_jobfold *fold = file ? epmt_fold_create() : NULL;
    int status = -1;

    if (file && !fold)
        out_of_memory(err);
    if (fold && !epmt_fold_add_jobfile(fold, file, err) &&
        !epmt_fold_finish(fold, epmt_jobfile_info(file)->ended, err) &&
        !annotate_fold(fold, annotations, err))
        status = epmt_fold_finish(fold, epmt_jobfile_info(file)->ended, err);
    epmt_jobfile_close(file);
    if (!status)
        status = epmt_jobfile_write(fold, path, err);
    epmt_fold_destroy(fold);
    return status;
}

static void drop_entries(struct epmt_jobmeta_environment *list) {
    for (char **entry = list->entries; entry && *entry; entry++)
        free(*entry);
    free(list->entries);
    list->entries = NULL;
}

static size_t count_entries(const struct epmt_jobmeta_environment *list) {
    size_t count = 0;

    while (list->entries && list->entries[count])
        count++;
    return count;
}

// Puts KEY=VALUE into the list, in the place of what has the key.
static int put_entry(struct epmt_jobmeta_environment *list, const struct epmt_annotation *at) {
    size_t count = count_entries(list), len = strlen(at->key), i = 0;
    char *entry = NULL;

    if (asprintf(&entry, "%s=%s", at->key, at->value) < 0)
        return -1;
    while (list->entries && i < count &&
           !(!strncmp(list->entries[i], at->key, len) && list->entries[i][len] == '='))
        i++;
    if (list->entries && i < count) {
        free(list->entries[i]);
    } else {
        char **more = realloc(list->entries, (count + 2) * sizeof *more);
        if (!more) {
            free(entry);
            return -1;
        }
        list->entries = more;
        list->entries[count + 1] = NULL;
    }
    list->entries[i] = entry;
    return 0;
}

static int annotate_metadata(const char *path, const struct epmt_annotations *annotations,
                             struct epmt_error *err) {
    struct epmt_jobmeta meta;
    int status = epmt_jobmeta_read(&meta, path, err);

    if (status)
        return -1;
    if (annotations->replace)
        drop_entries(&meta.annotations);
    for (int i = 0; i < annotations->count && !status; i++) {
        const struct epmt_annotation *at = &annotations->items[i];
        if (put_entry(&meta.annotations, at))
            status = out_of_memory(err);
        else if (!strcmp(at->key, EPMT_ANNOTATION_TAGS))
            status = epmt_jobmeta_set_text(&meta.tags, at->value, err);
    }
    if (!status)
        status = epmt_jobmeta_write(&meta, path, err);
    epmt_jobmeta_fini(&meta);
    return status;
}

static bool exists(const char *path) {
    return !access(path, F_OK);
}

// What a job left is made a job file. A job that runs without a start has no place for annotations
// yet.
static int fold_first(const char *dir, const char *jobid, struct epmt_error *err) {
    struct epmt_jobdir_state state;
    struct epmt_jobdir_result result;

    if (epmt_jobdir_look(dir, jobid, &state, err))
        return -1;
    if (state.has_metadata || state.has_jobfile)
        return 0;
    if (!state.journals && !state.streams)
        return epmt_errf(err, EPMT_ERR_NOT_FOUND, "there is no job in %s", dir);
    if (state.running)
        return epmt_errf(err, EPMT_ERR_FAIL,
                         "job %s runs and was not started by `epmt start`: annotate it afterwards",
                         jobid);
    return epmt_jobdir_fold(dir, jobid, true, NULL, 0, &result, err);
}

int epmt_annotate_jobdir(const char *dir, const char *jobid,
                         const struct epmt_annotations *annotations, struct epmt_error *err) {
    char metadata[PATH_MAX], jobfile[PATH_MAX], name[NAME_MAX + 1];
    int status = 0;

    if (!epmt_fmt(name, sizeof name, "%s%s", jobid, EPMT_JOBFILE_SUFFIX))
        return epmt_errf(err, EPMT_ERR_USAGE, "%s cannot be a job id", jobid);
    if (fold_first(dir, jobid, err) || epmt_jobdir_path(jobfile, dir, name, err) ||
        epmt_jobdir_path(metadata, dir, EPMT_METADATA_NAME, err))
        return -1;
    int lock = epmt_jobdir_hold(dir, err);
    if (lock < 0)
        return -1;
    if (exists(metadata))
        status = annotate_metadata(metadata, annotations, err);
    if (!status && exists(jobfile))
        status = epmt_annotate_jobfile(jobfile, annotations, err);
    close(lock);
    return status;
}
