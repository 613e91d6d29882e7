// SPDX-License-Identifier: Apache-2.0
// Ratios of the events that a job counted: instructions per cycle, misses per 1000 instructions ...
#ifndef EPMT_ANALYSIS_RATIOS_H
#define EPMT_ANALYSIS_RATIOS_H

#include "storage/db.h"

#define EPMT_RATIOS_MAX 16

struct epmt_ratio {
    const char *name;
    double value; // to three places
};

struct epmt_ratios {
    bool counted; // there were events at all
    int count;
    struct epmt_ratio ratio[EPMT_RATIOS_MAX];
};

// Those of the job with this id (jobs.id) for which both events were counted alike. Returns 0 or -1
// with err.
int epmt_ratios_of(struct epmt_db *db, const char *id, struct epmt_ratios *ratios,
                   struct epmt_error *err);

#endif
