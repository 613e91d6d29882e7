// SPDX-License-Identifier: Apache-2.0
#include "storage/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void epmt_strbuf_free(struct epmt_strbuf *text) {
    free(text->data);
    *text = (struct epmt_strbuf){0};
}

void epmt_strbuf_reset(struct epmt_strbuf *text) {
    text->len = 0;
    text->failed = false;
    if (text->data)
        text->data[0] = '\0';
}

static bool make_room(struct epmt_strbuf *text, size_t more) {
    size_t needed;

    if (text->failed || __builtin_add_overflow(text->len, more, &needed) ||
        __builtin_add_overflow(needed, 1u, &needed))
        return false;
    if (needed <= text->cap)
        return true;
    size_t cap = needed < 64 ? 64 : needed + needed / 2;
    char *data = realloc(text->data, cap);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->cap = cap;
    return true;
}

void epmt_strbuf_add(struct epmt_strbuf *text, const char *bytes, size_t len) {
    if (!make_room(text, len))
        return;
    if (len)
        memcpy(text->data + text->len, bytes, len);
    text->len += len;
    text->data[text->len] = '\0';
}

void epmt_strbuf_puts(struct epmt_strbuf *text, const char *string) {
    epmt_strbuf_add(text, string, strlen(string));
}

void epmt_strbuf_printf(struct epmt_strbuf *text, const char *format, ...) {
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len >= 0 && make_room(text, (size_t)len)) {
        vsnprintf(text->data + text->len, (size_t)len + 1, format, again);
        text->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

const char *epmt_strbuf_text(const struct epmt_strbuf *text) {
    return text->len ? text->data : "";
}

static bool continuation(const unsigned char *p, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return false;
    }
    return true;
}

size_t epmt_utf8_len(const char *data, size_t len) {
    const unsigned char *p = (const unsigned char *)data;
    size_t count;

    if (!len)
        return 0;
    if (p[0] < 0x80)
        return 1;
    count = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len < count || !continuation(p, count))
        return 0;
    // Overlong forms, surrogates and what lies beyond U+10FFFF.
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return count;
}

static bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// Letters that would be taken for an escaped byte.
static bool looks_escaped(const char *data, size_t len) {
    return len >= 4 && data[0] == '\\' && data[1] == 'x' && is_hex_digit(data[2]) &&
           is_hex_digit(data[3]);
}

void epmt_strbuf_add_clean(struct epmt_strbuf *text, struct epmt_bytes bytes) {
    size_t from = 0, i = 0;

    while (i < bytes.len) {
        size_t count = epmt_utf8_len(bytes.data + i, bytes.len - i);
        if (count && bytes.data[i] && !looks_escaped(bytes.data + i, bytes.len - i)) {
            i += count;
            continue;
        }
        epmt_strbuf_add(text, bytes.data + from, i - from);
        epmt_strbuf_printf(text, "\\x%02x", (unsigned char)bytes.data[i]);
        from = ++i;
    }
    epmt_strbuf_add(text, bytes.data + from, i - from);
}

static void add_json_escape(struct epmt_strbuf *text, unsigned char byte) {
    if (byte == '"' || byte == '\\')
        epmt_strbuf_printf(text, "\\%c", byte);
    else if (byte == '\n')
        epmt_strbuf_add(text, "\\n", 2);
    else if (byte == '\t')
        epmt_strbuf_add(text, "\\t", 2);
    else
        epmt_strbuf_printf(text, "\\u%s%02x", byte < 0x80 ? "00" : "dc", byte);
}

void epmt_strbuf_add_json(struct epmt_strbuf *text, struct epmt_bytes bytes) {
    size_t from = 0, i = 0;

    epmt_strbuf_add(text, "\"", 1);
    while (i < bytes.len) {
        unsigned char byte = (unsigned char)bytes.data[i];
        size_t count = epmt_utf8_len(bytes.data + i, bytes.len - i);
        if (count && byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f) {
            i += count;
            continue;
        }
        epmt_strbuf_add(text, bytes.data + from, i - from);
        add_json_escape(text, byte);
        from = ++i;
    }
    epmt_strbuf_add(text, bytes.data + from, i - from);
    epmt_strbuf_add(text, "\"", 1);
}

void epmt_strbuf_add_json_list(struct epmt_strbuf *text, struct epmt_bytes list) {
    uint64_t at = 0;

    epmt_strbuf_add(text, "[", 1);
    while (at < list.len) {
        const char *item = list.data + at;
        const char *nul = memchr(item, '\0', list.len - at);
        // The last item may lack its NUL in a foreign file.
        uint64_t len = nul ? (uint64_t)(nul - item) : list.len - at;
        if (at)
            epmt_strbuf_add(text, ",", 1);
        epmt_strbuf_add_json(text, (struct epmt_bytes){item, len});
        at += len + 1;
    }
    epmt_strbuf_add(text, "]", 1);
}
