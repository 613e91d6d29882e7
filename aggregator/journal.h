// SPDX-License-Identifier: Apache-2.0
// The journal: fragments appended to one file per host and job. Many processes append at once; a
// crash can tear the file anywhere. Guest-safe.
#ifndef EPMT_AGGREGATOR_JOURNAL_H
#define EPMT_AGGREGATOR_JOURNAL_H

#include "aggregator/fragment.h"

// Most that an append waits for the lock: who has it may have been stopped, and the program not.
#define EPMT_JOURNAL_APPEND_WAIT_NS UINT64_C(10000000000)

// Appends one sealed fragment by one write(2) to the journal at path, which is made, with its
// directory (see epmt_make_dirs for `shared`), where it is missing. Holds a shared lock for the
// moment and goes to the new file where the old one was removed meanwhile. Returns 0 or -errno.
int epmt_journal_append(const char *path, size_t shared, const void *fragment, size_t len);

// The same in steps: opens it and holds the shared lock, *len is its length now. Returns the
// descriptor, or -errno; sealed fragments go to it by epmt_write_all.
int epmt_journal_open(const char *path, size_t shared, uint64_t *len);
// alone: no other thread can have forked meanwhile, so that closing alone gives the lock back.
void epmt_journal_close(int fd, bool alone);

struct epmt_journal_scan {
    const uint8_t *data;
    size_t len, at;
    uint64_t gaps;      // damaged stretches passed over so far
    uint64_t gap_bytes; // bytes in them
    uint64_t work;      // bytes checked in vain; bounded, so that a hostile file cannot cost more
    struct epmt_error first_error; // why the first stretch is damaged (code OK: none)
};

void epmt_journal_scan_init(struct epmt_journal_scan *scan, const void *data, size_t len);

// Finds the next whole fragment, passing over damaged stretches and over what only those who append
// need (journal_host.h). Returns its bytes (inside data) and its header, or NULL at the end.
const uint8_t *epmt_journal_scan_next(struct epmt_journal_scan *scan,
                                      struct epmt_fragment_header *header);

// A journal taken for folding: exclusively locked until released.
struct epmt_journal {
    int fd;
    const void *data; // its bytes as they are now, NULL when empty
    size_t len;
};

// Opens, locks (waits up to timeout_ms) and maps the journal. Returns 0 or -errno (-ENOENT: there
// is none, -EWOULDBLOCK: the time is over, -EPERM: it belongs to somebody else).
int epmt_journal_take(struct epmt_journal *journal, const char *path, unsigned timeout_ms);

// Removes from the journal what `keep` answers false to, the file where nothing stays, and
// releases it. keep NULL: nothing stays. Returns 0 or -errno (the journal is whole then).
int epmt_journal_trim(struct epmt_journal *journal, const char *path,
                      bool (*keep)(void *context, const struct epmt_fragment_header *header,
                                   const uint8_t *fragment),
                      void *context);

// Releases it unchanged.
void epmt_journal_release(struct epmt_journal *journal);

#endif
