// SPDX-License-Identifier: Apache-2.0
// Bounded formatting and parsing without stdio, locale or malloc: safe in the guest.
#ifndef EPMT_COMMON_FMT_H
#define EPMT_COMMON_FMT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A text being built in the caller's memory. It is NUL-terminated at all times; what does not fit
// is dropped and `cut` says so.
struct epmt_text_buffer {
    char *data;
    size_t cap; // of data, the NUL included
    size_t len; // without the NUL
    bool cut;
};

// Starts an empty text in data[cap], cap >= 1.
void epmt_text_init(struct epmt_text_buffer *text, char *data, size_t cap);

// Appends len bytes as they are.
void epmt_text_append(struct epmt_text_buffer *text, const char *bytes, size_t len);

// Appends formatted text. Conversions: %s %.*s %c %d %u %x %% with the lengths l, ll, z; %x may
// have a width of two digits with zeros (%08x, %016lx); nothing else is understood.
void epmt_text_fmt(struct epmt_text_buffer *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void epmt_text_vfmt(struct epmt_text_buffer *text, const char *format, va_list args);

// Formats into data[cap]. Returns true, or false where the text was cut.
bool epmt_fmt(char *data, size_t cap, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Reads an unsigned decimal number at *at (after blanks) and moves *at behind it. Returns false
// where there is none or where it does not fit; *at stays then.
bool epmt_parse_u64(const char **at, const char *end, uint64_t *value);

// True where name matches one of the patterns, which colons separate; * stands for any characters,
// ? for one.
bool epmt_matches_any(const char *patterns, const char *name);

// True where all of text is one decimal number that fits.
bool epmt_parse_whole_i64(const char *text, int64_t *value);

#endif
