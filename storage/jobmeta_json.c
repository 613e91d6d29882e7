// SPDX-License-Identifier: Apache-2.0
// The metadata file as JSON. Texts that are no UTF-8, which JSON cannot hold, stand as
// {"hex": "..."}.
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/jobmeta.h"
#include "storage/replace.h"

#define FORMAT "epmt-job-metadata"
#define FORMAT_VERSION 1
// An environment is at most some megabytes.
#define FILE_MAX (64 << 20)

static json_t *hex_of(const char *text) {
    size_t len = strlen(text);
    char *hex = malloc(2 * len + 1);
    json_t *value = NULL;

    if (!hex)
        return NULL;
    for (size_t i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)text[i]);
    value = json_pack("{s:s}", "hex", hex);
    free(hex);
    return value;
}

static json_t *text_to_json(const char *text) {
    json_t *value = json_string(text); // NULL where it is no UTF-8

    return value ? value : hex_of(text);
}

static char *unhex(const char *hex) {
    size_t len = strlen(hex);
    char *text = len % 2 ? NULL : malloc(len / 2 + 1);

    for (size_t i = 0; text && i < len; i += 2) {
        char pair[3] = {hex[i], hex[i + 1], '\0'};
        char *end;
        text[i / 2] = (char)strtoul(pair, &end, 16);
        // A NUL would cut the text off.
        if (*end || end == pair || pair[0] == '-' || pair[0] == '+' || !text[i / 2]) {
            free(text);
            return NULL;
        }
    }
    if (text)
        text[len / 2] = '\0';
    return text;
}

// The text of a value (to be freed), or NULL where it is none.
static char *text_from_json(const json_t *value) {
    if (json_is_string(value))
        return strdup(json_string_value(value));
    const char *hex = json_string_value(json_object_get(value, "hex"));
    return hex ? unhex(hex) : NULL;
}

static int put_text(json_t *root, const char *name, const char *text) {
    return text ? json_object_set_new(root, name, text_to_json(text)) : 0;
}

static int put_number(json_t *root, const char *name, int64_t number) {
    return number == INT64_MIN ? 0 : json_object_set_new(root, name, json_integer(number));
}

static int put_environment(json_t *root, const char *name,
                           const struct epmt_jobmeta_environment *environment) {
    json_t *list;
    int status = 0;

    if (!environment->entries)
        return 0;
    list = json_array();
    for (char **entry = environment->entries; *entry && !status; entry++)
        status = json_array_append_new(list, text_to_json(*entry));
    return json_object_set_new(root, name, list) || status ? -1 : 0;
}

int epmt_jobmeta_write(const struct epmt_jobmeta *meta, const char *path, struct epmt_error *err) {
    json_t *root = json_object();
    char *text = NULL;
    int status = root ? 0 : -1;

    status |= put_text(root, "format", FORMAT);
    status |= put_number(root, "format_version", FORMAT_VERSION);
#define PUT_TEXT(field) status |= put_text(root, #field, meta->field);
#define PUT_NUMBER(field) status |= put_number(root, #field, meta->field);
#define PUT(type, field, key, description) PUT_##type(field)
    EPMT_JOBMETA_FIELDS(PUT)
#undef PUT
#undef PUT_TEXT
#undef PUT_NUMBER
    status |= put_environment(root, "start_environment", &meta->start_environment);
    status |= put_environment(root, "stop_environment", &meta->stop_environment);
    status |= put_environment(root, "annotations", &meta->annotations);
    if (!status)
        text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (!text)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for %s", path);
    status = epmt_replace_file(path, text, strlen(text), err);
    free(text);
    return status;
}

static int bad_field(const char *path, const char *name, struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s: damaged job metadata: %s is wrong", path, name);
}

static int get_text(const json_t *root, const char *path, const char *name, char **text,
                    struct epmt_error *err) {
    const json_t *value = json_object_get(root, name);

    if (!value || json_is_null(value))
        return 0;
    *text = text_from_json(value);
    return *text ? 0 : bad_field(path, name, err);
}

static int get_number(const json_t *root, const char *path, const char *name, int64_t *number,
                      struct epmt_error *err) {
    const json_t *value = json_object_get(root, name);

    if (!value || json_is_null(value))
        return 0;
    if (!json_is_integer(value))
        return bad_field(path, name, err);
    *number = json_integer_value(value);
    return 0;
}

static int get_environment(const json_t *root, const char *path, const char *name,
                           struct epmt_jobmeta_environment *environment, struct epmt_error *err) {
    const json_t *list = json_object_get(root, name);

    if (!list || json_is_null(list))
        return 0;
    if (!json_is_array(list))
        return bad_field(path, name, err);
    size_t count = json_array_size(list);
    environment->entries = calloc(count + 1, sizeof *environment->entries);
    if (!environment->entries)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for %s", path);
    for (size_t i = 0; i < count; i++) {
        environment->entries[i] = text_from_json(json_array_get(list, i));
        if (!environment->entries[i] || !strchr(environment->entries[i], '='))
            return bad_field(path, name, err);
    }
    return 0;
}

static int get_all(const json_t *root, const char *path, struct epmt_jobmeta *meta,
                   struct epmt_error *err) {
    const char *format = json_string_value(json_object_get(root, "format"));
    json_int_t version = json_integer_value(json_object_get(root, "format_version"));
    int status = 0;

    if (!format || strcmp(format, FORMAT) || version < 1)
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s: no job metadata of epmt", path);
    if (version > FORMAT_VERSION)
        return epmt_errf(err, EPMT_ERR_VERSION,
                         "%s: made by a newer epmt (format version %ld, this one reads %d)", path,
                         (long)version, FORMAT_VERSION);
#define GET_TEXT(field) status = status ? -1 : get_text(root, path, #field, &meta->field, err);
#define GET_NUMBER(field) status = status ? -1 : get_number(root, path, #field, &meta->field, err);
#define GET(type, field, key, description) GET_##type(field)
    EPMT_JOBMETA_FIELDS(GET)
#undef GET
#undef GET_TEXT
#undef GET_NUMBER
    if (!status)
        status = get_environment(root, path, "start_environment", &meta->start_environment, err);
    if (!status)
        status = get_environment(root, path, "stop_environment", &meta->stop_environment, err);
    if (!status)
        status = get_environment(root, path, "annotations", &meta->annotations, err);
    return status;
}

static json_t *load(const char *path, struct epmt_error *err) {
    json_error_t why;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

    if (fd < 0) {
        epmt_errf_errno(err, errno == ENOENT ? EPMT_ERR_NOT_FOUND : EPMT_ERR_IO, "cannot open %s",
                        path);
        return NULL;
    }
    json_t *root = NULL;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
        epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s: no job metadata of epmt", path);
    else if (!(root = json_loadfd(fd, JSON_REJECT_DUPLICATES, &why)))
        epmt_errf(err, EPMT_ERR_BAD_INPUT, "%s: damaged job metadata: line %d: %s", path, why.line,
                  why.text);
    close(fd);
    return root;
}

int epmt_jobmeta_read(struct epmt_jobmeta *meta, const char *path, struct epmt_error *err) {
    epmt_jobmeta_init(meta);
    json_t *root = load(path, err);
    if (!root)
        return -1;
    int status = get_all(root, path, meta, err);
    json_decref(root);
    if (status)
        epmt_jobmeta_fini(meta);
    return status;
}
