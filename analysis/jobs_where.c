// SPDX-License-Identifier: Apache-2.0
// Every text of the user is a parameter; only numbers and names of ours become part of the SQL.
#include "analysis/jobs_where.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 4

int epmt_jobs_where_bind(struct epmt_jobs_where *where, const char *text, size_t len) {
    char *copy = where->count < EPMT_DB_PARAMETERS_MAX ? strndup(text, len) : NULL;

    if (!copy) {
        where->failed = true;
        return 1;
    }
    where->parameters[where->count++] = copy;
    return where->count;
}

static void begin(struct epmt_jobs_where *where) {
    epmt_strbuf_puts(&where->sql, where->sql.len ? " AND " : " WHERE ");
}

static int bind_pattern(struct epmt_jobs_where *where, const char *text, size_t len,
                        bool anywhere) {
    struct epmt_strbuf pattern = {0};

    if (anywhere)
        epmt_strbuf_puts(&pattern, "%");
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!anywhere && (c == '*' || c == '?'))
            epmt_strbuf_puts(&pattern, c == '*' ? "%" : "_");
        else if (strchr("%_\\", c))
            epmt_strbuf_printf(&pattern, "\\%c", c);
        else
            epmt_strbuf_printf(&pattern, "%c", anywhere && c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    if (anywhere)
        epmt_strbuf_puts(&pattern, "%");
    where->failed |= pattern.failed;
    int number =
        epmt_jobs_where_bind(where, epmt_strbuf_text(&pattern), pattern.failed ? 0 : pattern.len);
    epmt_strbuf_free(&pattern);
    return number;
}

// A word is looked for in whatever case; one of ASCII, for that is all that both databases fold.
static void add_word(struct epmt_jobs_where *where, const char *word, size_t len) {
    static const char *const columns[] = {"jobid", "jobname", "user", "tags", "hostname", "uuid"};
    int number = bind_pattern(where, word, len, true);

    begin(where);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        epmt_strbuf_printf(&where->sql, "%s lower(j.\"%s\") LIKE $%d ESCAPE '\\'", i ? " OR" : "(",
                           columns[i], number);
    epmt_strbuf_puts(&where->sql, ")");
}

static void add_words(struct epmt_jobs_where *where, const char *text) {
    for (int i = 0; i < WORDS_MAX; i++) {
        text += strspn(text, " ");
        // The last one is the rest.
        size_t len = i < WORDS_MAX - 1 ? strcspn(text, " ") : strlen(text);
        if (!len)
            return;
        add_word(where, text, len);
        text += len;
    }
}

// Equality, which an index can find, where there is nothing else to it.
static void add_match(struct epmt_jobs_where *where, const char *before, const char *text,
                      const char *after) {
    bool exact = !strpbrk(text, "*?");
    int number = exact ? epmt_jobs_where_bind(where, text, strlen(text))
                       : bind_pattern(where, text, strlen(text), false);

    begin(where);
    epmt_strbuf_printf(&where->sql, exact ? "%s = $%d%s" : "%s LIKE $%d ESCAPE '\\'%s", before,
                       number, after);
}

static void add_tag(struct epmt_jobs_where *where, const char *tag) {
    const char *colon = strchr(tag, ':');
    int key = epmt_jobs_where_bind(where, tag, colon ? (size_t)(colon - tag) : strlen(tag));

    begin(where);
    epmt_strbuf_printf(&where->sql,
                       "j.\"id\" IN (SELECT \"job_id\" FROM \"job_tags\" WHERE \"key\" = $%d", key);
    if (colon)
        epmt_strbuf_printf(&where->sql, " AND \"value\" = $%d",
                           epmt_jobs_where_bind(where, colon + 1, strlen(colon + 1)));
    epmt_strbuf_puts(&where->sql, ")");
}

static const struct {
    const char *name, *sql;
} states[] = {
    {"failed", "(coalesce(j.\"failed\", 0) > 0 OR coalesce(j.\"exitcode\", 0) <> 0)"},
    {"good", "(coalesce(j.\"failed\", 0) = 0 AND coalesce(j.\"exitcode\", 0) = 0 AND "
             "j.\"ended\" = 1)"},
    {"incomplete", "j.\"complete\" = 0"},
    {"running", "j.\"ended\" = 0"},
};

static int add_state(struct epmt_jobs_where *where, const char *state, struct epmt_error *err) {
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (!strcmp(states[i].name, state)) {
            begin(where);
            epmt_strbuf_puts(&where->sql, states[i].sql);
            return 0;
        }
    }
    return epmt_errf(err, EPMT_ERR_USAGE,
                     "a job is failed, good, incomplete or running, and not %s", state);
}

#define OF_PROCESSES(column) \
    "j.\"id\" IN (SELECT p.\"job_id\" FROM \"processes\" p WHERE p.\"" column "\""

int epmt_jobs_where_make(struct epmt_jobs_where *where, const struct epmt_jobs_asked *asked,
                         struct epmt_error *err) {
    *where = (struct epmt_jobs_where){.count = 0};
    if (asked->state && add_state(where, asked->state, err))
        return -1;
    if (asked->from || asked->to) {
        begin(where);
        epmt_strbuf_printf(&where->sql, "j.\"start\" >= %lld", (long long)asked->from);
    }
    if (asked->to)
        epmt_strbuf_printf(&where->sql, " AND j.\"start\" < %lld", (long long)asked->to);
    if (asked->user)
        add_match(where, "j.\"user\"", asked->user, "");
    if (asked->name)
        add_match(where, "j.\"jobname\"", asked->name, "");
    if (asked->program)
        add_match(where, OF_PROCESSES("exename"), asked->program, ")");
    if (asked->host)
        add_match(where, OF_PROCESSES("hostname"), asked->host, ")");
    for (int i = 0; asked->tags[i]; i++)
        add_tag(where, asked->tags[i]);
    if (asked->search)
        add_words(where, asked->search);
    return where->failed || where->sql.failed
               ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory, or too much is asked for")
               : 0;
}

void epmt_jobs_where_free(struct epmt_jobs_where *where) {
    for (int i = 0; i < where->count; i++)
        free((char *)(uintptr_t)where->parameters[i]);
    epmt_strbuf_free(&where->sql);
    where->count = 0;
}
