// SPDX-License-Identifier: Apache-2.0
// Whether the process of a record is alive on this host.
#ifndef EPMT_STORAGE_ALIVE_H
#define EPMT_STORAGE_ALIVE_H

#include "metadata/record.h"

// What is asked once.
struct epmt_here {
    char bootid[64];
    uint64_t pidns; // 0: unknown
};

void epmt_here_init(struct epmt_here *here);

// True where the record is of this boot and pid namespace, and its pid is that of a process which
// is no zombie and no younger than the record.
bool epmt_is_alive(const struct epmt_here *here, const struct epmt_record *process);

// True where the record says nothing yet of an end.
bool epmt_is_open(const struct epmt_record *process);

#endif
