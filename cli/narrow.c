// SPDX-License-Identifier: Apache-2.0
#include "cli/narrow.h"

#include <stdlib.h>
#include <string.h>

#include "storage/strbuf.h"

static const struct epmt_filter *in_use;

// Texts of queries, as long as the program runs.
static struct text {
    struct text *next;
    char text[];
} * texts;

static char *keep_text(const char *string) {
    size_t len = strlen(string);

    for (struct text *old = texts; old; old = old->next) {
        if (!strcmp(old->text, string))
            return old->text;
    }
    struct text *fresh = malloc(sizeof *fresh + len + 1);
    if (!fresh)
        return NULL;
    memcpy(fresh->text, string, len + 1);
    fresh->next = texts;
    texts = fresh;
    return fresh->text;
}

void epmt_filter_use(const struct epmt_filter *filter) {
    in_use = filter;
}

const struct epmt_filter *epmt_filter_in_use(void) {
    return in_use;
}

bool epmt_filter_lacks(const char *const *names, int count, const char **missing) {
    for (int i = 0; in_use && i < in_use->count; i++) {
        int at = 0;
        while (at < count && strcmp(names[at], in_use->columns[i]) != 0)
            at++;
        if (at == count) {
            *missing = in_use->columns[i];
            return true;
        }
    }
    return false;
}

char *epmt_filter_pattern(const char *value) {
    struct epmt_strbuf text = {0};

    for (; *value; value++) {
        if (*value == '*' || *value == '?')
            epmt_strbuf_puts(&text, *value == '*' ? "%" : "_");
        else
            epmt_strbuf_printf(&text, strchr("%_\\", *value) ? "\\%c" : "%c", *value);
    }
    if (!text.data)
        epmt_strbuf_puts(&text, "");
    if (text.failed)
        epmt_strbuf_free(&text);
    return text.data;
}

const char *epmt_filter_query(const char *sql, int first) {
    struct epmt_strbuf query = {0};

    epmt_strbuf_printf(&query, "SELECT * FROM (%s) narrowed", sql);
    for (int i = 0; i < in_use->count; i++)
        epmt_strbuf_printf(&query, "%s CAST(\"%s\" AS TEXT) LIKE $%d ESCAPE '\\'",
                           i ? " AND" : " WHERE", in_use->columns[i], first + i);
    if (in_use->limit >= 0)
        epmt_strbuf_printf(&query, " LIMIT %ld", (long)in_use->limit);
    const char *text = query.failed ? NULL : keep_text(epmt_strbuf_text(&query));
    epmt_strbuf_free(&query);
    return text;
}
