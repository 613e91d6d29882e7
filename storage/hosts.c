// SPDX-License-Identifier: Apache-2.0
#include "storage/hosts.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fmt.h"
#include "metadata/settings.h"

// No job has more; a range that is typed wrong must not take all memory.
#define HOSTS_MAX ((size_t)1 << 20)

#define NAME_LEN_MAX 255
#define BLANKS ", \t\n"

void epmt_hosts_free(struct epmt_hosts *hosts) {
    for (size_t i = 0; i < hosts->count; i++)
        free(hosts->at[i]);
    free(hosts->at);
    *hosts = (struct epmt_hosts){0};
}

static bool is_host_name(const char *name, size_t len) {
    if (!len || len > NAME_LEN_MAX || name[0] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)name[i]) && !strchr("-._:", name[i]))
            return false;
    }
    return true;
}

int epmt_hosts_add(struct epmt_hosts *hosts, const char *name, size_t len, struct epmt_error *err) {
    if (!is_host_name(name, len))
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "\"%.*s\" is no name of a host",
                         (int)(len > NAME_LEN_MAX ? NAME_LEN_MAX : len), name);
    if (hosts->count >= HOSTS_MAX)
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "there are more than %lu hosts",
                         (unsigned long)HOSTS_MAX);
    if (hosts->count == hosts->cap) {
        size_t cap = hosts->cap ? hosts->cap * 2 : 64;
        char **more = realloc(hosts->at, cap * sizeof *more);
        if (!more)
            return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
        hosts->at = more;
        hosts->cap = cap;
    }
    hosts->at[hosts->count] = strndup(name, len);
    if (!hosts->at[hosts->count])
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    hosts->count++;
    return 0;
}

static int bad_list(const char *item, size_t len, struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_BAD_INPUT, "\"%.*s\" is no list of hosts",
                     (int)(len > NAME_LEN_MAX ? NAME_LEN_MAX : len), item);
}

// One item with its ranges: the text before the first bracket is expanded for each number of it,
// and what follows in turn. `head` has the part that is expanded already.
static int add_item(struct epmt_hosts *hosts, const char *head, const char *item, size_t len,
                    struct epmt_error *err) {
    const char *open = memchr(item, '[', len);
    const char *end = item + len;
    char name[NAME_LEN_MAX + 1];

    if (!open) {
        if (!epmt_fmt(name, sizeof name, "%s%.*s", head, (int)len, item))
            return bad_list(item, len, err);
        return epmt_hosts_add(hosts, name, strlen(name), err);
    }
    const char *close = memchr(open, ']', (size_t)(end - open));
    if (!close)
        return bad_list(item, len, err);
    for (const char *at = open + 1; at < close; at += *at == ',') {
        const char *digits = at;
        uint64_t low, high;
        if (!isdigit((unsigned char)*at) || !epmt_parse_u64(&at, close, &low))
            return bad_list(item, len, err);
        size_t width = (size_t)(at - digits);
        high = low;
        if (*at == '-' &&
            (at++, !isdigit((unsigned char)*at) || !epmt_parse_u64(&at, close, &high)))
            return bad_list(item, len, err);
        if ((*at != ',' && at != close) || high < low || high - low >= HOSTS_MAX || width > 20)
            return bad_list(item, len, err);
        for (uint64_t number = low; number <= high; number++) {
            int n = snprintf(name, sizeof name, "%s%.*s%0*llu", head, (int)(open - item), item,
                             (int)width, (unsigned long long)number);
            if (n < 0 || (size_t)n >= sizeof name)
                return bad_list(item, len, err);
            if (add_item(hosts, name, close + 1, (size_t)(end - close - 1), err))
                return -1;
        }
    }
    return close == open + 1 ? bad_list(item, len, err) : 0;
}

// Up to the next separator outside of brackets.
static size_t item_len(const char *list) {
    bool inside = false;
    size_t len = 0;

    for (; list[len] && (inside || !strchr(BLANKS, list[len])); len++) {
        if (list[len] == '[' || list[len] == ']')
            inside = list[len] == '[';
    }
    return len;
}

int epmt_hosts_add_list(struct epmt_hosts *hosts, const char *list, struct epmt_error *err) {
    size_t len;

    for (list += strspn(list, BLANKS); *list; list += len, list += strspn(list, BLANKS)) {
        len = item_len(list);
        if (add_item(hosts, "", list, len, err))
            return -1;
    }
    return 0;
}

int epmt_hosts_add_file(struct epmt_hosts *hosts, const char *path, struct epmt_error *err) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t cap = 0;
    int status = 0;

    if (!file)
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot read the hosts in %s", path);
    while (!status && getline(&line, &cap, file) >= 0) {
        size_t len = strcspn(line, " \t\r\n");
        if (len)
            status = epmt_hosts_add(hosts, line, len, err);
    }
    if (!status && ferror(file))
        status = epmt_errf(err, EPMT_ERR_IO, "cannot read the hosts in %s", path);
    free(line);
    fclose(file);
    return status;
}

int epmt_hosts_add_scheduled(struct epmt_hosts *hosts, char *const *envp, struct epmt_error *err) {
    static const struct {
        const char *variable;
        int (*add)(struct epmt_hosts *, const char *, struct epmt_error *);
    } rows[] = {
#define ROW(variable, kind) {#variable, epmt_hosts_add_##kind},
        EPMT_HOSTS_VARIABLES(ROW)
#undef ROW
    };

    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *value = epmt_environment_get(envp, rows[i].variable);
        if (value && *value)
            return rows[i].add(hosts, value, err);
    }
    return 0;
}

static bool is_same(const char *name, const char *own) {
    size_t len = strcspn(name, "."), own_len = strcspn(own, ".");

    // Of two full names all must be the same.
    return !strcmp(name, own) ||
           (len == own_len && !strncmp(name, own, len) && (!name[len] || !own[own_len]));
}

static int compare(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void epmt_hosts_finish(struct epmt_hosts *hosts) {
    char own[NAME_LEN_MAX + 1] = "";
    size_t kept = 0;

    gethostname(own, sizeof own - 1);
    if (hosts->count)
        qsort(hosts->at, hosts->count, sizeof *hosts->at, compare);
    for (size_t i = 0; i < hosts->count; i++) {
        if (is_same(hosts->at[i], own) || is_same(hosts->at[i], "localhost") ||
            (kept && !strcmp(hosts->at[i], hosts->at[kept - 1])))
            free(hosts->at[i]);
        else
            hosts->at[kept++] = hosts->at[i];
    }
    hosts->count = kept;
}
