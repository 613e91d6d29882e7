// SPDX-License-Identifier: Apache-2.0
// The nearest of the names that there are, for somebody who has mistyped one.
#ifndef EPMT_CLI_SUGGEST_H
#define EPMT_CLI_SUGGEST_H

#include <stddef.h>

struct epmt_suggestion {
    const char *word;
    size_t len;
    const char *best; // so far
    size_t distance;
};

void epmt_suggest_init(struct epmt_suggestion *suggestion, const char *word, size_t len);

// Looks at one of the names, which stays the caller's.
void epmt_suggest_try(struct epmt_suggestion *suggestion, const char *name);

// The name that is near enough to be meant, or NULL.
const char *epmt_suggest_best(const struct epmt_suggestion *suggestion);

// Room for the part of an error's text that tells it.
#define EPMT_SUGGEST_MAX 96

// Writes "; did you mean <name>?" to text, or nothing where no name is near; returns text.
char *epmt_suggest_text(const struct epmt_suggestion *suggestion, const char *before,
                        char text[EPMT_SUGGEST_MAX]);

#endif
