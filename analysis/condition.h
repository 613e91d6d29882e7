// SPDX-License-Identifier: Apache-2.0
// A condition on a column, as people write it: user=a*, duration_s>=2.
#ifndef EPMT_ANALYSIS_CONDITION_H
#define EPMT_ANALYSIS_CONDITION_H

#include "analysis/selection.h"

// X(name, how it is written); the longer ones first.
#define EPMT_RELATIONS(X) \
    X(NOT, "!=") X(LEAST, ">=") X(MOST, "<=") X(IS, "=") X(MORE, ">") X(LESS, "<")

enum epmt_relation {
#define EPMT_RELATION_ENUM(name, text) EPMT_RELATION_##name,
    EPMT_RELATIONS(EPMT_RELATION_ENUM)
#undef EPMT_RELATION_ENUM
        EPMT_RELATION_COUNT
};

// What stands in a column: of texts and of whole numbers patterns can be looked for (see
// epmt_match_add).
enum epmt_content { EPMT_CONTENT_TEXT, EPMT_CONTENT_WHOLE, EPMT_CONTENT_NUMBER };

struct epmt_condition {
    const char *column, *value;
    enum epmt_relation relation;
};

// Takes word apart, which is changed. False: it is no condition.
bool epmt_condition_parse(char *word, struct epmt_condition *condition);

// Appends that the expression fulfils the condition: numbers are compared as numbers. Returns 0 or
// -1 with err (USAGE: the column has numbers, and the value is none).
int epmt_condition_add(struct epmt_strbuf *sql, struct epmt_parameters *parameters,
                       const char *expression, enum epmt_content content,
                       const struct epmt_condition *condition, struct epmt_error *err);

#endif
