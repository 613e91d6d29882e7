// SPDX-License-Identifier: Apache-2.0
// What all processes of a host share and each would have to ask the kernel for, at the price of an
// eighth of its record: it stands in front of the journal. Guest-safe.
#ifndef EPMT_AGGREGATOR_JOURNAL_HOST_H
#define EPMT_AGGREGATOR_JOURNAL_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct epmt_host {
    char bootid[40]; // "" where unknown
    uint64_t pidns;  // 0 where unknown
};

#define EPMT_HOST_FRAGMENT_LEN 112

// Finds both, from the front of the journal open at fd, which has len bytes, where that is true for
// this process (self) and boot (seconds since 1970); else (or without a journal, fd < 0) from the
// kernel. Returns the length of the fragment in front[], which is to be written before all others
// where the journal is empty, or 0.
size_t epmt_journal_host_find(struct epmt_host *host, pid_t self, int64_t boot, int fd,
                              uint64_t len, uint8_t front[EPMT_HOST_FRAGMENT_LEN]);

#endif
