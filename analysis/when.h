// SPDX-License-Identifier: Apache-2.0
// Times as people write them. All are UTC, as everything that epmt prints.
#ifndef EPMT_ANALYSIS_WHEN_H
#define EPMT_ANALYSIS_WHEN_H

#include <stdint.h>

#include "common/err.h"

// A moment, and what the words stand for as a stretch of time: a date is its day, 14:00 that
// minute. us since epoch; `to` is the first moment behind it.
struct epmt_when {
    int64_t at, from, to;
};

// Understands 2026-11-25, 2026-11-25 14:00[:30], 2026-11-25T14:00:30Z, 11/25/2026 [14:00] (month
// first, as the tool before had it), now, today, yesterday, 3 days ago (also minutes, hours,
// weeks), -3 (3 days ago) and seconds since the epoch. `now` is in us since epoch. Returns 0, or -1
// with err (USAGE).
int epmt_when_parse(const char *text, int64_t now, struct epmt_when *when, struct epmt_error *err);

#endif
