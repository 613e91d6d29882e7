// SPDX-License-Identifier: Apache-2.0
// Which events are wanted here, and which of them cannot be counted.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/events_ask.h"

static void add_list(struct epmt_strbuf *list, const char *more) {
    struct epmt_bytes name;

    while (epmt_events_next(&more, &name)) {
        if (epmt_events_has(epmt_strbuf_text(list), name))
            continue;
        if (list->len)
            epmt_strbuf_puts(list, ",");
        epmt_strbuf_add(list, name.data, name.len);
    }
}

// PATTERN=EVENT,EVENT;PATTERN=...: the events of the first pattern that matches.
static void add_matching(struct epmt_strbuf *list, const char *rules, const char *name) {
    char *copy = strdup(rules), *rest = copy;

    for (char *rule = strsep(&rest, ";"); rule; rule = strsep(&rest, ";")) {
        char *equals = strchr(rule, '=');
        if (!equals)
            continue;
        *equals = '\0';
        rule += strspn(rule, " \t");
        rule[strcspn(rule, " \t")] = '\0';
        if (!epmt_matches_any(rule, name))
            continue;
        add_list(list, equals + 1);
        break;
    }
    free(copy);
}

// family/model/stepping of the first CPU, as /proc/cpuinfo has them; "" where it has none.
static void find_cpu(char *cpu, size_t cap) {
    static const char *const names[] = {"cpu family", "model", "stepping"};
    unsigned values[3];
    unsigned found = 0;
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "re");

    *cpu = '\0';
    while (file && found < 3 && fgets(line, sizeof line, file)) {
        size_t len = strlen(names[found]);
        const char *colon = strchr(line, ':');
        if (colon && !strncmp(line, names[found], len) && (line[len] == '\t' || line[len] == ':'))
            values[found++] = (unsigned)strtoul(colon + 1, NULL, 10);
    }
    if (file)
        fclose(file);
    if (found == 3)
        epmt_fmt(cpu, cap, "%u/%u/%u", values[0], values[1], values[2]);
}

void epmt_events_wanted(const struct epmt_cli *cli, struct epmt_strbuf *list) {
    char name[256] = "";

    add_list(list, cli->settings.events);
    if (*cli->settings.events_byhost && !gethostname(name, sizeof name - 1))
        add_matching(list, cli->settings.events_byhost, name);
    if (!*cli->settings.events_bycpu)
        return;
    find_cpu(name, sizeof name);
    add_matching(list, cli->settings.events_bycpu, name);
}

bool epmt_events_need_papi(const char *list) {
    struct epmt_bytes name;

    while (epmt_events_next(&list, &name)) {
        if (epmt_event_is_papi(name))
            return true;
    }
    return false;
}

int epmt_events_check(const struct epmt_cli *cli, const char *list, epmt_events_problem_f problem,
                      void *context, struct epmt_error *err) {
    enum { NAME, REASON = 7, TOGETHER, COUNT };
    struct epmt_strbuf answer = {0};
    int found = 0;

    if (!*list)
        return 0;
    if (epmt_events_ask(cli, "check", list, &answer, err)) {
        epmt_strbuf_free(&answer);
        return -1;
    }
    char *rest = answer.data;
    for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n")) {
        char *fields[COUNT];
        if (epmt_events_fields(line, fields, COUNT) < COUNT)
            continue;
        const char *reason = *fields[REASON] ? fields[REASON] : fields[TOGETHER];
        if (!*reason)
            continue;
        problem(context, fields[NAME], reason);
        found++;
    }
    epmt_strbuf_free(&answer);
    return found;
}
