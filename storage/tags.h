// SPDX-License-Identifier: Apache-2.0
// Tags, as EPMT_TAGS and EPMT_JOB_TAGS have them: key:value;key:value. White space around them does
// not count, a word without a colon has the value 1, a value may hold further colons, and of
// several tags with the same key the last one stands.
#ifndef EPMT_STORAGE_TAGS_H
#define EPMT_STORAGE_TAGS_H

#include <stddef.h>

#include "metadata/record.h"

// Longer keys and values are cut, at the end of a character: an index must hold them.
#define EPMT_TAG_KEY_MAX 512
#define EPMT_TAG_VALUE_MAX 1024

struct epmt_tag {
    struct epmt_bytes key, value; // in the text of the tags, or a literal
};

// Tags of one text after the other. Start with {0}.
struct epmt_tags {
    struct epmt_tag *tags; // by their keys
    size_t count, cap;
};

// Takes the tags out of text, which must be valid UTF-8 and stay where it is. Returns 0, or -1
// where memory runs out.
int epmt_tags_parse(struct epmt_tags *tags, struct epmt_bytes text);
void epmt_tags_free(struct epmt_tags *tags);

// The text cut to at most max bytes, at the end of a character.
struct epmt_bytes epmt_text_cut(struct epmt_bytes text, size_t max);

#endif
