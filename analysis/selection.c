// SPDX-License-Identifier: Apache-2.0
#include "analysis/selection.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"

#define VALUES_MAX \
    ((int)(sizeof((struct epmt_parameters *)0)->values / sizeof(struct epmt_db_value)))
#define PATTERNS_MAX ((int)(sizeof((struct epmt_parameters *)0)->patterns / sizeof(char *)))

int epmt_parameters_add(struct epmt_parameters *parameters, struct epmt_db_value value) {
    if (parameters->count == VALUES_MAX) {
        parameters->failed = true;
        return 1;
    }
    parameters->values[parameters->count++] = value;
    return parameters->count;
}

void epmt_parameters_free(struct epmt_parameters *parameters) {
    for (int i = 0; i < parameters->pattern_count; i++)
        free(parameters->patterns[i]);
    parameters->count = parameters->pattern_count = 0;
}

// A pattern as GLOB (SQLite) or LIKE (PostgreSQL) takes it. In SQLite LIKE makes small letters and
// large ones the same.
static void add_pattern(struct epmt_strbuf *text, enum epmt_dialect dialect, const char *pattern) {
    bool like = dialect == EPMT_DIALECT_POSTGRESQL;

    for (; *pattern; pattern++) {
        if (like && (*pattern == '*' || *pattern == '?'))
            epmt_strbuf_puts(text, *pattern == '*' ? "%" : "_");
        else if (like && strchr("%_\\", *pattern))
            epmt_strbuf_printf(text, "\\%c", *pattern);
        else if (!like && *pattern == '[')
            epmt_strbuf_puts(text, "[[]");
        else
            epmt_strbuf_add(text, pattern, 1);
    }
}

void epmt_match_add(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                    const char *expression, const char *pattern) {
    struct epmt_strbuf text = {0};

    if (!strpbrk(pattern, "*?")) {
        epmt_strbuf_printf(sql, "%s = $%d", expression,
                           epmt_parameters_add(parameters, epmt_db_text(pattern, strlen(pattern))));
        return;
    }
    add_pattern(&text, parameters->dialect, pattern);
    if (text.failed || parameters->pattern_count == PATTERNS_MAX) {
        epmt_strbuf_free(&text);
        parameters->failed = true;
        return;
    }
    parameters->patterns[parameters->pattern_count++] = text.data;
    int n = epmt_parameters_add(parameters, epmt_db_text(text.data, text.len));
    epmt_strbuf_printf(sql,
                       parameters->dialect == EPMT_DIALECT_SQLITE ? "%s GLOB $%d" : "%s LIKE $%d",
                       expression, n);
}

// A program or host by its name is one look into an index per job; a pattern is looked for once.
static void add_of_processes(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                             const char *column, const char *pattern) {
    if (!pattern)
        return;
    bool exact = !strpbrk(pattern, "*?");
    epmt_strbuf_puts(sql, exact ? " AND EXISTS (SELECT 1 FROM \"processes\" p WHERE "
                                  "p.\"job_id\" = j.\"id\" AND "
                                : " AND j.\"id\" IN (SELECT p.\"job_id\" FROM \"processes\" p "
                                  "WHERE ");
    epmt_match_add(sql, parameters, column, pattern);
    epmt_strbuf_puts(sql, ")");
}

static void add_tag(struct epmt_strbuf *sql, struct epmt_parameters *parameters, const char *tag) {
    const char *colon = strchr(tag, ':');
    size_t len = colon ? (size_t)(colon - tag) : strlen(tag);

    epmt_strbuf_printf(sql,
                       " AND j.\"id\" IN (SELECT t.\"job_id\" FROM \"job_tags\" t WHERE "
                       "t.\"key\" = $%d",
                       epmt_parameters_add(parameters, epmt_db_text(tag, len)));
    if (colon) {
        epmt_strbuf_puts(sql, " AND ");
        epmt_match_add(sql, parameters, "t.\"value\"", colon + 1);
    }
    epmt_strbuf_puts(sql, ")");
}

static void add_tags(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                     const struct epmt_selection *selection) {
    for (int i = 0; i < selection->tag_count; i++)
        add_tag(sql, parameters, selection->tags[i]);
    if (selection->exact_tags)
        epmt_strbuf_printf(sql,
                           " AND (SELECT count(*) FROM \"job_tags\" t WHERE t.\"job_id\" = "
                           "j.\"id\") = %d",
                           selection->tag_count);
}

static void add_end(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                    const struct epmt_selection *selection) {
    static const char *const conditions[] = {
        [EPMT_END_any] = "",
        [EPMT_END_ok] = " AND coalesce(j.\"ended\", 1) = 1 AND " EPMT_SELECTION_FAILED " = 0",
        [EPMT_END_failed] = " AND " EPMT_SELECTION_FAILED " = 1",
        [EPMT_END_failures] = " AND j.\"failed\" > 0",
        [EPMT_END_running] = " AND j.\"ended\" = 0",
        [EPMT_END_incomplete] = " AND j.\"complete\" = 0",
    };

    if (selection->end != EPMT_END_code)
        epmt_strbuf_puts(sql, conditions[selection->end]);
    else
        epmt_strbuf_printf(sql, " AND j.\"exitcode\" = $%d",
                           epmt_parameters_add(parameters, epmt_db_int(selection->exitcode)));
}

static void add_time(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                     const char *condition, int64_t time) {
    if (time)
        epmt_strbuf_printf(sql, " AND %s $%d", condition,
                           epmt_parameters_add(parameters, epmt_db_int(time)));
}

static void add_jobs(struct epmt_strbuf *sql, const struct epmt_selection *selection) {
    if (!selection->jobs)
        return;
    epmt_strbuf_puts(sql, " AND j.\"id\" IN (");
    for (size_t i = 0; i < selection->job_count; i++)
        epmt_strbuf_printf(sql, "%s%" PRId64, i ? ", " : "", selection->jobs[i]);
    epmt_strbuf_puts(sql, selection->job_count ? ")" : "NULL)");
}

void epmt_selection_add(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                        const struct epmt_selection *selection) {
    const char *const columns[] = {"j.\"user\"", "j.\"jobname\""};
    const char *const patterns[] = {selection->user, selection->name};

    epmt_strbuf_puts(sql, "SELECT j.\"id\" FROM \"jobs\" j WHERE j.\"id\" IS NOT NULL");
    add_jobs(sql, selection);
    for (int i = 0; i < 2; i++) {
        if (!patterns[i])
            continue;
        epmt_strbuf_puts(sql, " AND ");
        epmt_match_add(sql, parameters, columns[i], patterns[i]);
    }
    add_tags(sql, parameters, selection);
    add_of_processes(sql, parameters, "p.\"hostname\"", selection->host);
    add_of_processes(sql, parameters, "p.\"exename\"", selection->program);
    add_end(sql, parameters, selection);
    add_time(sql, parameters, "j.\"start\" >=", selection->after);
    // What ended before then began before then: the index on start helps.
    add_time(sql, parameters, "j.\"start\" <", selection->before);
    add_time(sql, parameters, "coalesce(j.\"end\", j.\"start\") <", selection->before);
    add_time(sql, parameters, "j.\"start\" <", selection->running_to);
    add_time(sql, parameters, "coalesce(j.\"end\", j.\"start\") >", selection->running_from);
}

bool epmt_selection_is_all(const struct epmt_selection *selection) {
    return !selection->user && !selection->name && !selection->host && !selection->program &&
           !selection->tag_count && !selection->exact_tags && selection->end == EPMT_END_any &&
           !selection->after && !selection->before && !selection->running_to && !selection->jobs;
}

int epmt_selection_parse_end(struct epmt_selection *selection, const char *text,
                             struct epmt_error *err) {
    static const char *const names[] = {
#define NAME(name) #name,
        EPMT_ENDS(NAME)
#undef NAME
    };

    for (int i = EPMT_END_any + 1; i < EPMT_END_code; i++) {
        if (!strcmp(text, names[i])) {
            selection->end = (enum epmt_end)i;
            return 0;
        }
    }
    if (!epmt_parse_whole_i64(text, &selection->exitcode))
        return epmt_errf(err, EPMT_ERR_USAGE,
                         "jobs end ok, failed, failures, running, incomplete or with an exit code, "
                         "not %s",
                         text);
    selection->end = EPMT_END_code;
    return 0;
}

bool epmt_reason_is_failure(const char *reason) {
    static const char *const names[] = {
#define NAME(name) #name,
        EPMT_ENDED_BY_SCHEDULER(NAME)
#undef NAME
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(reason, names[i]))
            return true;
    }
    return !strncmp(reason, "signal", 6) || !strcmp(reason, "killed");
}

int epmt_selection_query(struct epmt_db *db, const struct epmt_strbuf *sql,
                         const struct epmt_parameters *parameters, bool header, epmt_db_row_f row,
                         void *context, struct epmt_error *err) {
    const char *kept =
        sql->failed || parameters->failed ? NULL : epmt_db_keep(db, epmt_strbuf_text(sql));

    if (!kept)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory, or too many conditions");
    return db->backend->query(db, kept, parameters->values, parameters->count, header, row, context,
                              err);
}
