// SPDX-License-Identifier: Apache-2.0
#include "cli/instrument.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/events_ask.h"
#include "cli/markdown.h"
#include "common/fmt.h"
#include "storage/strbuf.h"

// Below the prefix.
#ifndef EPMT_LIBDIR
#define EPMT_LIBDIR "lib"
#endif
#define LIBRARY "libepmt.so"
#define CRASH_HELPER "libepmt-crash.so"
#define PAPI_HELPER "libepmt-papi.so"

enum { EVERY_PROCESS = 2 }; // of the setting crash_stack

// Variables beside those of settings; and from how many -v on the library talks too.
enum { ADDED_MAX = 6, LIBRARY_TALKS = 3 };

static char *finish(struct epmt_strbuf *text) {
    if (!text->failed && !text->data)
        epmt_strbuf_puts(text, "");
    if (text->failed)
        epmt_strbuf_free(text);
    return text->data;
}

// True where the path of this length names this file.
static bool names(const char *path, size_t len, const char *file) {
    size_t file_len = strlen(file);

    return len >= file_len && !strncmp(path + len - file_len, file, file_len) &&
           (len == file_len || path[len - file_len - 1] == '/');
}

// LD_PRELOAD without our libraries, whatever their path: colons, as the loader takes blanks too.
static char *preload_without_us(const char *preload) {
    struct epmt_strbuf rest = {0};

    while (preload && *preload) {
        size_t len = strcspn(preload, ": ");
        bool ours = names(preload, len, LIBRARY) || names(preload, len, CRASH_HELPER) ||
                    names(preload, len, PAPI_HELPER);
        if (len && !ours) {
            epmt_strbuf_puts(&rest, rest.len ? ":" : "");
            epmt_strbuf_add(&rest, preload, len);
        }
        preload += len + (preload[len] != '\0');
    }
    return finish(&rest);
}

// Helpers that the library cannot load in time: for stacks of every process, for events of PAPI.
static void add_helper(const struct epmt_cli *cli, const char *file, struct epmt_strbuf *preload) {
    struct epmt_strbuf path = {0};

    epmt_strbuf_printf(&path, "%s/" EPMT_LIBDIR "/epmt/%s", cli->prefix, file);
    if (!path.failed && !access(path.data, R_OK))
        epmt_strbuf_printf(preload, ":%s", path.data);
    epmt_strbuf_free(&path);
}

static char *preload_with_us(const struct epmt_cli *cli, const char *before, bool papi,
                             struct epmt_error *err) {
    struct epmt_strbuf preload = {0};

    epmt_strbuf_printf(&preload, "%s/" EPMT_LIBDIR "/" LIBRARY, cli->prefix);
    if (!preload.failed && access(preload.data, R_OK)) {
        epmt_errf_errno(err, EPMT_ERR_NOT_FOUND, "cannot use %s", preload.data);
        epmt_strbuf_free(&preload);
        return NULL;
    }
    // The loader would cut the name there.
    if (!preload.failed && preload.data[strcspn(preload.data, ": ")]) {
        epmt_errf(err, EPMT_ERR_USAGE, "%s cannot be preloaded: its path has a blank or a colon",
                  preload.data);
        epmt_strbuf_free(&preload);
        return NULL;
    }
    if (cli->settings.crash_stack == EVERY_PROCESS)
        add_helper(cli, CRASH_HELPER, &preload);
    if (papi)
        add_helper(cli, PAPI_HELPER, &preload);
    if (*before)
        epmt_strbuf_printf(&preload, ":%s", before);
    char *text = finish(&preload);
    if (!text)
        epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    return text;
}

static int add(struct epmt_instrument *instrument, const struct epmt_cli *cli, const char *name,
               const char *value) {
    struct epmt_variable *variable = &instrument->variables[instrument->count];

    variable->name = strdup(name);
    variable->value = strdup(value);
    variable->restore = !epmt_environment_get(cli->envp, name);
    instrument->count++;
    return variable->name && variable->value ? 0 : -1;
}

// Adds a setting of the guest that a file has changed and the environment does not name, or names
// otherwise: a relative path is absolute by now.
static int add_setting(struct epmt_instrument *instrument, const struct epmt_cli *cli,
                       const struct epmt_setting *setting) {
    struct epmt_settings defaults;
    const char *now = (const char *)&cli->settings + setting->offset;
    char name[EPMT_VARIABLE_MAX], number[24];
    const char *text, *usual, *named;
    uint64_t value, usual_value;

    epmt_settings_init(&defaults);
    epmt_setting_variable(setting, name);
    named = epmt_environment_get(cli->envp, name);
    if (!setting->guest)
        return 0;
    if (setting->type == EPMT_SETTING_TEXT) {
        memcpy(&text, now, sizeof text);
        memcpy(&usual, (char *)&defaults + setting->offset, sizeof usual);
        return strcmp(text, named ? named : usual) ? add(instrument, cli, name, text) : 0;
    }
    if (named)
        return 0;
    memcpy(&value, now, sizeof value);
    memcpy(&usual_value, (char *)&defaults + setting->offset, sizeof usual_value);
    epmt_fmt(number, sizeof number, "%lu", (unsigned long)value);
    return value != usual_value ? add(instrument, cli, name, number) : 0;
}

// The events, by host and CPU too, and the encodings that the library does not know itself. Without
// these the events are missing in the rows, with the reason; the program is none of theirs.
static int add_events(struct epmt_instrument *instrument, const struct epmt_cli *cli,
                      const char *list) {
    const char *named = epmt_environment_get(cli->envp, "EPMT_EVENTS");
    struct epmt_strbuf unknown = {0}, encoded = {0};
    struct epmt_perf_event event;
    struct epmt_bytes name;
    int status = 0;

    if (strcmp(list, named ? named : "") != 0)
        status = add(instrument, cli, "EPMT_EVENTS", list);
    while (epmt_events_next(&list, &name)) {
        if (!epmt_event_is_papi(name) && !epmt_event_encode_known(name, &event))
            epmt_strbuf_printf(&unknown, "%.*s,", (int)name.len, name.data);
    }
    if (!status && unknown.len &&
        !epmt_events_ask(cli, "encode", epmt_strbuf_text(&unknown), &encoded, NULL))
        status = add(instrument, cli, EPMT_EVENTS_ENCODED, epmt_strbuf_text(&encoded));
    epmt_strbuf_free(&unknown);
    epmt_strbuf_free(&encoded);
    return status;
}

// Has the library say on standard error what it does, unless the settings say otherwise.
static int add_talk(struct epmt_instrument *instrument, const struct epmt_cli *cli) {
    if (!*cli->settings.log && add(instrument, cli, "EPMT_LOG", "stderr"))
        return -1;
    return cli->settings.verbose ? 0 : add(instrument, cli, "EPMT_VERBOSE", "2");
}

int epmt_instrument_init(struct epmt_instrument *instrument, const struct epmt_cli *cli,
                         const struct epmt_job_place *place, struct epmt_error *err) {
    *instrument = (struct epmt_instrument){0};
    instrument->preload_before = preload_without_us(epmt_environment_get(cli->envp, "LD_PRELOAD"));
    instrument->variables =
        calloc((size_t)epmt_setting_count + ADDED_MAX, sizeof *instrument->variables);
    if (!instrument->preload_before || !instrument->variables ||
        add(instrument, cli, "EPMT_JOB_ID", place->jobid))
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    for (int i = 0; i < epmt_setting_count; i++) {
        if (strcmp(epmt_setting_table[i].name, "events") != 0 &&
            add_setting(instrument, cli, &epmt_setting_table[i]))
            return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    struct epmt_strbuf events = {0};
    epmt_events_wanted(cli, &events);
    bool failed = add_events(instrument, cli, epmt_strbuf_text(&events)) || events.failed;
    bool papi = epmt_events_need_papi(epmt_strbuf_text(&events));
    epmt_strbuf_free(&events);
    if (failed)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (cli->verbose >= LIBRARY_TALKS && add_talk(instrument, cli))
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    instrument->preload = preload_with_us(cli, instrument->preload_before, papi, err);
    return instrument->preload ? 0 : -1;
}

void epmt_instrument_fini(struct epmt_instrument *instrument) {
    for (int i = 0; i < instrument->count; i++) {
        free(instrument->variables[i].name);
        free(instrument->variables[i].value);
    }
    free(instrument->variables);
    free(instrument->preload);
    free(instrument->preload_before);
    *instrument = (struct epmt_instrument){0};
}

int epmt_instrument_apply(const struct epmt_instrument *instrument, struct epmt_error *err) {
    bool failed = setenv("LD_PRELOAD", instrument->preload, 1) != 0;

    for (int i = 0; i < instrument->count && !failed; i++)
        failed = setenv(instrument->variables[i].name, instrument->variables[i].value, 1) != 0;
    return failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : 0;
}
