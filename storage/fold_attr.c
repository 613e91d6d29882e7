// SPDX-License-Identifier: Apache-2.0
// Attributes of a job: facts by scope and key, and the rule that says which of two values stands.
#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"
#include "storage/envfilter.h"
#include "storage/fold_priv.h"

// A job has some hundreds; more than this is no job but damage.
#define ATTRIBUTES_MAX 100000

enum rule { RULE_BYTES, RULE_MIN, RULE_MAX };

static const struct {
    const char *key;
    enum rule rule;
} rules[] = {
    {"start", RULE_MIN},          {"submit", RULE_MIN},         {"end", RULE_MAX},
    {"stop", RULE_MAX},           {"exitcode", RULE_MAX},       {"ended", RULE_MAX},
    {"complete", RULE_MAX},       {"truncated", RULE_MAX},      {"restart", RULE_MAX},
    {"ranks_reported", RULE_MAX}, {"ranks_expected", RULE_MAX},
};

static struct epmt_bytes text_of(const char *string) {
    return (struct epmt_bytes){string, strlen(string)};
}

static bool equals(struct epmt_bytes bytes, const char *string) {
    return !epmt_bytes_compare(bytes, text_of(string));
}

static enum rule rule_of(struct epmt_bytes scope, struct epmt_bytes key) {
    if (!equals(scope, "job") && (scope.len < 5 || memcmp(scope.data, "step ", 5)))
        return RULE_BYTES;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (equals(key, rules[i].key))
            return rules[i].rule;
    }
    return RULE_BYTES;
}

bool epmt_bytes_to_number(struct epmt_bytes bytes, int64_t *number) {
    char text[24];

    if (!bytes.len || bytes.len >= sizeof text || memchr(bytes.data, '\0', bytes.len))
        return false;
    memcpy(text, bytes.data, bytes.len);
    text[bytes.len] = '\0';
    return epmt_parse_whole_i64(text, number);
}

// True where `fresh` takes the place of `there`. A strict order per rule, so that the order of
// adding has no say.
static bool replaces(enum rule rule, struct epmt_bytes fresh, struct epmt_bytes there) {
    int64_t a = 0, b = 0;

    if (rule != RULE_BYTES) {
        bool is_number = epmt_bytes_to_number(fresh, &a),
             was_number = epmt_bytes_to_number(there, &b);
        if (is_number != was_number)
            return is_number;
        if (is_number && a != b)
            return rule == RULE_MIN ? a < b : a > b;
    }
    return epmt_bytes_compare(fresh, there) > 0;
}

// Finds the place of an attribute. Returns whether it is there.
static bool find(const struct epmt_jobfold *fold, struct epmt_bytes scope, struct epmt_bytes key,
                 uint32_t *place) {
    const struct epmt_bytes *items = fold->texts.items;
    uint32_t low = 0, high = fold->attribute_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct epmt_fold_attribute *at = &fold->attributes[middle];
        int order = epmt_bytes_compare(items[at->scope], scope);
        if (!order)
            order = epmt_bytes_compare(items[at->key], key);
        if (!order) {
            *place = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *place = low;
    return false;
}

static int insert(struct epmt_jobfold *fold, uint32_t place, struct epmt_fold_attribute attribute,
                  struct epmt_error *err) {
    if (fold->attribute_count >= ATTRIBUTES_MAX)
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "a job with more than %d attributes",
                         ATTRIBUTES_MAX);
    if (fold->attribute_count == fold->attribute_cap) {
        uint32_t cap = fold->attribute_cap ? fold->attribute_cap * 2 : 64;
        struct epmt_fold_attribute *more = realloc(fold->attributes, cap * sizeof *more);
        if (!more)
            return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the attributes of a job");
        fold->attributes = more;
        fold->attribute_cap = cap;
    }
    memmove(fold->attributes + place + 1, fold->attributes + place,
            (fold->attribute_count - place) * sizeof attribute);
    fold->attributes[place] = attribute;
    fold->attribute_count++;
    return 0;
}

int epmt_fold_add_attribute(struct epmt_jobfold *fold, struct epmt_bytes scope,
                            struct epmt_bytes key, struct epmt_bytes value,
                            struct epmt_error *err) {
    uint32_t place;

    if (equals(scope, "env") || equals(scope, "env stop")) {
        enum epmt_env_verdict verdict = epmt_env_judge(key, value);
        if (verdict == EPMT_ENV_DROP)
            return 0;
        if (verdict == EPMT_ENV_HIDE)
            value = text_of(EPMT_ENV_HIDDEN);
    }
    bool there = find(fold, scope, key, &place);
    if (there &&
        !replaces(rule_of(scope, key), value, fold->texts.items[fold->attributes[place].value]))
        return 0;
    struct epmt_fold_attribute fresh = {
        .scope = epmt_texts_intern(&fold->texts, scope.data, scope.len),
        .key = epmt_texts_intern(&fold->texts, key.data, key.len),
        .value = epmt_texts_intern(&fold->texts, value.data, value.len),
    };
    if (fresh.scope == EPMT_FOLD_NOWHERE || fresh.key == EPMT_FOLD_NOWHERE ||
        fresh.value == EPMT_FOLD_NOWHERE)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the attributes of a job");
    if (!there)
        return insert(fold, place, fresh, err);
    fold->attributes[place] = fresh;
    return 0;
}

int epmt_fold_set_attribute(struct epmt_jobfold *fold, const char *scope, const char *key,
                            const char *value, struct epmt_error *err) {
    return epmt_fold_add_attribute(fold, text_of(scope), text_of(key), text_of(value), err);
}

void epmt_fold_drop_attribute(struct epmt_jobfold *fold, const char *scope, const char *key) {
    uint32_t place;

    if (!find(fold, text_of(scope), text_of(key), &place))
        return;
    fold->attribute_count--;
    memmove(fold->attributes + place, fold->attributes + place + 1,
            (fold->attribute_count - place) * sizeof *fold->attributes);
}

uint64_t epmt_fold_attribute_count(const struct epmt_jobfold *fold) {
    return fold->attribute_count;
}

void epmt_fold_attribute_at(const struct epmt_jobfold *fold, uint64_t i, struct epmt_bytes *scope,
                            struct epmt_bytes *key, struct epmt_bytes *value) {
    const struct epmt_fold_attribute *at = &fold->attributes[i];

    *scope = fold->texts.items[at->scope];
    *key = fold->texts.items[at->key];
    *value = fold->texts.items[at->value];
}

struct epmt_bytes epmt_fold_attribute(const struct epmt_jobfold *fold, const char *scope,
                                      const char *key) {
    uint32_t place;

    if (!find(fold, text_of(scope), text_of(key), &place))
        return (struct epmt_bytes){NULL, 0};
    return fold->texts.items[fold->attributes[place].value];
}

int64_t epmt_fold_attribute_number(const struct epmt_jobfold *fold, const char *scope,
                                   const char *key, int64_t otherwise) {
    struct epmt_bytes value = epmt_fold_attribute(fold, scope, key);
    int64_t number;

    return value.data && epmt_bytes_to_number(value, &number) ? number : otherwise;
}
