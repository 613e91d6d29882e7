// SPDX-License-Identifier: Apache-2.0
#include "storage/tags.h"

#include <stdlib.h>
#include <string.h>

struct epmt_bytes epmt_text_cut(struct epmt_bytes text, size_t max) {
    if (text.len <= max)
        return text;
    // A byte 10xxxxxx goes on a character.
    while (max && ((unsigned char)text.data[max] & 0xc0) == 0x80)
        max--;
    return (struct epmt_bytes){text.data, max};
}

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct epmt_bytes trim(struct epmt_bytes text) {
    while (text.len && is_blank(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

static int add(struct epmt_tags *tags, struct epmt_bytes pair) {
    const char *colon = memchr(pair.data, ':', pair.len);
    struct epmt_tag tag = {.key = trim(pair), .value = {"1", 1}};

    if (colon) {
        size_t len = (size_t)(colon - pair.data);
        tag.key = trim((struct epmt_bytes){pair.data, len});
        tag.value = trim((struct epmt_bytes){colon + 1, pair.len - len - 1});
    }
    tag.key = epmt_text_cut(tag.key, EPMT_TAG_KEY_MAX);
    tag.value = epmt_text_cut(tag.value, EPMT_TAG_VALUE_MAX);
    if (!tag.key.len)
        return 0;
    if (tags->count == tags->cap) {
        size_t cap = tags->cap ? tags->cap * 2 : 16;
        struct epmt_tag *grown = realloc(tags->tags, cap * sizeof *grown);
        if (!grown)
            return -1;
        tags->tags = grown;
        tags->cap = cap;
    }
    tags->tags[tags->count++] = tag;
    return 0;
}

static int by_key(const struct epmt_tag *a, const struct epmt_tag *b) {
    size_t len = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = memcmp(a->key.data, b->key.data, len);

    return order ? order : (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

// Equal keys in the order of the text.
static int by_key_and_place(const void *a, const void *b) {
    const struct epmt_tag *x = a, *y = b;
    int order = by_key(x, y);

    return order ? order : (x->key.data > y->key.data) - (x->key.data < y->key.data);
}

int epmt_tags_parse(struct epmt_tags *tags, struct epmt_bytes text) {
    const char *at = text.data, *end = text.data + text.len;
    size_t kept = 0;

    tags->count = 0;
    while (at < end) {
        const char *next = memchr(at, ';', (size_t)(end - at));
        size_t len = (size_t)((next ? next : end) - at);
        if (len && add(tags, (struct epmt_bytes){at, len}))
            return -1;
        at += len + 1;
    }
    if (tags->count)
        qsort(tags->tags, tags->count, sizeof *tags->tags, by_key_and_place);
    for (size_t i = 0; i < tags->count; i++) {
        if (i + 1 == tags->count || by_key(&tags->tags[i], &tags->tags[i + 1]))
            tags->tags[kept++] = tags->tags[i];
    }
    tags->count = kept;
    return 0;
}

void epmt_tags_free(struct epmt_tags *tags) {
    free(tags->tags);
    *tags = (struct epmt_tags){0};
}
