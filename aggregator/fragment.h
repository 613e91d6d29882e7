// SPDX-License-Identifier: Apache-2.0
// The fragment: the one wire format, in journals and on the tree. docs/fragment.md describes the
// bytes. A fragment is a header (magic, version, length, schema hash, step, rank, CRC-32C) and
// rows; texts stand where they are first used and are referred to by their place afterwards, so
// that a fragment needs no other to be understood.
#ifndef EPMT_AGGREGATOR_FRAGMENT_H
#define EPMT_AGGREGATOR_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "metadata/record.h"

#define EPMT_FRAGMENT_MAGIC UINT32_C(0x46544d45) // "EMTF"
#define EPMT_FRAGMENT_VERSION 1
#define EPMT_FRAGMENT_HEADER_LEN 48
// A reader refuses what is larger: a hostile length must not make it allocate or skip far.
#define EPMT_FRAGMENT_MAX (64u << 20)

// All little-endian.
struct epmt_fragment_header {
    uint32_t magic;
    uint16_t version;
    uint16_t flags;  // EPMT_FRAGMENT_*
    uint32_t len;    // header included
    uint32_t crc;    // CRC-32C of the whole fragment with this field 0
    uint64_t schema; // epmt_schema_hash()
    uint64_t step;   // hash of the launcher's key of the MPI world, 0 outside one
    int32_t rank;    // world rank of the writer, -1 where unknown
    uint32_t rows;
    uint64_t image; // of the writer
};

enum epmt_fragment_flags {
    EPMT_FRAGMENT_RANK = 1,    // the writer's rank in its step is known from MPI itself
    EPMT_FRAGMENT_LAST = 2,    // the last one of a stream
    EPMT_FRAGMENT_PARTIAL = 4, // rows that should be in the stream were left out
    EPMT_FRAGMENT_LEFT = 16,   // the writer has given the reduction of its step up; no rows
    EPMT_FRAGMENT_HOST = 32,   // no rows, what the processes of a host share (journal_host.h)
    EPMT_FRAGMENT_WAITED = 64, // how a child ended that could not tell it itself
    EPMT_FRAGMENT_FINAL = 8, // the writer's last record: its image has ended, or its rank finalized
};

// Scopes of attributes: "job", "env", "step <key>".
struct epmt_row {
    enum epmt_row_kind kind;
    struct epmt_record record;           // every kind with a dictionary
    struct epmt_bytes scope, key, value; // ATTRIBUTE
};

// A fragment being written into the caller's memory.
struct epmt_fragment {
    uint8_t *data;
    size_t cap;
    size_t len;
    uint32_t rows;
    uint32_t *slots;     // places of texts already there, by hash; NULL: every text is written out
    uint32_t slot_count; // a power of two
    uint32_t slots_used;
};

// Starts an empty fragment in data[cap]. slots may be NULL (then slot_count is 0).
void epmt_fragment_init(struct epmt_fragment *fragment, void *data, size_t cap, uint32_t *slots,
                        uint32_t slot_count);

// Appends a row. Returns 0, or -1 where it does not fit; the fragment is unchanged then.
int epmt_fragment_add(struct epmt_fragment *fragment, enum epmt_row_kind kind,
                      const struct epmt_record *record);
int epmt_fragment_add_attribute(struct epmt_fragment *fragment, struct epmt_bytes scope,
                                struct epmt_bytes key, struct epmt_bytes value);
// Appends any decoded row.
int epmt_fragment_add_row(struct epmt_fragment *fragment, const struct epmt_row *row);

// Appends rows that epmt_row_encode made (without texts).
int epmt_fragment_add_encoded(struct epmt_fragment *fragment, const void *rows, size_t len,
                              uint32_t count);

// Encodes a row without texts for itself, to be added to a fragment later. Returns its length, or
// 0 where it does not fit.
size_t epmt_row_encode(void *data, size_t cap, enum epmt_row_kind kind,
                       const struct epmt_record *record);

// Fills in the header (step, rank, image and flags from *header, the rest computed). Returns the
// length of the finished fragment. More rows may be added and the fragment sealed again.
size_t epmt_fragment_seal(struct epmt_fragment *fragment,
                          const struct epmt_fragment_header *header);

// Reads and checks the header at data[len]. Returns 0; or -1 with err (BAD_INPUT, VERSION) where
// no whole, undamaged fragment of this schema begins there.
int epmt_fragment_check(const void *data, size_t len, struct epmt_fragment_header *header,
                        struct epmt_error *err);

// Walks over the rows of a fragment that epmt_fragment_check has passed. Texts in the rows point
// into its bytes.
struct epmt_fragment_reader {
    const uint8_t *data;
    size_t at, len;
    uint32_t left; // rows
};

void epmt_fragment_reader_init(struct epmt_fragment_reader *reader, const void *data,
                               const struct epmt_fragment_header *header);

// Returns 1 with the next row in *row, 0 at the end, -1 with err (BAD_INPUT) for malformed bytes.
int epmt_fragment_next(struct epmt_fragment_reader *reader, struct epmt_row *row,
                       struct epmt_error *err);

#endif
