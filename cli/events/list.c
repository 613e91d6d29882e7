// SPDX-License-Identifier: Apache-2.0
// One line per event: name, source, 1 where it can be counted here, why not, description.
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/events/events.h"

struct listing {
    const char *pattern;
};

// A word is looked for anywhere, a pattern with * or ? must be all of the name.
static bool matches(const struct listing *listing, const char *name, const char *description) {
    char upper_name[512], upper_pattern[256];
    size_t i;

    if (!*listing->pattern)
        return true;
    if (!strpbrk(listing->pattern, "*?"))
        return strcasestr(name, listing->pattern) || strcasestr(description, listing->pattern);
    for (i = 0; i < sizeof upper_name - 1 && name[i]; i++)
        upper_name[i] = name[i] == ':' ? '.' : (char)toupper((unsigned char)name[i]);
    upper_name[i] = '\0';
    for (i = 0; i < sizeof upper_pattern - 1 && listing->pattern[i]; i++)
        upper_pattern[i] = listing->pattern[i] == ':' // which separates patterns
                               ? '.'
                               : (char)toupper((unsigned char)listing->pattern[i]);
    upper_pattern[i] = '\0';
    return epmt_matches_any(upper_pattern, upper_name);
}

static void print_clean(const char *text) {
    for (; *text; text++)
        putchar((unsigned char)*text < ' ' ? ' ' : *text);
}

static void print(const char *name, const char *source, enum epmt_event_reason reason,
                  const char *description) {
    printf("%s\t%s\t%d\t%s\t", name, source, reason == EPMT_REASON_NONE,
           epmt_event_reason_text(reason));
    print_clean(description);
    putchar('\n');
}

static enum epmt_event_reason try_perf(const char *name) {
    struct epmt_perf_event event;
    struct epmt_bytes bytes = {name, strlen(name)};
    enum epmt_event_reason reason = epmt_pfm_encode(bytes, &event);

    if (reason)
        return reason;
    struct epmt_perf_counter counter = epmt_perf_open(&event, 3);
    if (counter.fd < 0)
        return epmt_event_reason_of(&event, counter.fd);
    epmt_perf_close(&counter);
    return EPMT_REASON_NONE;
}

static void list_perf(void *context, const char *name, const char *description) {
    if (matches(context, name, description))
        print(name, "perf", try_perf(name), description);
}

static void list_papi(void *context, const struct epmt_papi_event *event) {
    if (matches(context, event->name, event->description))
        print(event->name, event->component,
              event->available ? EPMT_REASON_NONE : EPMT_REASON_NOT_HERE, event->description);
}

int epmt_events_list(const char *pattern) {
    struct listing listing = {pattern};
    enum epmt_event_reason reason;

    epmt_pfm_list(list_perf, &listing);
    struct epmt_papi_link *papi = epmt_events_papi(&reason);
    if (papi)
        papi->list(list_papi, &listing);
    return fflush(stdout) || ferror(stdout);
}
