// SPDX-License-Identifier: Apache-2.0
// Lists, from the JSON in which a job file has them back to their items.
#include <string.h>

#include "storage/jobfile_scan.h"

struct cursor {
    const char *at, *end;
};

static void skip_blanks(struct cursor *c) {
    while (c->at < c->end && strchr(" \t\r\n", *c->at) && *c->at)
        c->at++;
}

static bool take(struct cursor *c, char expected) {
    skip_blanks(c);
    if (c->at == c->end || *c->at != expected)
        return false;
    c->at++;
    return true;
}

static int hex4(struct cursor *c) {
    int value = 0;

    if (c->end - c->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char digit = *c->at++;
        value <<= 4;
        if (digit >= '0' && digit <= '9')
            value |= digit - '0';
        else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
            value |= (digit | 0x20) - 'a' + 10;
        else
            return -1;
    }
    return value;
}

static void add_character(struct epmt_strbuf *list, uint32_t code) {
    char bytes[4];
    size_t len = 0;

    if (code < 0x80) {
        bytes[len++] = (char)code;
    } else if (code < 0x800) {
        bytes[len++] = (char)(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        bytes[len++] = (char)(0xe0 | code >> 12);
        bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
    } else {
        bytes[len++] = (char)(0xf0 | code >> 18);
        bytes[len++] = (char)(0x80 | (code >> 12 & 0x3f));
        bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
    }
    if (code >= 0x80)
        bytes[len++] = (char)(0x80 | (code & 0x3f));
    epmt_strbuf_add(list, bytes, len);
}

// What follows \u.
static bool take_unicode(struct cursor *c, struct epmt_strbuf *list) {
    int code = hex4(c);

    if (code <= 0) // an item of a list cannot hold a NUL
        return false;
    if (code >= 0xd800 && code < 0xdc00) {
        if (c->end - c->at < 2 || c->at[0] != '\\' || c->at[1] != 'u')
            return false;
        c->at += 2;
        int low = hex4(c);
        if (low < 0xdc00 || low > 0xdfff)
            return false;
        add_character(list, 0x10000 + ((uint32_t)(code - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
        return true;
    }
    if (code >= 0xdc00 && code < 0xe000) {
        char byte = (char)(code - 0xdc00);
        if (code < 0xdc80 || code > 0xdcff)
            return false;
        epmt_strbuf_add(list, &byte, 1);
        return true;
    }
    add_character(list, (uint32_t)code);
    return true;
}

static bool take_escape(struct cursor *c, struct epmt_strbuf *list) {
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";

    if (c->at == c->end || !*c->at)
        return false;
    char name = *c->at++;
    if (name == 'u')
        return take_unicode(c, list);
    const char *known = strchr(names, name);
    if (!known)
        return false;
    epmt_strbuf_add(list, &meanings[known - names], 1);
    return true;
}

static bool take_string(struct cursor *c, struct epmt_strbuf *list) {
    if (!take(c, '"'))
        return false;
    while (c->at < c->end && *c->at != '"') {
        const char *from = c->at;
        while (c->at < c->end && *c->at != '"' && *c->at != '\\' && *c->at)
            c->at++;
        epmt_strbuf_add(list, from, (size_t)(c->at - from));
        if (c->at == c->end || *c->at == '"')
            continue;
        if (*c->at++ != '\\' || !take_escape(c, list))
            return false;
    }
    epmt_strbuf_add(list, "", 1);
    return take(c, '"');
}

int epmt_list_from_json(struct epmt_strbuf *list, struct epmt_bytes json) {
    struct cursor c = {json.data, json.data + json.len};

    if (!take(&c, '['))
        return -1;
    if (!take(&c, ']')) {
        do {
            if (!take_string(&c, list))
                return -1;
        } while (take(&c, ','));
        if (!take(&c, ']'))
            return -1;
    }
    skip_blanks(&c);
    return c.at == c.end && !list->failed ? 0 : -1;
}
