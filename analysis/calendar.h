// SPDX-License-Identifier: Apache-2.0
// Calendars of climate models, by the names of the CF conventions.
#ifndef EPMT_ANALYSIS_CALENDAR_H
#define EPMT_ANALYSIS_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

// X(number, name, other name): the Gregorian one (also before there was one), no year and every
// year with 29 February, 12 months of 30 days.
#define EPMT_CALENDARS(X)                \
    X(STANDARD, "standard", "gregorian") \
    X(NOLEAP, "noleap", "365_day")       \
    X(ALL_LEAP, "all_leap", "366_day")   \
    X(DAYS_360, "360_day", "360")

enum epmt_calendar {
#define EPMT_CALENDAR_ENUM(number, ...) EPMT_CALENDAR_##number,
    EPMT_CALENDARS(EPMT_CALENDAR_ENUM)
#undef EPMT_CALENDAR_ENUM
        EPMT_CALENDAR_COUNT
};

struct epmt_date {
    int year, month, day; // of years 1 to 9999
};

// False: there is no such calendar.
bool epmt_calendar_find(const char *name, enum epmt_calendar *calendar);

int epmt_calendar_month_days(enum epmt_calendar calendar, int year, int month);

// False: the calendar has no such day.
bool epmt_calendar_has(enum epmt_calendar calendar, const struct epmt_date *date);

// Days since the first of the year 1, and back.
int64_t epmt_calendar_days(enum epmt_calendar calendar, const struct epmt_date *date);
struct epmt_date epmt_calendar_date(enum epmt_calendar calendar, int64_t days);

#endif
