// SPDX-License-Identifier: Apache-2.0
#include "cli/shell.h"

#include <string.h>

static bool is_fragile(unsigned char c) {
    return c <= ' ' || c == 0x7f || strchr("*?[]~{}", c);
}

static bool has_fragile(const char *text) {
    for (; *text; text++) {
        if (is_fragile((unsigned char)*text))
            return true;
    }
    return false;
}

// The argument of printf(1) for a text that must not show what is fragile in it: in octal.
static void add_octal(struct epmt_strbuf *code, const char *text) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (is_fragile(c) || strchr("\\'\"%!`$", c))
            epmt_strbuf_printf(code, "\\%03o", c);
        else
            epmt_strbuf_add(code, text, 1);
    }
}

void epmt_shell_quote(struct epmt_strbuf *code, const char *text) {
    if (has_fragile(text)) {
        epmt_strbuf_puts(code, "\"$(printf '");
        add_octal(code, text);
        epmt_strbuf_puts(code, "')\"");
        return;
    }
    epmt_strbuf_puts(code, "'");
    for (; *text; text++) {
        if (*text == '\'')
            epmt_strbuf_puts(code, "'\\''");
        else
            epmt_strbuf_add(code, text, 1);
    }
    epmt_strbuf_puts(code, "'");
}

void epmt_shell_quote_csh(struct epmt_strbuf *code, const char *text) {
    if (has_fragile(text)) {
        epmt_strbuf_puts(code, "\"`printf '");
        add_octal(code, text);
        epmt_strbuf_puts(code, "'`\"");
        return;
    }
    epmt_strbuf_puts(code, "'");
    for (; *text; text++) {
        if (*text == '\'')
            epmt_strbuf_puts(code, "'\\''");
        else if (*text == '!') // history, even between quotes
            epmt_strbuf_puts(code, "\\!");
        else
            epmt_strbuf_add(code, text, 1);
    }
    epmt_strbuf_puts(code, "'");
}

// What is fragile stands as \\xHH between the quoted parts; a command substitution would split at
// a line's end.
void epmt_shell_quote_fish(struct epmt_strbuf *code, const char *text) {
    epmt_strbuf_puts(code, "'");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\'' || c == '\\')
            epmt_strbuf_printf(code, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            epmt_strbuf_printf(code, "'\\x%02x'", c);
        else
            epmt_strbuf_add(code, text, 1);
    }
    epmt_strbuf_puts(code, "'");
}
