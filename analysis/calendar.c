// SPDX-License-Identifier: Apache-2.0
#include "analysis/calendar.h"

#include <stddef.h>
#include <string.h>

bool epmt_calendar_find(const char *name, enum epmt_calendar *calendar) {
    static const char *const names[EPMT_CALENDAR_COUNT][2] = {
#define NAMES(number, name, other) {name, other},
        EPMT_CALENDARS(NAMES)
#undef NAMES
    };

    for (int i = 0; i < EPMT_CALENDAR_COUNT; i++) {
        if (!strcmp(name, names[i][0]) || !strcmp(name, names[i][1])) {
            *calendar = (enum epmt_calendar)i;
            return true;
        }
    }
    return false;
}

static bool is_leap(enum epmt_calendar calendar, int year) {
    if (calendar != EPMT_CALENDAR_STANDARD)
        return calendar == EPMT_CALENDAR_ALL_LEAP;
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int epmt_calendar_month_days(enum epmt_calendar calendar, int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (calendar == EPMT_CALENDAR_DAYS_360)
        return 30;
    return days[month - 1] + (month == 2 && is_leap(calendar, year));
}

bool epmt_calendar_has(enum epmt_calendar calendar, const struct epmt_date *date) {
    return date->year >= 1 && date->year <= 9999 && date->month >= 1 && date->month <= 12 &&
           date->day >= 1 &&
           date->day <= epmt_calendar_month_days(calendar, date->year, date->month);
}

// Of all years before this one.
static int64_t year_begin(enum epmt_calendar calendar, int year) {
    int64_t years = year - 1;

    if (calendar == EPMT_CALENDAR_DAYS_360)
        return years * 360;
    if (calendar == EPMT_CALENDAR_STANDARD)
        return years * 365 + years / 4 - years / 100 + years / 400;
    return years * (calendar == EPMT_CALENDAR_ALL_LEAP ? 366 : 365);
}

int64_t epmt_calendar_days(enum epmt_calendar calendar, const struct epmt_date *date) {
    int64_t days = year_begin(calendar, date->year);

    for (int month = 1; month < date->month; month++)
        days += epmt_calendar_month_days(calendar, date->year, month);
    return days + date->day - 1;
}

struct epmt_date epmt_calendar_date(enum epmt_calendar calendar, int64_t days) {
    // Too early at first, by no more than some days of each year.
    struct epmt_date date = {.year = (int)(days / 366) + 1, .month = 1};

    while (year_begin(calendar, date.year + 1) <= days)
        date.year++;
    int64_t left = days - year_begin(calendar, date.year);
    for (;; date.month++) {
        int there = epmt_calendar_month_days(calendar, date.year, date.month);
        if (left < there)
            break;
        left -= there;
    }
    date.day = (int)left + 1;
    return date;
}
