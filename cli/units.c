// SPDX-License-Identifier: Apache-2.0
#include "cli/units.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/words.h"

#define LINE_MAX_LEN 60

static void add_seconds(struct epmt_strbuf *text, const char *value) {
    char words[EPMT_WORD_MAX];

    epmt_strbuf_puts(text, epmt_words_seconds(words, strtod(value, NULL)));
}

static void add_bytes(struct epmt_strbuf *text, const char *value) {
    char words[EPMT_WORD_MAX];

    epmt_strbuf_puts(text, epmt_words_bytes(words, strtod(value, NULL)));
}

static void add_mib(struct epmt_strbuf *text, const char *value) {
    char words[EPMT_WORD_MAX];

    epmt_strbuf_puts(text, epmt_words_bytes(words, strtod(value, NULL) * (double)(1 << 20)));
}

static void add_share(struct epmt_strbuf *text, const char *value) {
    epmt_strbuf_printf(text, "%.1f %%", strtod(value, NULL) * 100);
}

static void add_line(struct epmt_strbuf *text, const char *value) {
    size_t len = strcspn(value, "\n"), cut = len;

    // Not within a character of several bytes.
    if (len > LINE_MAX_LEN) {
        for (cut = LINE_MAX_LEN; cut && ((unsigned char)value[cut] & 0xc0) == 0x80;)
            cut--;
    }
    for (size_t i = 0; i < cut; i++)
        epmt_strbuf_add(text, (unsigned char)value[i] < ' ' ? " " : value + i, 1);
    if (cut < strlen(value))
        epmt_strbuf_puts(text, "...");
}

static void add_level(struct epmt_strbuf *text, const char *value) {
    static const char *const names[] = {"single", "funneled", "serialized", "multiple"};

    if (value[0] >= '0' && value[0] <= '3' && !value[1])
        value = names[value[0] - '0'];
    epmt_strbuf_puts(text, value);
}

// A JSON array of functions or modules, each with an offset, innermost first.
static void add_callers(struct epmt_strbuf *text, const char *value) {
    const char *between = "";

    for (const char *open = strchr(value, '"'); open; open = strchr(open, '"')) {
        const char *end = strchr(++open, '"');
        if (!end)
            break;
        const char *slash = memrchr(open, '/', (size_t)(end - open)); // a module's directory
        const char *from = slash ? slash + 1 : open;
        epmt_strbuf_puts(text, between);
        epmt_strbuf_add(text, from < end ? from : "?", from < end ? (size_t)(end - from) : 1);
        between = " < ";
        open = end + 1;
    }
}

static const struct unit {
    const char *ending;
    void (*add)(struct epmt_strbuf *text, const char *value);
} units[] = {
    {"_s", add_seconds}, {"_bytes", add_bytes}, {"_mib", add_mib},         {"_share", add_share},
    {"_line", add_line}, {"_level", add_level}, {"_callers", add_callers},
};

static const struct unit *unit_of(const char *column) {
    size_t len = strlen(column);

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t ending = strlen(units[i].ending);
        if (len > ending && !strcmp(column + len - ending, units[i].ending))
            return &units[i];
    }
    return NULL;
}

bool epmt_units_is_ending(const char *ending, size_t len) {
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strlen(units[i].ending) == len && !strncmp(units[i].ending, ending, len))
            return true;
    }
    return false;
}

size_t epmt_units_name_len(const char *column) {
    const struct unit *unit = unit_of(column);

    return strlen(column) - (unit ? strlen(unit->ending) : 0);
}

void epmt_units_add(struct epmt_strbuf *text, const char *column, const char *value) {
    const struct unit *unit = unit_of(column);

    if (unit)
        unit->add(text, value);
    else
        epmt_strbuf_puts(text, value);
}
