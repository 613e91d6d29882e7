// SPDX-License-Identifier: Apache-2.0
#include "aggregator/relay.h"

#include <string.h>

#include "aggregator/fragment_priv.h"

#include "common/poison.h"

// Kind and the padded length of what follows.
#define HEAD_LEN 5

void epmt_relay_init(struct epmt_relay *relay) {
    memset(relay, 0, sizeof *relay);
}

int epmt_relay_kind(const struct epmt_fragment_reader *from) {
    return from->left && from->at < from->len ? from->data[from->at] : 0;
}

// What the relay knows of a kind of rows.
struct form {
    uint64_t texts[EPMT_VALID_WORDS]; // columns that are texts, as the validity words have them
    unsigned columns;                 // 0: not asked yet
    bool passes;                      // its rows can be passed on
};

// The form of a kind's rows, NULL where they are to be decoded.
static const struct form *form_of(uint8_t kind) {
    static struct form forms[16];
    const struct epmt_dictionary *dictionary;
    struct form *form = &forms[kind % 16];

    if (kind >= 16)
        return NULL;
    if (!form->columns && (dictionary = epmt_dictionary_of((enum epmt_row_kind)kind)) != NULL) {
        form->passes = true;
        for (int i = 0; i < dictionary->count; i++) {
            enum epmt_type type = dictionary->columns[i].type;
            if (type == EPMT_TYPE_TEXT || type == EPMT_TYPE_LIST)
                form->texts[i / 64] |= UINT64_C(1) << (i % 64);
            form->passes &= type != EPMT_TYPE_REAL; // no varint
        }
        form->columns = (unsigned)dictionary->count;
    }
    return form->passes ? form : NULL;
}

static size_t valid_len(const struct form *form) {
    return (form->columns + 7) / 8;
}

// The length of the row at `at`, its head included; 0 where its length is not padded.
static size_t row_len(const uint8_t *at) {
    if (!(at[1] & 0x80) || !(at[2] & 0x80) || !(at[3] & 0x80) || (at[4] & 0x80))
        return 0;
    return HEAD_LEN + ((size_t)(at[1] & 0x7f) | (size_t)(at[2] & 0x7f) << 7 |
                       (size_t)(at[3] & 0x7f) << 14 | (size_t)at[4] << 21);
}

// Most bytes of a varint of 64 bits; the last of so many is 0 or 1.
#define VARINT_MAX 10

static bool is_varint(unsigned len, uint8_t last) {
    return len < VARINT_MAX || (len == VARINT_MAX && last <= 1);
}

// The end of `count` varints at `at`, eight bytes at a time; NULL where they do not end before
// `end`, or one is longer than it may be.
static const uint8_t *behind(const uint8_t *at, const uint8_t *end, unsigned count) {
    unsigned begun = 0; // bytes of a varint that has not ended

    while (count && end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t ends = ~word & UINT64_C(0x8080808080808080);
        unsigned many = (unsigned)((ends >> 7) * UINT64_C(0x0101010101010101) >> 56);
        if (many >= count)
            break;
        count -= many;
        if (ends) {
            unsigned first = (unsigned)__builtin_ctzll(ends) / 8;
            if (!is_varint(begun + first + 1, at[first]))
                return NULL;
            begun = (unsigned)__builtin_clzll(ends) / 8;
        } else {
            begun += 8;
        }
        at += 8;
    }
    for (; count && at < end; at++) {
        begun++;
        if (*at & 0x80)
            continue;
        if (!is_varint(begun, *at))
            return NULL;
        begun = 0;
        count--;
    }
    return count ? NULL : at;
}

static bool put_bytes(struct epmt_fragment *to, const void *bytes, size_t len) {
    if (len > to->cap - to->len)
        return false;
    memcpy(to->data + to->len, bytes, len);
    to->len += len;
    return true;
}

enum passing { PASSED, NO_ROOM, MALFORMED };

static enum passing pass_numbers(struct epmt_fragment *to, struct epmt_fragment_reader *from,
                                 size_t end, unsigned count) {
    const uint8_t *at = from->data + from->at;
    const uint8_t *next = behind(at, from->data + end, count);

    if (!next)
        return MALFORMED;
    if (!put_bytes(to, at, (size_t)(next - at)))
        return NO_ROOM;
    from->at += (size_t)(next - at);
    return PASSED;
}

static enum passing pass_text(struct epmt_relay *relay, struct epmt_fragment *to,
                              struct epmt_fragment_reader *from, size_t end) {
    struct epmt_bytes text;
    uint32_t place, stands = 0;

    if (!epmt_fragment_get_text(from, end, &text, &place))
        return MALFORMED;
    uint32_t slot = place % EPMT_RELAY_TEXTS;
    if (relay->texts[slot].from == place)
        return epmt_fragment_put_number(to, relay->texts[slot].to) ? PASSED : NO_ROOM;
    if (!epmt_fragment_put_text(to, text, &stands))
        return NO_ROOM;
    if (stands) {
        relay->texts[slot].from = place;
        relay->texts[slot].to = stands;
    }
    return PASSED;
}

static enum passing pass_values(struct epmt_relay *relay, const struct form *form,
                                struct epmt_fragment *to, struct epmt_fragment_reader *from,
                                size_t end) {
    enum passing passing = PASSED;
    uint64_t valid[EPMT_VALID_WORDS] = {0};
    unsigned numbers = 0;

    memcpy(valid, from->data + from->at, valid_len(form));
    if (!put_bytes(to, valid, valid_len(form)))
        return NO_ROOM;
    from->at += valid_len(form);
    for (unsigned i = 0; i < EPMT_VALID_WORDS; i++) {
        uint64_t left = valid[i];
        for (uint64_t text = left & form->texts[i]; text && passing == PASSED; text &= text - 1) {
            uint64_t before = left & ((text & -text) - 1);
            numbers += (unsigned)__builtin_popcountll(before);
            left &= ~(before | (text & -text));
            passing = pass_numbers(to, from, end, numbers);
            numbers = 0;
            if (passing == PASSED)
                passing = pass_text(relay, to, from, end);
        }
        numbers += (unsigned)__builtin_popcountll(left);
    }
    if (passing == PASSED)
        passing = pass_numbers(to, from, end, numbers);
    return passing == PASSED && from->at != end ? MALFORMED : passing;
}

// What the validity bits say: whether there are texts, and how many values. False for columns that
// are none.
static bool look(const struct form *form, const uint8_t *body, bool *texts, unsigned *count) {
    uint64_t valid[EPMT_VALID_WORDS] = {0};
    unsigned last = form->columns / 64;

    memcpy(valid, body, valid_len(form));
    *texts = false;
    *count = 0;
    for (unsigned i = 0; i < EPMT_VALID_WORDS; i++) {
        *texts |= (valid[i] & form->texts[i]) != 0;
        *count += (unsigned)__builtin_popcountll(valid[i]);
    }
    return !(form->columns % 64) || !(valid[last] >> (form->columns % 64));
}

static enum passing pass_row(struct epmt_relay *relay, const struct form *form,
                             struct epmt_fragment *to, struct epmt_fragment_reader *from,
                             size_t len) {
    const uint8_t *at = from->data + from->at;
    size_t start = to->len, end = from->at + len;
    unsigned count;
    bool texts;

    if (!look(form, at + HEAD_LEN, &texts, &count))
        return MALFORMED;
    if (!texts) {
        if (behind(at + HEAD_LEN + valid_len(form), at + len, count) != at + len)
            return MALFORMED;
        from->at = end;
        return put_bytes(to, at, len) ? PASSED : NO_ROOM;
    }
    if (!put_bytes(to, at, HEAD_LEN))
        return NO_ROOM;
    from->at += HEAD_LEN;
    enum passing passing = pass_values(relay, form, to, from, end);
    if (passing != PASSED)
        return passing;
    size_t new_len = to->len - start - HEAD_LEN;
    for (int i = 0; i < 4; i++)
        to->data[start + 1 + (size_t)i] =
            (uint8_t)((new_len >> (7 * i) & 0x7f) | (i < 3 ? 0x80u : 0u));
    return new_len < 1u << 28 ? PASSED : MALFORMED;
}

enum epmt_relay_outcome epmt_relay_row(struct epmt_relay *relay, struct epmt_fragment *to,
                                       struct epmt_fragment_reader *from) {
    const uint8_t *at = from->data + from->at;
    size_t room = from->len - from->at, before = from->at, start = to->len;

    if (relay->source != from->data) {
        epmt_relay_init(relay);
        relay->source = from->data;
    }
    const struct form *form = from->left && room > HEAD_LEN ? form_of(at[0]) : NULL;
    size_t len = form ? row_len(at) : 0;
    if (!form || len > room || len < HEAD_LEN + valid_len(form))
        return EPMT_RELAY_DECODE;
    enum passing passing = pass_row(relay, form, to, from, len);
    if (passing != PASSED) {
        from->at = before;
        epmt_fragment_take_back(to, start);
        epmt_relay_init(relay); // it knows texts that are gone
        return passing == NO_ROOM ? EPMT_RELAY_FULL : EPMT_RELAY_DECODE;
    }
    to->rows++;
    from->left--;
    return EPMT_RELAY_DONE;
}
