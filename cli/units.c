// SPDX-License-Identifier: Apache-2.0
#include "cli/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 60
#define FINEST 1e-9

struct scale {
    double from;
    const char *name;
};

// Three digits that count, in the largest unit of which there is a whole one.
static void add_scaled(struct epmt_strbuf *text, double value, const struct scale *scales) {
    while (scales[1].name && value < scales->from)
        scales++;
    double shown = value / scales->from;
    int digits = shown >= 99.95 ? 0 : shown >= 9.995 ? 1 : 2;

    if (scales->from <= FINEST) // nothing measures a part of a nanosecond
        digits = 0;
    epmt_strbuf_printf(text, "%.*f %s", digits, shown, scales->name);
}

static void add_seconds(struct epmt_strbuf *text, const char *value) {
    static const struct scale scales[] = {{3600, "h"},  {1, "s"},       {1e-3, "ms"},
                                          {1e-6, "us"}, {FINEST, "ns"}, {0, NULL}};
    double seconds = strtod(value, NULL);

    // Hours only where seconds have five digits: 90 minutes are read as easily as 5400 s.
    add_scaled(text, seconds, seconds >= 10000 ? scales : scales + 1);
}

static void add_bytes(struct epmt_strbuf *text, const char *value) {
    static const struct scale scales[] = {{(double)(UINT64_C(1) << 50), "PiB"},
                                          {(double)(UINT64_C(1) << 40), "TiB"},
                                          {(double)(UINT64_C(1) << 30), "GiB"},
                                          {(double)(UINT64_C(1) << 20), "MiB"},
                                          {1024, "KiB"},
                                          {0, NULL}};
    double bytes = strtod(value, NULL);

    if (bytes < 1024)
        epmt_strbuf_printf(text, "%.0f B", bytes);
    else
        add_scaled(text, bytes, scales);
}

static void add_mib(struct epmt_strbuf *text, const char *value) {
    char bytes[32];

    snprintf(bytes, sizeof bytes, "%.0f", strtod(value, NULL) * (double)(1 << 20));
    add_bytes(text, bytes);
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
