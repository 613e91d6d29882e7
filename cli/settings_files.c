// SPDX-License-Identifier: Apache-2.0
#include "cli/settings_files.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fmt.h"
#include "storage/strbuf.h"

// Values of texts: struct epmt_settings only points to them.
static struct value {
    struct value *next;
    char text[];
} * values;

static const char *keep(const char *text) {
    size_t len = strlen(text);
    struct value *value = malloc(sizeof *value + len + 1);

    if (!value)
        return NULL;
    memcpy(value->text, text, len + 1);
    value->next = values;
    values = value;
    return value->text;
}

void epmt_settings_files_free(void) {
    while (values) {
        struct value *next = values->next;
        free(values);
        values = next;
    }
}

struct reading {
    struct epmt_settings *settings;
    struct epmt_error first; // code OK: none
    const char *path;
    FILE *stream;
    int line;
    bool cut; // inih's line is shorter than the file's
};

// inih does not tell the line, so the lines are counted as they are handed over.
static char *next_line(char *data, int cap, void *context) {
    struct reading *reading = context;
    char *line = fgets(data, cap, reading->stream);

    if (line)
        reading->line++;
    // The rest would be taken for a line of its own.
    if (line && (int)strlen(line) == cap - 1 && line[cap - 2] != '\n') {
        reading->cut = true;
        return NULL;
    }
    return line;
}

static int take_value(void *context, const char *section, const char *name, const char *text) {
    struct reading *reading = context;
    struct epmt_error err = {.code = EPMT_ERR_OK};
    const char *value = keep(text);

    if (strcmp(section, "epmt"))
        epmt_errf(&err, EPMT_ERR_USAGE, "settings stand in the section [epmt], not [%s]", section);
    else if (!value)
        epmt_errf(&err, EPMT_ERR_MEMORY, "out of memory");
    else
        epmt_settings_set(reading->settings, name, value, &err);
    if (err.code != EPMT_ERR_OK && reading->first.code == EPMT_ERR_OK)
        epmt_errf(&reading->first, err.code, "%s:%d: %s", reading->path, reading->line, err.text);
    return 1; // the rest of the file still counts
}

int epmt_settings_file_read(struct epmt_settings *settings, const char *path,
                            struct epmt_error *err) {
    struct reading reading = {.settings = settings, .path = path};

    reading.stream = fopen(path, "re");
    if (!reading.stream) {
        if (errno == ENOENT || errno == ENOTDIR)
            return 0;
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot read %s", path);
    }
    int status = ini_parse_stream(next_line, &reading, take_value, &reading);
    bool broken = ferror(reading.stream);
    fclose(reading.stream);
    if (reading.first.code != EPMT_ERR_OK) {
        if (err)
            *err = reading.first;
        return -1;
    }
    if (reading.cut)
        return epmt_errf(err, EPMT_ERR_USAGE, "%s:%d: the line is too long", path, reading.line);
    if (broken)
        return epmt_errf(err, EPMT_ERR_IO, "cannot read %s", path);
    if (status)
        return epmt_errf(err, EPMT_ERR_USAGE, "%s:%d: neither [section] nor name = value", path,
                         status);
    return 0;
}

static int read_user_file(struct epmt_settings *settings, char *const *envp,
                          struct epmt_error *err) {
    const char *config = epmt_environment_get(envp, "XDG_CONFIG_HOME");
    const char *home = epmt_environment_get(envp, "HOME");
    struct epmt_strbuf path = {0};
    int result;

    // The XDG specification has relative paths passed over.
    if (config && config[0] == '/')
        epmt_strbuf_printf(&path, "%s/epmt/epmt.ini", config);
    else if (home && home[0] == '/')
        epmt_strbuf_printf(&path, "%s/.config/epmt/epmt.ini", home);
    else
        return 0;
    result = path.failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory")
                         : epmt_settings_file_read(settings, path.data, err);
    epmt_strbuf_free(&path);
    return result;
}

// What a job starts runs in other directories too: it must not leave its records in each of them.
static int make_absolute(struct epmt_settings *settings, struct epmt_error *err) {
    char here[PATH_MAX];
    struct epmt_strbuf path = {0};

    if (settings->output_prefix[0] == '/')
        return 0;
    if (!getcwd(here, sizeof here))
        return epmt_errf_errno(err, EPMT_ERR_USAGE, "output_prefix %s is relative to no directory",
                               settings->output_prefix);
    epmt_strbuf_printf(&path, "%s/%s", here, settings->output_prefix);
    const char *kept = path.failed ? NULL : keep(path.data);
    epmt_strbuf_free(&path);
    if (!kept)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    settings->output_prefix = kept;
    return 0;
}

int epmt_settings_load(struct epmt_settings *settings, char *const *envp, struct epmt_error *err) {
    int result = 0;

    // Everything is read, whatever is wrong; the first complaint stands.
    epmt_settings_init(settings);
    if (epmt_settings_file_read(settings, EPMT_SETTINGS_SYSTEM_FILE, err))
        result = -1;
    if (read_user_file(settings, envp, result ? NULL : err))
        result = -1;
    if (epmt_settings_from_environment(settings, envp, result ? NULL : err))
        result = -1;
    if (make_absolute(settings, result ? NULL : err))
        result = -1;
    return result;
}
