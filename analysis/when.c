// SPDX-License-Identifier: Apache-2.0
#include "analysis/when.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
// Larger numbers are seconds since the epoch (the day after it on), smaller ones days.
#define DAYS_MAX 86400

static void stretch(struct epmt_when *when, int64_t at, int64_t length) {
    *when = (struct epmt_when){.at = at, .from = at, .to = at + length};
}

static void whole_day(struct epmt_when *when, int64_t at) {
    stretch(when, at, DAY);
    when->from = at - at % DAY;
    when->to = when->from + DAY;
}

static bool is_word(const char *text, struct epmt_when *when, int64_t now) {
    int64_t today = now - now % DAY;

    if (!strcasecmp(text, "now"))
        stretch(when, now, 1);
    else if (!strcasecmp(text, "today"))
        stretch(when, today, DAY);
    else if (!strcasecmp(text, "yesterday"))
        stretch(when, today - DAY, DAY);
    else
        return false;
    return true;
}

// "3 days ago", "3d".
static bool is_ago(const char *text, struct epmt_when *when, int64_t now) {
    static const struct {
        const char *name;
        int64_t length;
    } units[] = {{"minute", MINUTE}, {"min", MINUTE}, {"hour", HOUR},    {"h", HOUR},
                 {"day", DAY},       {"d", DAY},      {"week", 7 * DAY}, {"w", 7 * DAY}};
    char *end;
    long long number = strtoll(text, &end, 10);

    if (end == text || number < 0 || number > 1000000)
        return false;
    end += strspn(end, " _");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t len = strlen(units[i].name);
        if (strncasecmp(end, units[i].name, len) != 0)
            continue;
        const char *rest = end + len;
        rest += len > 1 && (*rest == 's' || *rest == 'S');
        rest += strspn(rest, " _");
        if (*rest && strcasecmp(rest, "ago") != 0)
            continue;
        int64_t at = now - number * units[i].length;
        if (at < 0)
            return false;
        if (units[i].length < DAY)
            stretch(when, at, units[i].length);
        else
            whole_day(when, at);
        return true;
    }
    return false;
}

static bool is_number(const char *text, struct epmt_when *when, int64_t now) {
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end || !(number > -DAYS_MAX && number < 1e11))
        return false;
    if (number >= DAYS_MAX)
        stretch(when, (int64_t)(number * 1e6), SECOND);
    else if (number <= 0)
        whole_day(when, now + (int64_t)(number * (double)DAY));
    else
        return false; // neither is meant
    return true;
}

static bool is_date(const char *text, struct epmt_when *when) {
    static const struct {
        const char *format;
        int64_t length;
    } formats[] = {{"%Y-%m-%d", DAY},
                   {"%Y-%m-%d %H:%M", MINUTE},
                   {"%Y-%m-%dT%H:%M", MINUTE},
                   {"%Y-%m-%d %H:%M:%S", SECOND},
                   {"%Y-%m-%dT%H:%M:%S", SECOND},
                   {"%Y-%m-%dT%H:%M:%SZ", SECOND},
                   {"%m/%d/%Y", DAY},
                   {"%m/%d/%Y %H:%M", MINUTE},
                   {"%m/%d/%Y %H:%M:%S", SECOND}};

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct tm tm = {0};
        const char *end = strptime(text, formats[i].format, &tm);
        if (!end || *end)
            continue;
        // The 31st of a month without one, which timegm would take for the first of the next.
        int day = tm.tm_mday, month = tm.tm_mon;
        time_t at = timegm(&tm);
        if (tm.tm_mday != day || tm.tm_mon != month || at < 0)
            return false;
        stretch(when, at * SECOND, formats[i].length);
        return true;
    }
    return false;
}

int epmt_when_parse(const char *text, int64_t now, struct epmt_when *when, struct epmt_error *err) {
    if (is_word(text, when, now) || is_number(text, when, now) || is_ago(text, when, now) ||
        is_date(text, when))
        return 0;
    return epmt_errf(err, EPMT_ERR_USAGE,
                     "%s is no time: give 2026-11-25, '2026-11-25 14:00', 11/25/2026, yesterday, "
                     "'3 days ago', -3 or seconds since 1970, in UTC",
                     text);
}
