// SPDX-License-Identifier: Apache-2.0
// Parts of the codec, for aggregator/relay.c alone.
#ifndef EPMT_AGGREGATOR_FRAGMENT_PRIV_H
#define EPMT_AGGREGATOR_FRAGMENT_PRIV_H

#include "aggregator/fragment.h"

// Appends a text or a reference to it. *place becomes where it stands, 0 where that is not noted.
// Returns false where it does not fit.
bool epmt_fragment_put_text(struct epmt_fragment *fragment, struct epmt_bytes text,
                            uint32_t *place);
// Appends a varint.
bool epmt_fragment_put_number(struct epmt_fragment *fragment, uint64_t value);
// Takes back what was appended from `len` on.
void epmt_fragment_take_back(struct epmt_fragment *fragment, size_t len);

// Reads a text, or a reference to one, which ends before `end`. *place becomes where it stands.
bool epmt_fragment_get_text(struct epmt_fragment_reader *reader, size_t end,
                            struct epmt_bytes *text, uint32_t *place);

#endif
