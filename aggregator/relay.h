// SPDX-License-Identifier: Apache-2.0
// Passing rows on from one fragment to another without decoding their numbers: what a rank of the
// tree does with its children's rows.
#ifndef EPMT_AGGREGATOR_RELAY_H
#define EPMT_AGGREGATOR_RELAY_H

#include "aggregator/fragment.h"

#define EPMT_RELAY_TEXTS 64

// Where texts of the one fragment stand in the other.
struct epmt_relay {
    const uint8_t *source; // the fragment
    struct {
        uint32_t from, to;
    } texts[EPMT_RELAY_TEXTS];
};

// To be called where one of the two has begun anew in the same memory; another source is noticed.
void epmt_relay_init(struct epmt_relay *relay);

enum epmt_relay_outcome {
    EPMT_RELAY_DONE,   // the row is in `to`, and the reader stands behind it
    EPMT_RELAY_FULL,   // it does not fit; the reader stands before it
    EPMT_RELAY_DECODE, // no row that can be passed on so, or the end: to be read as usual
};

// The kind of the next row, 0 at the end.
int epmt_relay_kind(const struct epmt_fragment_reader *from);

// Passes the next row on: numbers as they stand, texts by their new places.
enum epmt_relay_outcome epmt_relay_row(struct epmt_relay *relay, struct epmt_fragment *to,
                                       struct epmt_fragment_reader *from);

#endif
