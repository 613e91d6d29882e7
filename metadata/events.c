// SPDX-License-Identifier: Apache-2.0
#include "metadata/events.h"

#include <errno.h>
#include <string.h>

#include "metadata/event_names.h"

#include "common/poison.h"

const char *epmt_event_reason_text(enum epmt_event_reason reason) {
    // One text: pointers would be relocated in every process.
    static const char sentences[] =
#define SENTENCE(name, sentence) sentence "\0"
        EPMT_EVENT_REASONS(SENTENCE)
#undef SENTENCE
        ;
    const char *at = sentences;

    for (unsigned i = 0; i < (unsigned)reason && at < sentences + sizeof sentences - 1; i++)
        at += strlen(at) + 1;
    return at;
}

enum epmt_event_reason epmt_event_reason_of(const struct epmt_perf_event *event, int error) {
    switch (-error) {
    case EACCES:
    case EPERM:
        return epmt_perf_needs_kernel(event) ? EPMT_REASON_KERNEL_ONLY : EPMT_REASON_NOT_PERMITTED;
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
        return EPMT_REASON_NOT_HERE;
    case EMFILE:
    case ENFILE:
        return EPMT_REASON_NO_DESCRIPTOR;
    case EINVAL:
    case E2BIG:
    case EOVERFLOW:
        return EPMT_REASON_INVALID;
    case ENOSYS:
        return EPMT_REASON_NO_SYSCALL;
    case EBUSY:
    case ENOSPC:
        return EPMT_REASON_BUSY;
    case ENOMEM:
        return EPMT_REASON_NO_MEMORY;
    default:
        return EPMT_REASON_FAILED;
    }
}

static bool equals(struct epmt_bytes bytes, const char *text) {
    return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

// Words of PAPIEX_OPTIONS that are no events.
static bool is_option(struct epmt_bytes word) {
    static const char words[][16] = {"COLLATED_TSV", "DEBUG",  "QUIET",     "MULTIPLEX",
                                     "RUSAGE",       "MEMORY", "PROC_STATS"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (equals(word, words[i]))
            return true;
    }
    return false;
}

static bool is_separator(char c) {
    return c == ',' || c == ' ' || c == '\t' || c == '\n';
}

bool epmt_events_next(const char **list, struct epmt_bytes *name) {
    for (const char *at = *list; *at; at = *list) {
        while (is_separator(*at))
            at++;
        const char *end = at;
        while (*end && !is_separator(*end))
            end++;
        *list = end;
        *name = (struct epmt_bytes){at, (uint64_t)(end - at)};
        if (name->len && !is_option(*name))
            return true;
    }
    return false;
}

bool epmt_events_has(const char *list, struct epmt_bytes name) {
    struct epmt_bytes other;

    while (epmt_events_next(&list, &other)) {
        if (other.len == name.len && !memcmp(other.data, name.data, name.len))
            return true;
    }
    return false;
}

bool epmt_event_is_papi(struct epmt_bytes name) {
    return (name.len > 5 && !memcmp(name.data, "PAPI_", 5)) ||
           memmem(name.data, name.len, ":::", 3);
}

static char upper(char c) {
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static bool equal_but_case(const char *name, size_t len, const char *wanted) {
    for (size_t i = 0; i < len; i++) {
        if (upper(name[i]) != wanted[i])
            return false;
    }
    return !wanted[len];
}

static bool starts_with_perf(struct epmt_bytes name) {
    return name.len > 6 && upper(name.data[0]) == 'P' && upper(name.data[1]) == 'E' &&
           upper(name.data[2]) == 'R' && upper(name.data[3]) == 'F' && name.data[4] == ':' &&
           name.data[5] == ':';
}

// Reads ":u", ":uk", ":u:k": what is counted, none named is all but the hypervisor. Returns false
// where there is anything else.
static bool parse_modes(const char *at, const char *end, uint32_t *exclude) {
    const uint32_t all = EPMT_PERF_USER | EPMT_PERF_KERNEL | EPMT_PERF_HV;
    uint32_t counted = 0;

    if (at < end && at[0] != ':')
        return false;
    for (; at < end; at++) {
        if (*at == 'u')
            counted |= EPMT_PERF_USER;
        else if (*at == 'k')
            counted |= EPMT_PERF_KERNEL;
        else if (*at == 'h')
            counted |= EPMT_PERF_HV;
        else if (*at != ':' || at + 1 == end)
            return false;
    }
    *exclude = counted ? all & ~counted : EPMT_PERF_HV;
    return true;
}

bool epmt_event_encode_known(struct epmt_bytes name, struct epmt_perf_event *event) {
    static const struct {
        char name[40];
        uint32_t type;
        uint64_t config;
    } names[] = {
#define NAME(name, type, config) {name, type, config},
        EPMT_EVENT_NAMES(NAME)
#undef NAME
    };
    const char *at = name.data, *end = name.data + name.len;

    if (starts_with_perf(name))
        at += 6;
    const char *colon = memchr(at, ':', (size_t)(end - at));
    size_t len = (size_t)((colon ? colon : end) - at);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (len >= sizeof names[i].name || !equal_but_case(at, len, names[i].name))
            continue;
        *event = (struct epmt_perf_event){.type = names[i].type, .config = names[i].config};
        return parse_modes(at + len, end, &event->exclude);
    }
    return false;
}

// One item: reason:type:exclude:config:config1:config2:NAME, ended by a comma.
void epmt_event_put_encoded(struct epmt_text_buffer *text, struct epmt_bytes name,
                            const struct epmt_perf_event *event, enum epmt_event_reason reason) {
    static const struct epmt_perf_event none;
    const struct epmt_perf_event *is = event ? event : &none;

    epmt_text_fmt(text, "%u:%u:%u:%lu:%lu:%lu:%.*s,", (unsigned)reason, is->type, is->exclude,
                  is->config, is->config1, is->config2, (int)name.len, name.data);
}

bool epmt_event_find_encoded(const char *text, struct epmt_bytes name,
                             struct epmt_perf_event *event, enum epmt_event_reason *reason) {
    while (text && *text) {
        const char *end = strchr(text, ',');
        uint64_t field[6];
        int count = 0;
        if (!end)
            return false;
        while (count < 6 && epmt_parse_u64(&text, end, &field[count]) && *text == ':') {
            count++;
            text++;
        }
        if (count == 6 && (uint64_t)(end - text) == name.len &&
            !memcmp(text, name.data, name.len)) {
            *reason = (enum epmt_event_reason)field[0];
            *event = (struct epmt_perf_event){(uint32_t)field[1], (uint32_t)field[2], field[3],
                                              field[4], field[5]};
            return true;
        }
        text = end + 1;
    }
    return false;
}

const char *epmt_event_unit(const struct epmt_perf_event *event) {
    return epmt_perf_is_clock(event) ? "ns" : "count";
}
