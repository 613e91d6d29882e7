// SPDX-License-Identifier: Apache-2.0
#include "common/fmt.h"

#include <string.h>

#include "common/poison.h"

void epmt_text_init(struct epmt_text_buffer *text, char *data, size_t cap) {
    text->data = data;
    text->cap = cap;
    text->len = 0;
    text->cut = false;
    data[0] = '\0';
}

void epmt_text_append(struct epmt_text_buffer *text, const char *bytes, size_t len) {
    size_t room = text->cap - 1 - text->len;

    if (len > room) {
        len = room;
        text->cut = true;
    }
    memcpy(text->data + text->len, bytes, len);
    text->len += len;
    text->data[text->len] = '\0';
}

static void append_number(struct epmt_text_buffer *text, uint64_t value, unsigned base,
                          unsigned width) {
    char digits[24];
    size_t at = sizeof digits;

    if (width > 20)
        width = 20;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (sizeof digits - at < width)
        digits[--at] = '0';
    epmt_text_append(text, digits + at, sizeof digits - at);
}

static uint64_t unsigned_argument(va_list *args, int longs) {
    return longs ? (uint64_t)va_arg(*args, unsigned long) : va_arg(*args, unsigned);
}

static int64_t signed_argument(va_list *args, int longs) {
    return longs ? (int64_t)va_arg(*args, long) : va_arg(*args, int);
}

void epmt_text_vfmt(struct epmt_text_buffer *text, const char *format, va_list list) {
    va_list args;

    va_copy(args, list);
    while (*format) {
        const char *percent = strchrnul(format, '%');
        epmt_text_append(text, format, (size_t)(percent - format));
        format = percent;
        if (!*format)
            break;
        format++;
        int precision = -1;
        if (format[0] == '.' && format[1] == '*') {
            precision = va_arg(args, int);
            format += 2;
        }
        unsigned width = 0;
        while (*format >= '0' && *format <= '9')
            width = width * 10 + (unsigned)(*format++ - '0');
        int longs = 0;
        while (*format == 'l' || *format == 'z') {
            longs++;
            format++;
        }
        switch (*format) {
        case 's': {
            const char *s = va_arg(args, const char *);
            s = s ? s : "(none)";
            epmt_text_append(text, s, precision >= 0 ? strnlen(s, (size_t)precision) : strlen(s));
            break;
        }
        case 'c': {
            char c = (char)va_arg(args, int);
            epmt_text_append(text, &c, 1);
            break;
        }
        case 'd': {
            int64_t value = signed_argument(&args, longs);
            if (value < 0)
                epmt_text_append(text, "-", 1);
            append_number(text, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, width);
            break;
        }
        case 'u':
            append_number(text, unsigned_argument(&args, longs), 10, width);
            break;
        case 'x':
            append_number(text, unsigned_argument(&args, longs), 16, width);
            break;
        case '%':
            epmt_text_append(text, "%", 1);
            break;
        default:
            epmt_text_append(text, "?", 1);
            va_end(args);
            return;
        }
        format++;
    }
    va_end(args);
}

void epmt_text_fmt(struct epmt_text_buffer *text, const char *format, ...) {
    va_list args;

    va_start(args, format);
    epmt_text_vfmt(text, format, args);
    va_end(args);
}

bool epmt_fmt(char *data, size_t cap, const char *format, ...) {
    struct epmt_text_buffer text;
    va_list args;

    epmt_text_init(&text, data, cap);
    va_start(args, format);
    epmt_text_vfmt(&text, format, args);
    va_end(args);
    return !text.cut;
}

bool epmt_parse_u64(const char **at, const char *end, uint64_t *value) {
    const char *p = *at;
    uint64_t n = 0;

    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    const char *digits = p;
    // As many digits as fit anyhow; the rest with care.
    for (const char *safe = end - p > 19 ? p + 19 : end; p < safe && *p >= '0' && *p <= '9'; p++)
        n = n * 10 + (uint64_t)(*p - '0');
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (__builtin_mul_overflow(n, 10u, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
            return false;
    }
    if (p == digits)
        return false;
    *at = p;
    *value = n;
    return true;
}

bool epmt_parse_whole_i64(const char *text, int64_t *value) {
    const char *at = text + (*text == '-');
    const char *end = at + strlen(at);
    uint64_t n;

    if (*at == ' ' || *at == '\t' || !epmt_parse_u64(&at, end, &n) || at != end || n > INT64_MAX)
        return false;
    *value = *text == '-' ? -(int64_t)n : (int64_t)n;
    return true;
}

static bool matches(const char *pattern, const char *end, const char *name) {
    const char *star = NULL, *retry = NULL;

    while (*name) {
        if (pattern < end && *pattern == '*') {
            star = pattern++;
            retry = name;
        } else if (pattern < end && (*pattern == '?' || *pattern == *name)) {
            pattern++;
            name++;
        } else if (star) { // let the last star take one more
            pattern = star + 1;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}

bool epmt_matches_any(const char *patterns, const char *name) {
    while (*patterns) {
        const char *end = strchrnul(patterns, ':');
        if (end > patterns && matches(patterns, end, name))
            return true;
        patterns = *end ? end + 1 : end;
    }
    return false;
}
