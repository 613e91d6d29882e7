// SPDX-License-Identifier: Apache-2.0
// A bar that tells people how far long work has come: on standard error, where that is a terminal,
// and nowhere else.
#ifndef EPMT_CLI_PROGRESS_H
#define EPMT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct epmt_progress {
    bool on, shown;
    uint64_t done, total;
    double start, last; // s
};

void epmt_progress_begin(struct epmt_progress *progress, uint64_t total);
// One more is done. The bar appears where the work takes longer than a second.
void epmt_progress_step(struct epmt_progress *progress);
// Takes the bar away, so that something else can be written (and at the end).
void epmt_progress_hide(struct epmt_progress *progress);

#endif
