// SPDX-License-Identifier: Apache-2.0
#include "cli/printable.h"

#include <string.h>

// C1 control characters, and those that override the direction of writing or hide what follows.
static bool misleads(const unsigned char *p, size_t len) {
    if (len == 2 && p[0] == 0xc2 && p[1] < 0xa0)
        return true;
    if (len != 3 || p[0] != 0xe2)
        return false;
    return (p[1] == 0x80 && ((p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
           (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

static void add_escape(struct epmt_strbuf *text, unsigned char byte) {
    if (byte == '\n')
        epmt_strbuf_puts(text, "\\n");
    else if (byte == '\t')
        epmt_strbuf_puts(text, "\\t");
    else
        epmt_strbuf_printf(text, "\\x%02x", byte);
}

void epmt_strbuf_add_printable(struct epmt_strbuf *text, struct epmt_bytes bytes) {
    for (uint64_t i = 0; i < bytes.len;) {
        const unsigned char *p = (const unsigned char *)bytes.data + i;
        size_t len = epmt_utf8_len(bytes.data + i, bytes.len - i);
        if (len && *p >= 0x20 && *p != 0x7f && !misleads(p, len)) {
            epmt_strbuf_add(text, bytes.data + i, len);
            i += len;
            continue;
        }
        for (size_t end = i + (len ? len : 1); i < end; i++)
            add_escape(text, (unsigned char)bytes.data[i]);
    }
}

const char *epmt_printable(const char *text) {
    static struct epmt_strbuf memory[4];
    static unsigned turn;
    struct epmt_strbuf *clean = &memory[turn++ % 4];

    epmt_strbuf_reset(clean);
    epmt_strbuf_add_printable(clean, (struct epmt_bytes){text, strlen(text)});
    return epmt_strbuf_text(clean);
}
