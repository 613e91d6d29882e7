// SPDX-License-Identifier: Apache-2.0
#include "analysis/segments.h"

#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"

struct date {
    int year, month, day;
};

static int month_days(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static bool date_of(int64_t number, int digits, struct date *date) {
    if (number < 0 || number > 99991231)
        return false;
    int all = (int)number, day = digits == 8 ? all % 100 : 1;
    int months = digits == 8 ? all / 100 : all;
    *date = (struct date){.year = months / 100, .month = months % 100, .day = day};
    return date->year >= 1 && date->year <= 9999 && date->month >= 1 && date->month <= 12 &&
           day >= 1 && day <= month_days(date->year, date->month);
}

// Years before that of the date, with their leap days.
static int64_t days_of(const struct date *date) {
    int64_t years = date->year - 1, days = years * 365 + years / 4 - years / 100 + years / 400;

    for (int month = 1; month < date->month; month++)
        days += month_days(date->year, month);
    return days + date->day - 1;
}

static int64_t months_of(const struct date *date) {
    return (int64_t)date->year * 12 + date->month - 1;
}

static int day_in(const struct epmt_segments *segments, const struct date *date) {
    int days = month_days(date->year, date->month);

    return segments->day < days ? segments->day : days;
}

// False where the number is none of these segments.
static bool units_of(const struct epmt_segments *segments, int64_t number, int64_t *units) {
    struct date date;

    *units = number;
    if (segments->unit == EPMT_SEGMENT_NUMBERS)
        return true;
    if (!date_of(number, segments->digits, &date))
        return false;
    *units = segments->unit == EPMT_SEGMENT_DAYS ? days_of(&date) : months_of(&date);
    return segments->unit == EPMT_SEGMENT_DAYS || date.day == day_in(segments, &date);
}

int64_t epmt_segments_number(const struct epmt_segments *segments, int64_t units) {
    struct date date = {.month = 1, .day = 1};

    if (segments->unit == EPMT_SEGMENT_NUMBERS)
        return units;
    if (segments->unit == EPMT_SEGMENT_MONTHS) {
        date.year = (int)(units / 12);
        date.month = (int)(units % 12) + 1;
        date.day = day_in(segments, &date);
    } else {
        // Too early at first, by no more than the leap days.
        date.year = (int)(units / 366) + 1;
        int64_t left = units - days_of(&date);
        for (; left >= 337 + month_days(date.year, 2); date.year++)
            left -= 337 + month_days(date.year, 2);
        for (; left >= month_days(date.year, date.month); date.month++)
            left -= month_days(date.year, date.month);
        date.day = (int)left + 1;
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

// Dates are all of one length, and all begin on one day of the month (or its last) where they are
// months.
static void find_unit(struct epmt_segments *segments, const struct epmt_explore_segment *rows,
                      size_t count) {
    bool months = true;
    struct date date;
    int64_t number;

    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            if (!epmt_parse_whole_i64(rows[i].time, &number))
                continue;
            int digits = (int)strlen(rows[i].time);
            if (!segments->digits)
                segments->digits = digits;
            if ((digits != 6 && digits != 8) || segments->digits != digits ||
                strspn(rows[i].time, "0123456789") != (size_t)digits ||
                !date_of(number, digits, &date)) {
                segments->digits = 0;
                return;
            }
            segments->day = date.day > segments->day ? date.day : segments->day;
            months &= pass == 0 || date.day == day_in(segments, &date);
        }
    }
    if (segments->digits)
        segments->unit = months ? EPMT_SEGMENT_MONTHS : EPMT_SEGMENT_DAYS;
}

// The smallest of the most usual distances.
static bool find_step(struct epmt_segments *segments, const int64_t *units, size_t count) {
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
    free(steps);
    return true;
}

// The step of dates is one too: 10000 is a year, 100 a month, 1 a day.
static void set_asked(struct epmt_segments *segments, const struct epmt_explore_request *request) {
    struct date first, last;
    int64_t months = segments->digits == 8 ? request->step / 100 : request->step;
    int64_t days = segments->digits == 8 ? request->step % 100 : 0;

    segments->unit = EPMT_SEGMENT_NUMBERS;
    segments->first = request->first;
    segments->last = request->last;
    segments->step = request->step;
    if (!segments->digits || (months && days) ||
        !date_of(request->first, segments->digits, &first) ||
        !date_of(request->last, segments->digits, &last))
        return;
    segments->unit = days ? EPMT_SEGMENT_DAYS : EPMT_SEGMENT_MONTHS;
    segments->day = first.day;
    segments->step = days ? days : months / 100 * 12 + months % 100;
    segments->first = days ? days_of(&first) : months_of(&first);
    segments->last =
        days ? days_of(&last) : months_of(&last) - (last.day < day_in(segments, &last));
}

bool epmt_segments_make(struct epmt_segments *segments, const struct epmt_explore_request *request,
                        const struct epmt_explore_segment *rows, size_t count) {
    size_t found;

    *segments = (struct epmt_segments){.unit = EPMT_SEGMENT_NUMBERS};
    find_unit(segments, rows, count);
    if (request->step > 0) {
        set_asked(segments, request);
        return true;
    }
    int64_t *units = epmt_segments_units(segments, rows, count, &found);
    bool made = units && find_step(segments, units, found);
    if (made && found) {
        segments->first = units[0];
        segments->last = units[found - 1];
    }
    free(units);
    return made;
}

uint64_t epmt_segments_count(const struct epmt_segments *segments) {
    if (segments->step <= 0 || segments->last < segments->first)
        return 0;
    // Of the whole range it could not be counted: it is far too many then.
    uint64_t more =
        ((uint64_t)segments->last - (uint64_t)segments->first) / (uint64_t)segments->step;
    return more == UINT64_MAX ? more : more + 1;
}
