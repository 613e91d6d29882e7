// SPDX-License-Identifier: Apache-2.0
// Encoding of fragments. Row: kind (1 byte), length of what follows (varint), for records the
// validity bits (a bit per column of the kind's dictionary, padded to whole bytes) and the valid
// values in column order; signed numbers zigzag, reals as 8 bytes, texts as a place (0: the text
// follows here as length and bytes; else the offset, in the fragment, of such a length and bytes).
#include "aggregator/fragment.h"

#include <string.h>

#include "aggregator/fragment_priv.h"
#include "common/hash.h"

#include "common/poison.h"

// Most bytes that a row's header takes: kind and a 4-byte padded varint.
#define ROW_HEADER_LEN 5

void epmt_fragment_init(struct epmt_fragment *fragment, void *data, size_t cap, uint32_t *slots,
                        uint32_t slot_count) {
    *fragment = (struct epmt_fragment){
        .data = data,
        .cap = cap,
        .len = EPMT_FRAGMENT_HEADER_LEN,
        .slots = slots,
        .slot_count = slot_count,
    };
    if (slots)
        memset(slots, 0, slot_count * sizeof *slots);
}

static bool put_bytes(struct epmt_fragment *f, const void *bytes, size_t len) {
    if (len > f->cap || f->len > f->cap - len)
        return false;
    if (len) // an empty text may have no address
        memcpy(f->data + f->len, bytes, len);
    f->len += len;
    return true;
}

#define VARINT_MAX 10 // bytes

// Where the memory may end within it.
static bool put_last_varint(struct epmt_fragment *f, uint64_t value) {
    uint8_t bytes[VARINT_MAX];
    size_t n = 0;

    while (value >= 0x80) {
        bytes[n++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[n++] = (uint8_t)value;
    return put_bytes(f, bytes, n);
}

static bool put_varint(struct epmt_fragment *f, uint64_t value) {
    if (f->len >= f->cap || (value >= 0x80 && f->cap - f->len < VARINT_MAX))
        return put_last_varint(f, value);
    uint8_t *at = f->data + f->len;
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    f->len = (size_t)(at - f->data);
    return true;
}

static uint64_t zigzag(int64_t value) {
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static int64_t unzigzag(uint64_t value) {
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static bool get_varint(const uint8_t *data, size_t end, size_t *at, uint64_t *value) {
    uint64_t result = 0;

    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = data[(*at)++];
        if (shift == 63 && byte > 1)
            return false;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *value = result;
            return true;
        }
    }
    return false;
}

// The text whose length and bytes stand at place, as long as it ends before end.
static bool text_at(const uint8_t *data, size_t end, size_t place, struct epmt_bytes *text) {
    uint64_t len;

    if (!get_varint(data, end, &place, &len) || len > end - place)
        return false;
    *text = (struct epmt_bytes){(const char *)data + place, len};
    return true;
}

// The slot of a text: where it stands already, or where it may be noted.
static uint32_t *slot_of(struct epmt_fragment *f, struct epmt_bytes text) {
    uint32_t mask = f->slot_count - 1;
    uint64_t hash = epmt_hash_finish(epmt_hash_bytes(EPMT_HASH_START, text.data, text.len));

    for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
        struct epmt_bytes there;
        if (!f->slots[i])
            return &f->slots[i];
        if (text_at(f->data, f->len, f->slots[i], &there) && there.len == text.len &&
            !memcmp(there.data, text.data, text.len))
            return &f->slots[i];
    }
}

static bool put_text(struct epmt_fragment *f, struct epmt_bytes text) {
    // A full window stops taking in new texts; what is in it still saves bytes.
    bool window = f->slots && text.len && f->slots_used < f->slot_count / 4 * 3;
    uint32_t *slot = window ? slot_of(f, text) : NULL;

    if (slot && *slot)
        return put_varint(f, *slot);
    if (!put_varint(f, 0))
        return false;
    size_t place = f->len;
    if (!put_varint(f, text.len) || !put_bytes(f, text.data, text.len))
        return false;
    if (slot) {
        *slot = (uint32_t)place;
        f->slots_used++;
    }
    return true;
}

// Bytes of the validity bits of a record.
static size_t valid_len(const struct epmt_dictionary *dictionary) {
    return ((size_t)dictionary->count + 7) / 8;
}

static bool put_record(struct epmt_fragment *f, const struct epmt_dictionary *dictionary,
                       const struct epmt_record *record) {
    if (!put_bytes(f, record->valid, valid_len(dictionary)))
        return false;
    for (int i = epmt_record_next(record, 0); i < dictionary->count;
         i = epmt_record_next(record, i + 1)) {
        bool done = true;
        switch ((enum epmt_type)dictionary->types[i]) {
        case EPMT_TYPE_TEXT:
        case EPMT_TYPE_LIST:
            done = put_text(f, record->value[i].text);
            break;
        case EPMT_TYPE_INT:
        case EPMT_TYPE_STATE:
            done = put_varint(f, zigzag(record->value[i].i));
            break;
        case EPMT_TYPE_UINT:
            done = put_varint(f, record->value[i].u);
            break;
        case EPMT_TYPE_REAL:
            done = put_bytes(f, &record->value[i].r, sizeof record->value[i].r);
            break;
        }
        if (!done)
            return false;
    }
    return true;
}

// Forgets the texts noted at `len` or behind: the row that held them was taken back.
static void forget_texts(struct epmt_fragment *f, size_t len) {
    for (uint32_t i = 0; f->slots && i < f->slot_count; i++) {
        if (f->slots[i] >= len) {
            // An open-addressing table cannot lose single entries: start the window anew.
            memset(f->slots, 0, f->slot_count * sizeof *f->slots);
            f->slots_used = 0;
            return;
        }
    }
}

// Writes the row's header before what put wrote from start on. Returns 0 or -1 (too long).
static int close_row(struct epmt_fragment *f, size_t start, enum epmt_row_kind kind) {
    size_t len = f->len - start - ROW_HEADER_LEN;

    if (len >= 1u << 28)
        return -1;
    f->data[start] = (uint8_t)kind;
    for (int i = 0; i < 4; i++)
        f->data[start + 1 + (size_t)i] = (uint8_t)((len >> (7 * i) & 0x7f) | (i < 3 ? 0x80u : 0u));
    f->rows++;
    return 0;
}

int epmt_fragment_add(struct epmt_fragment *f, enum epmt_row_kind kind,
                      const struct epmt_record *record) {
    static const uint8_t room[ROW_HEADER_LEN];
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);
    size_t start = f->len;

    if (dictionary && put_bytes(f, room, sizeof room) && put_record(f, dictionary, record) &&
        !close_row(f, start, kind))
        return 0;
    f->len = start;
    forget_texts(f, start);
    return -1;
}

int epmt_fragment_add_attribute(struct epmt_fragment *f, struct epmt_bytes scope,
                                struct epmt_bytes key, struct epmt_bytes value) {
    static const uint8_t room[ROW_HEADER_LEN];
    size_t start = f->len;

    if (put_bytes(f, room, sizeof room) && put_text(f, scope) && put_text(f, key) &&
        put_text(f, value) && !close_row(f, start, EPMT_ROW_ATTRIBUTE))
        return 0;
    f->len = start;
    forget_texts(f, start);
    return -1;
}

int epmt_fragment_add_row(struct epmt_fragment *f, const struct epmt_row *row) {
    if (row->kind == EPMT_ROW_ATTRIBUTE)
        return epmt_fragment_add_attribute(f, row->scope, row->key, row->value);
    return epmt_fragment_add(f, row->kind, &row->record);
}

int epmt_fragment_add_encoded(struct epmt_fragment *f, const void *rows, size_t len,
                              uint32_t count) {
    if (!put_bytes(f, rows, len))
        return -1;
    f->rows += count;
    return 0;
}

size_t epmt_row_encode(void *data, size_t cap, enum epmt_row_kind kind,
                       const struct epmt_record *record) {
    struct epmt_fragment alone = {.data = data, .cap = cap};

    return epmt_fragment_add(&alone, kind, record) ? 0 : alone.len;
}

_Static_assert(sizeof(struct epmt_fragment_header) == EPMT_FRAGMENT_HEADER_LEN, "wire format");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "headers are copied as they are");

static uint32_t crc_of(const void *data, size_t len) {
    struct epmt_fragment_header header;

    memcpy(&header, data, sizeof header);
    header.crc = 0;
    uint32_t crc = epmt_crc32c(0, &header, sizeof header);
    return epmt_crc32c(crc, (const uint8_t *)data + sizeof header, len - sizeof header);
}

size_t epmt_fragment_seal(struct epmt_fragment *f, const struct epmt_fragment_header *about) {
    struct epmt_fragment_header header = *about;

    header.magic = EPMT_FRAGMENT_MAGIC;
    header.version = EPMT_FRAGMENT_VERSION;
    header.len = (uint32_t)f->len;
    header.schema = epmt_schema_hash();
    header.rows = f->rows;
    header.crc = 0;
    memcpy(f->data, &header, sizeof header);
    header.crc = crc_of(f->data, f->len);
    memcpy(f->data, &header, sizeof header);
    return f->len;
}

int epmt_fragment_check(const void *data, size_t len, struct epmt_fragment_header *header,
                        struct epmt_error *err) {
    if (len < sizeof *header)
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "cut off in a fragment's header");
    memcpy(header, data, sizeof *header);
    if (header->magic != EPMT_FRAGMENT_MAGIC)
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "no fragment begins here");
    if (header->version != EPMT_FRAGMENT_VERSION)
        return epmt_errf(err, EPMT_ERR_VERSION, "fragment format version %u, this epmt reads %d",
                         header->version, EPMT_FRAGMENT_VERSION);
    if (header->len < sizeof *header || header->len > EPMT_FRAGMENT_MAX)
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "impossible length of a fragment");
    if (header->len > len)
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "cut off in a fragment: %u bytes of %u",
                         (unsigned)len, header->len);
    if (header->crc != crc_of(data, header->len))
        return epmt_errf(err, EPMT_ERR_BAD_INPUT, "checksum of a fragment is wrong");
    if (header->schema != epmt_schema_hash())
        return epmt_errf(err, EPMT_ERR_VERSION, "written by an epmt with other columns");
    return 0;
}

void epmt_fragment_reader_init(struct epmt_fragment_reader *reader, const void *data,
                               const struct epmt_fragment_header *header) {
    *reader = (struct epmt_fragment_reader){
        .data = data,
        .at = EPMT_FRAGMENT_HEADER_LEN,
        .len = header->len,
        .left = header->rows,
    };
}

static bool get_text(struct epmt_fragment_reader *r, size_t end, struct epmt_bytes *text) {
    uint64_t place;

    if (!get_varint(r->data, end, &r->at, &place))
        return false;
    if (place)
        return place >= EPMT_FRAGMENT_HEADER_LEN && place < r->at &&
               text_at(r->data, end, (size_t)place, text);
    if (!text_at(r->data, end, r->at, text))
        return false;
    r->at = (size_t)((const uint8_t *)text->data + text->len - r->data);
    return true;
}

static bool get_valid(struct epmt_fragment_reader *r, size_t end,
                      const struct epmt_dictionary *dictionary, struct epmt_record *record) {
    size_t len = valid_len(dictionary);
    unsigned spare = (unsigned)len * 8 - (unsigned)dictionary->count;

    if (end - r->at < len || r->data[r->at + len - 1] >> (8 - spare))
        return false;
    epmt_record_clear(record);
    memcpy(record->valid, r->data + r->at, len);
    r->at += len;
    return true;
}

static bool get_real(struct epmt_fragment_reader *r, size_t end, double *value) {
    if (end - r->at < sizeof *value)
        return false;
    memcpy(value, r->data + r->at, sizeof *value);
    r->at += sizeof *value;
    return true;
}

static bool get_record(struct epmt_fragment_reader *r, size_t end,
                       const struct epmt_dictionary *dictionary, struct epmt_record *record) {
    if (!get_valid(r, end, dictionary, record))
        return false;
    for (int i = 0; i < dictionary->count; i++) {
        uint64_t value;
        if (!epmt_record_has(record, i))
            continue;
        switch ((enum epmt_type)dictionary->types[i]) {
        case EPMT_TYPE_TEXT:
        case EPMT_TYPE_LIST:
            if (!get_text(r, end, &record->value[i].text))
                return false;
            break;
        case EPMT_TYPE_INT:
        case EPMT_TYPE_STATE:
            if (!get_varint(r->data, end, &r->at, &value))
                return false;
            record->value[i].i = unzigzag(value);
            break;
        case EPMT_TYPE_UINT:
            if (!get_varint(r->data, end, &r->at, &record->value[i].u))
                return false;
            break;
        case EPMT_TYPE_REAL:
            if (!get_real(r, end, &record->value[i].r))
                return false;
            break;
        }
    }
    return true;
}

static bool get_row(struct epmt_fragment_reader *r, struct epmt_row *row, bool *known) {
    const struct epmt_dictionary *dictionary;
    uint64_t len;

    if (r->at >= r->len)
        return false;
    row->kind = r->data[r->at++];
    if (!get_varint(r->data, r->len, &r->at, &len) || len > r->len - r->at)
        return false;
    size_t end = r->at + (size_t)len;
    *known = true;
    if (row->kind == EPMT_ROW_ATTRIBUTE)
        return get_text(r, end, &row->scope) && get_text(r, end, &row->key) &&
               get_text(r, end, &row->value) && r->at == end;
    dictionary = epmt_dictionary_of(row->kind);
    if (dictionary)
        return get_record(r, end, dictionary, &row->record) && r->at == end;
    *known = false; // a kind of a later version: passed over
    r->at = end;
    return true;
}

int epmt_fragment_next(struct epmt_fragment_reader *r, struct epmt_row *row,
                       struct epmt_error *err) {
    while (r->left) {
        bool known;
        r->left--;
        if (!get_row(r, row, &known)) {
            r->left = 0;
            return epmt_errf(err, EPMT_ERR_BAD_INPUT, "malformed row in a fragment");
        }
        if (known)
            return 1;
    }
    return 0;
}

bool epmt_fragment_put_text(struct epmt_fragment *f, struct epmt_bytes text, uint32_t *place) {
    uint32_t used = f->slots_used;
    size_t start = f->len;

    *place = 0;
    if (!put_text(f, text))
        return false;
    size_t at = start;
    uint64_t stands;
    if (get_varint(f->data, f->len, &at, &stands) && stands)
        *place = (uint32_t)stands;
    else if (f->slots_used > used)
        *place = (uint32_t)at;
    return true;
}

bool epmt_fragment_put_number(struct epmt_fragment *f, uint64_t value) {
    return put_varint(f, value);
}

void epmt_fragment_take_back(struct epmt_fragment *f, size_t len) {
    f->len = len;
    forget_texts(f, len);
}

bool epmt_fragment_get_text(struct epmt_fragment_reader *r, size_t end, struct epmt_bytes *text,
                            uint32_t *place) {
    size_t at = r->at;
    uint64_t stands;

    if (!get_varint(r->data, end, &at, &stands) || !get_text(r, end, text))
        return false;
    *place = (uint32_t)(stands ? stands : at);
    return true;
}
