// SPDX-License-Identifier: Apache-2.0
// epmt-events encode NAMES | list PATTERN | test NAMES | check NAMES; without arguments, from a
// measured process: reads names from its standard input, a socket, and answers there with their
// encodings.
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/events/events.h"

#define TEXT_LEN 16384

struct epmt_papi_link *epmt_events_papi(enum epmt_event_reason *reason) {
    static struct epmt_papi_link *papi;
    static enum epmt_event_reason why = EPMT_REASON_NO_PAPI;
    static bool tried;
    char path[PATH_MAX];

    if (!tried) {
        ssize_t len = readlink("/proc/self/exe", path, sizeof path - 64);
        tried = true;
        path[len > 0 ? len : 0] = '\0';
        for (int i = 0; i < 3 && strrchr(path, '/'); i++) // <prefix>/libexec/epmt/epmt-events
            *strrchr(path, '/') = '\0';
        size_t used = strlen(path);
        snprintf(path + used, sizeof path - used, "/lib/epmt/libepmt-papi.so");
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        papi = library ? dlsym(library, EPMT_PAPI_LINK_SYMBOL) : NULL;
        if (papi)
            why = (enum epmt_event_reason)papi->begin();
    }
    *reason = why;
    return why ? NULL : papi;
}

static void encode(const char *names, struct epmt_text_buffer *text) {
    struct epmt_bytes name;

    while (epmt_events_next(&names, &name)) {
        struct epmt_perf_event event = {0};
        if (epmt_event_is_papi(name))
            continue;
        enum epmt_event_reason reason = epmt_pfm_encode(name, &event);
        epmt_event_put_encoded(text, name, &event, reason);
    }
}

static int answer(char *names, struct epmt_text_buffer *text) {
    size_t len = 0, sent = 0;
    ssize_t n;

    while (len < TEXT_LEN - 1 && (n = read(0, names + len, TEXT_LEN - 1 - len)) > 0)
        len += (size_t)n;
    names[len] = '\0';
    encode(names, text);
    while (sent < text->len && (n = write(0, text->data + sent, text->len - sent)) > 0)
        sent += (size_t)n;
    return sent < text->len;
}

int main(int argc, char **argv) {
    static char names[TEXT_LEN], encoded[TEXT_LEN];
    struct epmt_text_buffer text;

    epmt_text_init(&text, encoded, sizeof encoded);
    if (argc == 1)
        return answer(names, &text);
    if (argc == 3 && !strcmp(argv[1], "list"))
        return epmt_events_list(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "test"))
        return epmt_events_test(argv[2], true);
    if (argc == 3 && !strcmp(argv[1], "check"))
        return epmt_events_test(argv[2], false);
    if (argc != 3 || strcmp(argv[1], "encode") != 0) {
        fputs("epmt-events: it is for `epmt events` and `epmt run` to start\n", stderr);
        return 2;
    }
    encode(argv[2], &text);
    return fputs(encoded, stdout) == EOF || fflush(stdout);
}
