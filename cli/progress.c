// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WIDTH 40
#define AFTER_S 1.0
#define EVERY_S 0.1

static double now_s(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void epmt_progress_begin(struct epmt_progress *progress, uint64_t total) {
    const char *terminal = getenv("TERM");

    *progress = (struct epmt_progress){.total = total, .start = now_s()};
    progress->on = total > 1 && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

void epmt_progress_step(struct epmt_progress *progress) {
    char bar[WIDTH + 1];
    double now;

    progress->done++;
    if (!progress->on || (now = now_s()) - progress->start < AFTER_S ||
        now - progress->last < EVERY_S)
        return;
    uint64_t full = progress->done * WIDTH / progress->total;
    memset(bar, ' ', WIDTH);
    memset(bar, '#', full < WIDTH ? full : WIDTH);
    bar[WIDTH] = '\0';
    fflush(stdout);
    fprintf(stderr, "\r[%s] %" PRIu64 "/%" PRIu64 ", %.0f/s \033[K", bar, progress->done,
            progress->total, (double)progress->done / (now - progress->start));
    progress->last = now;
    progress->shown = true;
}

void epmt_progress_hide(struct epmt_progress *progress) {
    if (!progress->shown)
        return;
    fputs("\r\033[K", stderr);
    progress->shown = false;
    progress->last = 0;
}
