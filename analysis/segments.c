// SPDX-License-Identifier: Apache-2.0
#include "analysis/segments.h"

#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"

static bool date_of(const struct epmt_segments *segments, int64_t number, struct epmt_date *date) {
    if (number < 0 || number > 99991231)
        return false;
    int all = (int)number, day = segments->digits == 8 ? all % 100 : 1;
    int months = segments->digits == 8 ? all / 100 : all;
    *date = (struct epmt_date){.year = months / 100, .month = months % 100, .day = day};
    return epmt_calendar_has(segments->calendar, date);
}

static int64_t days_of(const struct epmt_segments *segments, const struct epmt_date *date) {
    return epmt_calendar_days(segments->calendar, date);
}

static int64_t months_of(const struct epmt_date *date) {
    return (int64_t)date->year * 12 + date->month - 1;
}

static int day_in(const struct epmt_segments *segments, const struct epmt_date *date) {
    int days = epmt_calendar_month_days(segments->calendar, date->year, date->month);

    return segments->day < days ? segments->day : days;
}

// False where the number is none of these segments.
static bool units_of(const struct epmt_segments *segments, int64_t number, int64_t *units) {
    struct epmt_date date;

    *units = number;
    if (segments->unit == EPMT_SEGMENT_NUMBERS)
        return true;
    if (!date_of(segments, number, &date))
        return false;
    *units = segments->unit == EPMT_SEGMENT_DAYS ? days_of(segments, &date) : months_of(&date);
    return segments->unit == EPMT_SEGMENT_DAYS || date.day == day_in(segments, &date);
}

int64_t epmt_segments_number(const struct epmt_segments *segments, int64_t units) {
    struct epmt_date date = {.month = 1, .day = 1};

    if (segments->unit == EPMT_SEGMENT_NUMBERS)
        return units;
    if (segments->unit == EPMT_SEGMENT_MONTHS) {
        date.year = (int)(units / 12);
        date.month = (int)(units % 12) + 1;
        date.day = day_in(segments, &date);
    } else {
        date = epmt_calendar_date(segments->calendar, units);
    }
    int64_t months = (int64_t)date.year * 100 + date.month;
    return segments->digits == 8 ? months * 100 + date.day : months;
}

static int by_number(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

int64_t *epmt_segments_units(const struct epmt_segments *segments,
                             const struct epmt_explore_segment *rows, size_t count, size_t *found) {
    int64_t *units = calloc(count + 1, sizeof *units), number;

    *found = 0;
    for (size_t i = 0; units && i < count; i++) {
        if (epmt_parse_whole_i64(rows[i].time, &number) &&
            units_of(segments, number, &units[*found]))
            ++*found;
    }
    if (units)
        qsort(units, *found, sizeof *units, by_number);
    return units;
}

// Dates are all of one length.
static int digits_of(const struct epmt_explore_segment *rows, size_t count) {
    int64_t number;
    int digits = 0;

    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(rows[i].time);
        if (!epmt_parse_whole_i64(rows[i].time, &number))
            continue;
        if ((len != 6 && len != 8) || (digits && digits != (int)len) ||
            strspn(rows[i].time, "0123456789") != len)
            return 0;
        digits = (int)len;
    }
    return digits;
}

// Whether all are dates of the calendar; they are months where they begin on one day of the month
// (or its last).
static bool find_unit(struct epmt_segments *segments, const struct epmt_explore_segment *rows,
                      size_t count) {
    bool months = true;
    struct epmt_date date;
    int64_t number;

    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            if (!epmt_parse_whole_i64(rows[i].time, &number))
                continue;
            if (!date_of(segments, number, &date))
                return false;
            segments->day = date.day > segments->day ? date.day : segments->day;
            months &= pass == 0 || date.day == day_in(segments, &date);
        }
    }
    segments->unit = months ? EPMT_SEGMENT_MONTHS : EPMT_SEGMENT_DAYS;
    return true;
}

// The smallest of the most usual distances, and how many are others.
static bool find_step(struct epmt_segments *segments, const int64_t *units, size_t count,
                      size_t *others) {
    int64_t *steps = calloc(count + 1, sizeof *steps);
    size_t found = 0, times = 0, most = 0;

    if (!steps)
        return false;
    for (size_t i = 1; i < count; i++)
        found += !__builtin_sub_overflow(units[i], units[i - 1], &steps[found]) && steps[found] > 0;
    qsort(steps, found, sizeof *steps, by_number);
    for (size_t i = 0; i < found; i++) {
        times = i && steps[i] == steps[i - 1] ? times + 1 : 1;
        if (times > most) {
            most = times;
            segments->step = steps[i];
        }
    }
    *others = found - most;
    free(steps);
    return true;
}

static bool find_range(struct epmt_segments *segments, const struct epmt_explore_segment *rows,
                       size_t count, size_t *others) {
    size_t found;
    int64_t *units = epmt_segments_units(segments, rows, count, &found);
    bool made = units && find_step(segments, units, found, others);

    if (made && found) {
        segments->first = units[0];
        segments->last = units[found - 1];
    }
    free(units);
    return made;
}

// The calendar by which the segments follow each other most regularly. The Gregorian one, unless
// another one explains more: one gap, or of the rarer ones two.
static bool find_calendar(struct epmt_segments *segments,
                          const struct epmt_explore_request *request,
                          const struct epmt_explore_segment *rows, size_t count) {
    static const size_t better_by[EPMT_CALENDAR_COUNT] = {1, 1, 2, 2};
    int digits = digits_of(rows, count);
    size_t least = 0, others;

    for (int calendar = 0; calendar < EPMT_CALENDAR_COUNT && digits; calendar++) {
        struct epmt_segments by = {.digits = digits, .calendar = (enum epmt_calendar)calendar};
        if ((request->has_calendar && (int)request->calendar != calendar) ||
            !find_unit(&by, rows, count))
            continue;
        if (!find_range(&by, rows, count, &others))
            return false;
        if (!segments->digits || others + better_by[calendar] <= least) {
            *segments = by;
            least = others;
        }
    }
    return segments->digits || find_range(segments, rows, count, &others);
}

// The step of dates is one too: 10000 is a year, 100 a month, 1 a day.
static void set_asked(struct epmt_segments *segments, const struct epmt_explore_request *request) {
    struct epmt_date first, last;
    int64_t months = segments->digits == 8 ? request->step / 100 : request->step;
    int64_t days = segments->digits == 8 ? request->step % 100 : 0;

    segments->unit = EPMT_SEGMENT_NUMBERS;
    segments->first = request->first;
    segments->last = request->last;
    segments->step = request->step;
    if (!segments->digits || (months && days) || !date_of(segments, request->first, &first) ||
        !date_of(segments, request->last, &last))
        return;
    segments->unit = days ? EPMT_SEGMENT_DAYS : EPMT_SEGMENT_MONTHS;
    segments->day = first.day;
    segments->step = days ? days : months / 100 * 12 + months % 100;
    segments->first = days ? days_of(segments, &first) : months_of(&first);
    segments->last =
        days ? days_of(segments, &last) : months_of(&last) - (last.day < day_in(segments, &last));
}

bool epmt_segments_make(struct epmt_segments *segments, const struct epmt_explore_request *request,
                        const struct epmt_explore_segment *rows, size_t count) {
    *segments = (struct epmt_segments){.unit = EPMT_SEGMENT_NUMBERS};
    if (!find_calendar(segments, request, rows, count))
        return false;
    if (request->step > 0)
        set_asked(segments, request);
    return true;
}

uint64_t epmt_segments_count(const struct epmt_segments *segments) {
    if (segments->step <= 0 || segments->last < segments->first)
        return 0;
    // Of the whole range it could not be counted: it is far too many then.
    uint64_t more =
        ((uint64_t)segments->last - (uint64_t)segments->first) / (uint64_t)segments->step;
    return more == UINT64_MAX ? more : more + 1;
}
