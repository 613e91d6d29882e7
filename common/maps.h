// SPDX-License-Identifier: Apache-2.0
// The modules of this process, from /proc/self/maps: dladdr and dl_iterate_phdr take locks.
#ifndef EPMT_COMMON_MAPS_H
#define EPMT_COMMON_MAPS_H

#include <stddef.h>
#include <stdint.h>

// One mapping that holds code.
struct epmt_mapping {
    uint64_t start, end, offset; // offset: in the file, of start
    const char *path;            // or a name in brackets, of what is no file
};

// Tells each mapping that holds code. line[cap] is memory for one line, longer ones are passed
// over. Async-signal-safe.
void epmt_maps_read(char *line, size_t cap,
                    void (*each)(void *context, const struct epmt_mapping *mapping), void *context);

#endif
