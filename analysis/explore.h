// SPDX-License-Identifier: Apache-2.0
// An experiment by its components and time segments: jobs with the tags exp_name, exp_component and
// exp_time. Memory is that of one component's jobs.
#ifndef EPMT_ANALYSIS_EXPLORE_H
#define EPMT_ANALYSIS_EXPLORE_H

#include "analysis/calendar.h"
#include "storage/db.h"

#define EPMT_EXPLORE_NAME_MAX 256
#define EPMT_EXPLORE_SEGMENTS_MAX 100000 // that are looked for

struct epmt_explore_request {
    const char *experiment;
    const char *metric; // a column of jobs
    int64_t limit;      // of components, the dearest first
    // Segments there should be; step 0: from the first to the last there is, by the usual distance.
    // Those of dates go by a calendar.
    int64_t first, last, step;
    bool has_calendar; // else the one that explains the segments best
    enum epmt_calendar calendar;
};

// Texts of a row are "" where they are not known.
struct epmt_explore_component {
    char name[EPMT_EXPLORE_NAME_MAX];
    int64_t jobs;
    double sum, share;   // share: of all components that are listed
    double min, max, cv; // cv: standard deviation (of the population) by the mean
};

// A job of a component, or (component and job "") all jobs of a time segment.
struct epmt_explore_segment {
    char component[EPMT_EXPLORE_NAME_MAX], time[EPMT_EXPLORE_NAME_MAX],
        jobid[EPMT_EXPLORE_NAME_MAX];
    double value;
    int score; // how many of iqr, z score and modified z score call it an outlier
};

// A segment that a component has no job of.
struct epmt_explore_missing {
    char component[EPMT_EXPLORE_NAME_MAX];
    int64_t time;
    int digits; // of a date, with zeros in front; 0: a plain number
};

struct epmt_explore_visitor {
    void (*component)(void *context, const struct epmt_explore_component *component);
    void (*segment)(void *context, const struct epmt_explore_segment *segment);
    void (*total)(void *context, const struct epmt_explore_segment *segment);
    void (*missing)(void *context, const struct epmt_explore_missing *missing);
    void (*too_many)(void *context); // instead: more than SEGMENTS_MAX there should be
    void *context;
};

// Visits all components, then the jobs of each by time, then the time segments, then what is
// missing. Returns 0, or -1 with err (NOT_FOUND: no such experiment; USAGE: no such metric).
int epmt_explore(struct epmt_db *db, const struct epmt_explore_request *request,
                 const struct epmt_explore_visitor *visitor, struct epmt_error *err);

#endif
