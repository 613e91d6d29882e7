// SPDX-License-Identifier: Apache-2.0
// Appends to a journal what so many children of a job left: journal FILE COUNT.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/journal.h"

static void append(const char *path, uint64_t image, unsigned flags, int64_t pid) {
    static uint8_t data[4096];
    static const char args[] = "-c\0/scratch/project/input.nc\0--quiet";
    struct epmt_fragment_header about = {.flags = (uint16_t)flags, .rank = -1, .image = image};
    struct epmt_fragment fragment;
    struct epmt_record record;

    epmt_record_clear(&record);
    epmt_record_set_u(&record, EPMT_COL_image, image);
    epmt_record_set_u(&record, EPMT_COL_revision, flags ? 2 : 1);
    epmt_record_set_i(&record, EPMT_COL_state, flags ? EPMT_STATE_exited : EPMT_STATE_running);
    epmt_record_set_i(&record, EPMT_COL_pid, pid);
    epmt_record_set_i(&record, EPMT_COL_start, INT64_C(1700000000000000) + pid);
    epmt_record_set_text(&record, EPMT_COL_hostname, "elsewhere", 9);
    epmt_record_set_text(&record, EPMT_COL_bootid, "another boot", 12);
    epmt_record_set_text(&record, EPMT_COL_exename, "child", 5);
    epmt_record_set_text(&record, EPMT_COL_args, args, sizeof args);
    for (int i = EPMT_COL_usertime; flags && i <= EPMT_COL_timeslices; i++) {
        if (epmt_columns[i].type == EPMT_TYPE_UINT)
            epmt_record_set_u(&record, i, (uint64_t)pid * 1000);
    }
    epmt_fragment_init(&fragment, data, sizeof data, NULL, 0);
    epmt_fragment_add(&fragment, EPMT_ROW_PROCESS, &record);
    size_t len = epmt_fragment_seal(&fragment, &about);
    if (epmt_journal_append(path, 0, data, len))
        exit(1);
}

int main(int argc, char **argv) {
    long count = argc > 2 ? atol(argv[2]) : 0;

    for (long i = 0; i < count; i++) {
        append(argv[1], (uint64_t)i + 1000, 0, i + 10);
        append(argv[1], (uint64_t)i + 1000, EPMT_FRAGMENT_FINAL, i + 10);
    }
    return count ? 0 : 2;
}
