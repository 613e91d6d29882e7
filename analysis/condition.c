// SPDX-License-Identifier: Apache-2.0
#include "analysis/condition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"

static const char *const relations[EPMT_RELATION_COUNT] = {
#define RELATION(name, text) text,
    EPMT_RELATIONS(RELATION)
#undef RELATION
};

bool epmt_condition_parse(char *word, struct epmt_condition *condition) {
    char *at = strpbrk(word, "=<>!");

    if (!at || at == word)
        return false;
    for (int i = 0; i < EPMT_RELATION_COUNT; i++) {
        size_t len = strlen(relations[i]);
        if (strncmp(at, relations[i], len) != 0)
            continue;
        *condition = (struct epmt_condition){word, at + len, (enum epmt_relation)i};
        *at = '\0';
        return true;
    }
    return false;
}

static const char *operator_of(enum epmt_relation relation) {
    return relation == EPMT_RELATION_NOT ? "<>" : relations[relation];
}

// A pattern, or a text of which there is one alone.
static void add_match(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                      const char *expression, const struct epmt_condition *condition) {
    bool not = condition->relation == EPMT_RELATION_NOT;

    epmt_strbuf_puts(sql, not ? "NOT (" : "");
    epmt_match_add(sql, parameters, expression, condition->value);
    epmt_strbuf_puts(sql, not ? ")" : "");
}

static void add_text(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                     const char *expression, const struct epmt_condition *condition) {
    const char *value = condition->value;

    if (condition->relation == EPMT_RELATION_IS || condition->relation == EPMT_RELATION_NOT)
        add_match(sql, parameters, expression, condition);
    else
        epmt_strbuf_printf(sql, "%s %s $%d", expression, operator_of(condition->relation),
                           epmt_parameters_add(parameters, epmt_db_text(value, strlen(value))));
}

// In decimals, of any spelling.
static bool parse_number(const char *text, struct epmt_db_value *value) {
    char *end;
    int64_t whole;

    if (epmt_parse_whole_i64(text, &whole)) {
        *value = epmt_db_int(whole);
        return true;
    }
    double real = strtod(text, &end);
    if (!*text || *end || text[strspn(text, "0123456789+-.eE")] || !isfinite(real))
        return false;
    // What both databases compare with an index where it can be.
    *value = real == trunc(real) && fabs(real) < 9007199254740992.0
                 ? epmt_db_int((int64_t)real)
                 : (struct epmt_db_value){.kind = EPMT_DB_REAL, .r = real};
    return true;
}

static int add_number(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                      const char *expression, const struct epmt_condition *condition,
                      struct epmt_error *err) {
    struct epmt_db_value value;

    if (!parse_number(condition->value, &value))
        return epmt_errf(err, EPMT_ERR_USAGE, "%s is a number, and %s is none", condition->column,
                         *condition->value ? condition->value : "an empty text");
    // PostgreSQL would make a binary fraction of a decimal one to compare it with a real number.
    bool decimal = value.kind == EPMT_DB_REAL && parameters->dialect == EPMT_DIALECT_POSTGRESQL;
    int n = epmt_parameters_add(parameters, value);
    epmt_strbuf_printf(sql, decimal ? "%s %s CAST($%d AS NUMERIC)" : "%s %s $%d", expression,
                       operator_of(condition->relation), n);
    return 0;
}

int epmt_condition_add(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                       const char *expression, enum epmt_content content,
                       const struct epmt_condition *condition, struct epmt_error *err) {
    struct epmt_strbuf as_text = {0};

    if (content == EPMT_CONTENT_TEXT) {
        add_text(sql, parameters, expression, condition);
        return 0;
    }
    if (content == EPMT_CONTENT_NUMBER || !strpbrk(condition->value, "*?"))
        return add_number(sql, parameters, expression, condition, err);
    epmt_strbuf_printf(&as_text, "CAST(%s AS TEXT)", expression);
    add_match(sql, parameters, epmt_strbuf_text(&as_text), condition);
    sql->failed |= as_text.failed;
    epmt_strbuf_free(&as_text);
    return 0;
}
