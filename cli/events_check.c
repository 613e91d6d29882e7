// SPDX-License-Identifier: Apache-2.0
// Which events are wanted here, and which of them cannot be counted.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/events_ask.h"
#include "cli/thishost.h"

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

void epmt_events_wanted(const struct epmt_cli *cli, struct epmt_strbuf *list) {
    char name[EPMT_PLACE_MAX];

    add_list(list, cli->settings.events);
    if (*cli->settings.events_byhost)
        add_matching(list, cli->settings.events_byhost, epmt_host_name(name));
    if (*cli->settings.events_bycpu)
        add_matching(list, cli->settings.events_bycpu, epmt_cpu_name(name));
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
