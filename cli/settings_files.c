// SPDX-License-Identifier: Apache-2.0
#include "cli/settings_files.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/settings_show.h"
#include "cli/suggest.h"
#include "cli/thishost.h"
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

// Where each setting came from; NULL: its default.
static const char *origins[EPMT_SETTING_COUNT];

const char *epmt_setting_origin(const struct epmt_setting *setting) {
    const char *origin = origins[setting - epmt_setting_table];

    return origin ? origin : "default";
}

void epmt_settings_files_free(void) {
    memset(origins, 0, sizeof origins);
    while (values) {
        struct value *next = values->next;
        free(values);
        values = next;
    }
}

static struct {
    void (*take)(void *context, const struct epmt_error *err);
    void *context;
} listener;

void epmt_settings_on_error(void (*take)(void *context, const struct epmt_error *err),
                            void *context) {
    listener.take = take;
    listener.context = context;
}

static void report(const struct epmt_error *err) {
    if (listener.take)
        listener.take(listener.context, err);
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

// Whether the lines of a section count here. Returns -1 with err for one that is none.
static int section_counts(const char *section, struct epmt_error *err) {
    char name[EPMT_PLACE_MAX];

    if (!strcmp(section, "epmt"))
        return 1;
    if (!strncmp(section, "host ", 5))
        return epmt_matches_any(section + 5, epmt_host_name(name));
    if (!strncmp(section, "cpu ", 4))
        return epmt_matches_any(section + 4, epmt_cpu_name(name));
    return epmt_errf(err, EPMT_ERR_USAGE,
                     "settings stand in the sections [epmt], [host PATTERN] and [cpu PATTERN], not "
                     "in [%s]",
                     section);
}

int epmt_settings_unknown(const char *name, struct epmt_error *err) {
    struct epmt_suggestion suggestion;
    char text[EPMT_SUGGEST_MAX];

    epmt_suggest_init(&suggestion, name, strlen(name));
    for (int i = 0; i < epmt_setting_count; i++)
        epmt_suggest_try(&suggestion, epmt_setting_table[i].name);
    return epmt_errf(err, EPMT_ERR_USAGE, "there is no setting named %s%s", name,
                     epmt_suggest_text(&suggestion, "", text));
}

static int set(struct reading *reading, const char *section, const char *name, const char *text,
               struct epmt_error *err) {
    const struct epmt_setting *row = epmt_setting_find(name);
    struct epmt_settings ignored;
    int counts = section_counts(section, err);

    if (counts < 0)
        return -1;
    if (!row)
        return epmt_settings_unknown(name, err);
    const char *value = keep(text), *origin = keep(reading->path);
    if (!value || !origin)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    // What counts elsewhere is checked all the same.
    if (!counts)
        epmt_settings_init(&ignored);
    if (epmt_settings_set(counts ? reading->settings : &ignored, name, value, err))
        return -1;
    if (counts)
        origins[row - epmt_setting_table] = origin;
    return 0;
}

static int take_value(void *context, const char *section, const char *name, const char *text) {
    struct reading *reading = context;
    struct epmt_error err = {.code = EPMT_ERR_OK}, placed;

    if (set(reading, section, name, text, &err)) {
        epmt_errf(&placed, err.code, "%s:%d: %s", reading->path, reading->line, err.text);
        report(&placed);
        if (reading->first.code == EPMT_ERR_OK)
            reading->first = placed;
    }
    return 1; // the rest of the file still counts
}

// What is wrong with the file as a whole. Returns 0 or -1 with err.
static int whole_file(const struct reading *reading, int status, bool broken,
                      struct epmt_error *err) {
    if (reading->cut)
        return epmt_errf(err, EPMT_ERR_USAGE, "%s:%d: the line is too long", reading->path,
                         reading->line);
    if (broken)
        return epmt_errf(err, EPMT_ERR_IO, "cannot read %s", reading->path);
    if (status)
        return epmt_errf(err, EPMT_ERR_USAGE, "%s:%d: neither [section] nor name = value",
                         reading->path, status);
    return 0;
}

static int fail(const struct epmt_error *why, struct epmt_error *err) {
    if (err)
        *err = *why;
    return -1;
}

int epmt_settings_file_read(struct epmt_settings *settings, const char *path,
                            struct epmt_error *err) {
    struct reading reading = {.settings = settings, .path = path};
    struct epmt_error why;

    reading.stream = fopen(path, "re");
    if (!reading.stream) {
        if (errno == ENOENT || errno == ENOTDIR)
            return 0;
        epmt_errf_errno(&why, EPMT_ERR_IO, "cannot read %s", path);
        report(&why);
        return fail(&why, err);
    }
    int status = ini_parse_stream(next_line, &reading, take_value, &reading);
    bool broken = ferror(reading.stream);
    fclose(reading.stream);
    int whole = whole_file(&reading, status, broken, &why);
    if (whole)
        report(&why);
    if (reading.first.code != EPMT_ERR_OK)
        return fail(&reading.first, err);
    return whole ? fail(&why, err) : 0;
}

char *epmt_settings_user_path(char *const *envp, char *path, size_t cap) {
    const char *config = epmt_environment_get(envp, "XDG_CONFIG_HOME");
    const char *home = epmt_environment_get(envp, "HOME");
    bool fits = false;

    // The XDG specification has relative paths passed over.
    if (config && config[0] == '/')
        fits = epmt_fmt(path, cap, "%s/" EPMT_SETTINGS_USER_FILE, config);
    else if (home && home[0] == '/')
        fits = epmt_fmt(path, cap, "%s/.config/" EPMT_SETTINGS_USER_FILE, home);
    if (!fits)
        path[0] = '\0';
    return path;
}

// The name that the files had before ends in .ini: such a file is still read, before the other.
static int read_both(struct epmt_settings *settings, const char *path, struct epmt_error *err) {
    static const char before[] = ".ini";
    char old[PATH_MAX];
    int stem = (int)(strlen(path) - strlen(".conf"));
    int result = 0;

    if (epmt_fmt(old, sizeof old, "%.*s%s", stem, path, before))
        result = epmt_settings_file_read(settings, old, err);
    return epmt_settings_file_read(settings, path, result ? NULL : err) ? -1 : result;
}

static int read_user_file(struct epmt_settings *settings, char *const *envp,
                          struct epmt_error *err) {
    char path[PATH_MAX];

    return *epmt_settings_user_path(envp, path, sizeof path) ? read_both(settings, path, err) : 0;
}

static void note_environment(char *const *envp) {
    for (int i = 0; i < epmt_setting_count; i++) {
        const char *entry = epmt_setting_in_environment(&epmt_setting_table[i], envp);
        struct epmt_settings scratch;
        struct epmt_error why, placed;
        if (!entry)
            continue;
        epmt_settings_init(&scratch);
        const char *value = strchr(entry, '=');
        if (epmt_settings_set(&scratch, epmt_setting_table[i].name, value + 1, &why)) {
            epmt_errf(&placed, why.code, "environment: %.*s: %s", (int)(value - entry), entry,
                      why.text);
            report(&placed);
        } else {
            origins[i] = strncmp(entry, "EPMT_", 5) ? "PAPIEX_* in the environment" : "environment";
        }
    }
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

    memset(origins, 0, sizeof origins);
    // Everything is read, whatever is wrong; the first complaint stands.
    epmt_settings_init(settings);
    if (read_both(settings, EPMT_SETTINGS_SYSTEM_FILE, err))
        result = -1;
    if (read_user_file(settings, envp, result ? NULL : err))
        result = -1;
    if (epmt_settings_from_environment(settings, envp, result ? NULL : err))
        result = -1;
    note_environment(envp);
    if (make_absolute(settings, result ? NULL : err))
        result = -1;
    return result;
}
