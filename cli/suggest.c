// SPDX-License-Identifier: Apache-2.0
#include "cli/suggest.h"

#include <string.h>

#include "common/fmt.h"

enum { NAME_LEN_MAX = 48 };

void epmt_suggest_init(struct epmt_suggestion *suggestion, const char *word, size_t len) {
    *suggestion = (struct epmt_suggestion){.word = word, .len = len};
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

// How many letters must be typed, left out, replaced or swapped with their neighbour.
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len) {
    size_t rows[3][NAME_LEN_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b_len; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_len];
}

void epmt_suggest_try(struct epmt_suggestion *suggestion, const char *name) {
    size_t len = strlen(name);

    if (!suggestion->len || suggestion->len > NAME_LEN_MAX || len > NAME_LEN_MAX)
        return;
    size_t found = distance(suggestion->word, suggestion->len, name, len);
    // Who stopped early, or says more than the name, meant it more likely than one as far away.
    size_t common = least(len, suggestion->len);
    if (common >= 3 && !strncmp(name, suggestion->word, common))
        found = least(found, 1);
    if (!suggestion->best || found < suggestion->distance) {
        suggestion->best = name;
        suggestion->distance = found;
    }
}

const char *epmt_suggest_best(const struct epmt_suggestion *suggestion) {
    size_t limit = suggestion->len <= 2 ? 1 : (suggestion->len + 2) / 3;

    return suggestion->best && suggestion->distance <= limit ? suggestion->best : NULL;
}

char *epmt_suggest_text(const struct epmt_suggestion *suggestion, const char *before,
                        char text[EPMT_SUGGEST_MAX]) {
    const char *best = epmt_suggest_best(suggestion);

    text[0] = '\0';
    if (best)
        epmt_fmt(text, EPMT_SUGGEST_MAX, "; did you mean %s%s?", before, best);
    return text;
}
