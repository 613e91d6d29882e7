// SPDX-License-Identifier: Apache-2.0
// Fields of proc(5) stat, by the numbers of the manual page. Guest-safe.
#ifndef EPMT_METADATA_PROCSTAT_H
#define EPMT_METADATA_PROCSTAT_H

#include <stdbool.h>
#include <stdint.h>

#define EPMT_STAT_FIELDS 43 // of 52: nobody asks for those behind

struct epmt_procstat {
    char comm[64];
    char state;
    uint64_t field[EPMT_STAT_FIELDS + 1]; // [4] to [22], [39] to [43]; signed ones as their bits
    int last;                             // number of the last field there was
};

// Parses text of /proc/.../stat. The name in parentheses may hold anything, parentheses too.
// Returns false where it is no such text.
bool epmt_procstat_parse(const char *text, struct epmt_procstat *stat);

// Reads and parses /proc/<pid>/stat. Returns false where that fails.
bool epmt_procstat_of(int64_t pid, struct epmt_procstat *stat);

#endif
