// SPDX-License-Identifier: Apache-2.0
// Time segments of an experiment: plain numbers, or dates (YYYYMMDD or YYYYMM) that go by a
// calendar.
#ifndef EPMT_ANALYSIS_SEGMENTS_H
#define EPMT_ANALYSIS_SEGMENTS_H

#include "analysis/explore.h"

enum epmt_segment_unit { EPMT_SEGMENT_NUMBERS, EPMT_SEGMENT_DAYS, EPMT_SEGMENT_MONTHS };

struct epmt_segments {
    enum epmt_segment_unit unit;
    enum epmt_calendar calendar;
    int digits;                // of its dates, 8 or 6; 0: they are numbers
    int day;                   // of months: the day they begin on, or the last where there is none
    int64_t first, last, step; // in units; step 0: nobody can say what there should be
};

// The segments there should be: those asked for, or from the first to the last of the rows by their
// most usual distance. False: out of memory.
bool epmt_segments_make(struct epmt_segments *segments, const struct epmt_explore_request *request,
                        const struct epmt_explore_segment *rows, size_t count);

// How many there should be.
uint64_t epmt_segments_count(const struct epmt_segments *segments);

// The units of the rows that have some, in order; the caller frees them. NULL: out of memory.
int64_t *epmt_segments_units(const struct epmt_segments *segments,
                             const struct epmt_explore_segment *rows, size_t count, size_t *found);

// As people write it: 18540101.
int64_t epmt_segments_number(const struct epmt_segments *segments, int64_t units);

#endif
