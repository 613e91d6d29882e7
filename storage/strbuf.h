// SPDX-License-Identifier: Apache-2.0
// A growing text for ordinary programs (it allocates: not for the guest), and how texts of unknown
// bytes are made presentable.
#ifndef EPMT_STORAGE_STRBUF_H
#define EPMT_STORAGE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

#include "metadata/record.h"

// Start with {0}. The text is NUL-terminated once something was added. Where memory runs out,
// `failed` is set and further text is dropped: look at it once, at the end.
struct epmt_strbuf {
    char *data;
    size_t len, cap;
    bool failed;
};

void epmt_strbuf_free(struct epmt_strbuf *text);
// Makes it empty and keeps its memory.
void epmt_strbuf_reset(struct epmt_strbuf *text);
void epmt_strbuf_add(struct epmt_strbuf *text, const char *bytes, size_t len);
void epmt_strbuf_puts(struct epmt_strbuf *text, const char *string);
void epmt_strbuf_printf(struct epmt_strbuf *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// The text so far, "" where there is none.
const char *epmt_strbuf_text(const struct epmt_strbuf *text);

// Length of the well-formed UTF-8 character at data[len], or 0 where there is none.
size_t epmt_utf8_len(const char *data, size_t len);

// Adds bytes as valid UTF-8 without NUL: a byte that is no part of a character becomes \xHH,
// and so does a backslash that stands where the text has the letters \xHH: decoding is unique.
void epmt_strbuf_add_clean(struct epmt_strbuf *text, struct epmt_bytes bytes);

// Adds bytes as a JSON string with its quotes. A byte that is no part of a UTF-8 character becomes
// the lone surrogate \udcHH, as Python's surrogateescape has it, so that no byte is lost.
void epmt_strbuf_add_json(struct epmt_strbuf *text, struct epmt_bytes bytes);

// Adds a LIST (items, each followed by a NUL) as a JSON array of strings.
void epmt_strbuf_add_json_list(struct epmt_strbuf *text, struct epmt_bytes list);

#endif
