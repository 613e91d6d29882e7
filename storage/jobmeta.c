// SPDX-License-Identifier: Apache-2.0
#include "storage/jobmeta.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "storage/annotate.h"
#include "storage/envfilter.h"

void epmt_jobmeta_init(struct epmt_jobmeta *meta) {
    memset(meta, 0, sizeof *meta);
#define NONE_TEXT(field) meta->field = NULL;
#define NONE_NUMBER(field) meta->field = INT64_MIN;
#define NONE(type, field, key, description) NONE_##type(field)
    EPMT_JOBMETA_FIELDS(NONE)
#undef NONE
#undef NONE_TEXT
#undef NONE_NUMBER
}

static void free_environment(struct epmt_jobmeta_environment *environment) {
    for (char **entry = environment->entries; entry && *entry; entry++)
        free(*entry);
    free(environment->entries);
    environment->entries = NULL;
}

void epmt_jobmeta_fini(struct epmt_jobmeta *meta) {
#define FREE_TEXT(field) free(meta->field);
#define FREE_NUMBER(field)
#define FREE(type, field, key, description) FREE_##type(field)
    EPMT_JOBMETA_FIELDS(FREE)
#undef FREE
#undef FREE_TEXT
#undef FREE_NUMBER
    free_environment(&meta->start_environment);
    free_environment(&meta->stop_environment);
    free_environment(&meta->annotations);
    epmt_jobmeta_init(meta);
}

static int no_memory(struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the metadata of a job");
}

int epmt_jobmeta_set_text(char **field, const char *value, struct epmt_error *err) {
    char *copy = value ? strdup(value) : NULL;

    if (value && !copy)
        return no_memory(err);
    free(*field);
    *field = copy;
    return 0;
}

// One entry of an environment as it may be kept, or NULL: dropped, or (*failed) out of memory.
static char *filtered(const char *entry, bool *failed) {
    const char *equals = strchr(entry, '=');
    char *copy = NULL;
    int status = 0;

    if (!equals || equals == entry)
        return NULL;
    struct epmt_bytes name = {entry, (uint64_t)(equals - entry)};
    struct epmt_bytes value = {equals + 1, strlen(equals + 1)};
    switch (epmt_env_judge(name, value)) {
    case EPMT_ENV_DROP:
        return NULL;
    case EPMT_ENV_KEEP:
        copy = strdup(entry);
        break;
    case EPMT_ENV_HIDE:
        status = asprintf(&copy, "%.*s=%s", (int)name.len, entry, EPMT_ENV_HIDDEN);
        break;
    }
    *failed = status < 0 || !copy;
    return status < 0 ? NULL : copy;
}

int epmt_jobmeta_set_environment(struct epmt_jobmeta_environment *environment, char *const *envp,
                                 struct epmt_error *err) {
    struct epmt_jobmeta_environment fresh;
    size_t count = 0, used = 0;
    bool failed = false;

    while (envp[count])
        count++;
    fresh.entries = calloc(count + 1, sizeof *fresh.entries);
    if (!fresh.entries)
        return no_memory(err);
    for (size_t i = 0; i < count && !failed; i++) {
        char *entry = filtered(envp[i], &failed);
        if (entry)
            fresh.entries[used++] = entry;
    }
    if (failed) {
        free_environment(&fresh);
        return no_memory(err);
    }
    free_environment(environment);
    *environment = fresh;
    return 0;
}

void epmt_jobmeta_uuid(char text[EPMT_UUID_LEN], const char *cluster, const char *jobid,
                       int64_t time, int64_t restart) {
    // The name space of epmt's jobs; fixed, as all UUIDs ever made depend on it.
    static const uuid_t space = {0x6b, 0x1d, 0x8a, 0x52, 0x0e, 0x3f, 0x5c, 0x47,
                                 0x9a, 0x61, 0x2f, 0xd4, 0x77, 0x15, 0xb0, 0x9e};
    char name[1024], times[64];
    uuid_t uuid;

    // The lengths keep "a", "b c" apart from "a b", "c".
    snprintf(times, sizeof times, "%" PRId64 " %" PRId64, time, restart);
    int len = snprintf(name, sizeof name, "%zu:%.300s %zu:%.300s %s", cluster ? strlen(cluster) : 0,
                       cluster ? cluster : "", strlen(jobid), jobid, times);
    uuid_generate_sha1(uuid, space, name, (size_t)len);
    uuid_unparse_lower(uuid, text);
}

static int add_text(struct epmt_jobfold *fold, const char *key, const char *value,
                    struct epmt_error *err) {
    return value ? epmt_fold_set_attribute(fold, "job", key, value, err) : 0;
}

static int add_number(struct epmt_jobfold *fold, const char *key, int64_t value,
                      struct epmt_error *err) {
    char text[24];

    if (value == INT64_MIN)
        return 0;
    snprintf(text, sizeof text, "%" PRId64, value);
    return epmt_fold_set_attribute(fold, "job", key, text, err);
}

static bool has_entry(const struct epmt_jobmeta_environment *environment, const char *wanted) {
    for (char **entry = environment->entries; entry && *entry; entry++) {
        if (!strcmp(*entry, wanted))
            return true;
    }
    return false;
}

// Adds the variables that are not the same in `but`.
static int add_environment(struct epmt_jobfold *fold, const char *scope,
                           const struct epmt_jobmeta_environment *environment,
                           const struct epmt_jobmeta_environment *but, struct epmt_error *err) {
    struct epmt_bytes in = {scope, strlen(scope)};

    for (char **entry = environment->entries; entry && *entry; entry++) {
        const char *equals = strchr(*entry, '=');
        if (!equals || (but && has_entry(but, *entry)))
            continue;
        if (epmt_fold_add_attribute(fold, in,
                                    (struct epmt_bytes){*entry, (uint64_t)(equals - *entry)},
                                    (struct epmt_bytes){equals + 1, strlen(equals + 1)}, err))
            return -1;
    }
    return 0;
}

static bool has_name(const struct epmt_jobmeta_environment *environment, const char *entry,
                     size_t len) {
    for (char **other = environment->entries; other && *other; other++) {
        if (!strncmp(*other, entry, len) && (*other)[len] == '=')
            return true;
    }
    return false;
}

// The variables that are no longer set at the stop.
static int add_unset(struct epmt_jobfold *fold, const struct epmt_jobmeta *meta,
                     struct epmt_error *err) {
    static const char scope[] = "env unset";
    struct epmt_bytes in = {scope, sizeof scope - 1};

    for (char **entry = meta->start_environment.entries; entry && *entry; entry++) {
        size_t len = strcspn(*entry, "=");
        if (!has_name(&meta->stop_environment, *entry, len) &&
            epmt_fold_add_attribute(fold, in, (struct epmt_bytes){*entry, len},
                                    (struct epmt_bytes){"", 0}, err))
            return -1;
    }
    return 0;
}

int epmt_jobmeta_to_fold(const struct epmt_jobmeta *meta, struct epmt_jobfold *fold,
                         struct epmt_error *err) {
    int status = 0;

#define ADD_TEXT(field, key) status = status ? status : add_text(fold, key, meta->field, err);
#define ADD_NUMBER(field, key) status = status ? status : add_number(fold, key, meta->field, err);
#define ADD(type, field, key, description) ADD_##type(field, key)
    EPMT_JOBMETA_FIELDS(ADD)
#undef ADD
#undef ADD_TEXT
#undef ADD_NUMBER
    if (!status)
        status = add_environment(fold, "env", &meta->start_environment, NULL, err);
    if (!status)
        status = add_environment(fold, "env stop", &meta->stop_environment,
                                 &meta->start_environment, err);
    if (!status && meta->stop_environment.entries)
        status = add_unset(fold, meta, err);
    return status;
}

// What was annotated stands over the tags of all others.
static int settle_tags(struct epmt_jobfold *fold, struct epmt_error *err) {
    struct epmt_bytes tags = epmt_fold_attribute(fold, EPMT_ANNOTATION_SCOPE, EPMT_ANNOTATION_TAGS);

    if (!tags.data)
        return 0;
    char *copy = strndup(tags.data, tags.len);
    if (!copy)
        return no_memory(err);
    epmt_fold_drop_attribute(fold, "job", "tags");
    int status = epmt_fold_set_attribute(fold, "job", "tags", copy, err);
    free(copy);
    return status;
}

int epmt_jobmeta_annotate(const struct epmt_jobmeta *meta, bool newer, struct epmt_jobfold *fold,
                          struct epmt_error *err) {
    int status = 0;

    for (char **entry = meta->annotations.entries; entry && *entry && !status; entry++) {
        char *equals = strchr(*entry, '=');
        if (!equals)
            continue;
        *equals = '\0';
        if (newer)
            epmt_fold_drop_attribute(fold, EPMT_ANNOTATION_SCOPE, *entry);
        if (!epmt_fold_attribute(fold, EPMT_ANNOTATION_SCOPE, *entry).data)
            status = epmt_fold_set_attribute(fold, EPMT_ANNOTATION_SCOPE, *entry, equals + 1, err);
        *equals = '=';
    }
    return status ? status : settle_tags(fold, err);
}
