// SPDX-License-Identifier: Apache-2.0
// Non-cryptographic hash (FNV-1a, 64 bits, with a final mix) and CRC-32C.
#ifndef EPMT_COMMON_HASH_H
#define EPMT_COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

#define EPMT_HASH_START UINT64_C(0xcbf29ce484222325)

// Goes on hashing at `hash` (EPMT_HASH_START to begin).
uint64_t epmt_hash_bytes(uint64_t hash, const void *data, size_t len);
uint64_t epmt_hash_u64(uint64_t hash, uint64_t value);
// Another hash than that of epmt_hash_bytes, and a faster one.
uint64_t epmt_hash_words(uint64_t hash, const void *data, size_t len);
// Spreads the bits of a finished hash; never 0.
uint64_t epmt_hash_finish(uint64_t hash);

// The finished hash of a text, 0 for the empty one.
uint64_t epmt_hash_text(const char *text);

// CRC-32C (Castagnoli) of data, going on at crc (0 to begin).
uint32_t epmt_crc32c(uint32_t crc, const void *data, size_t len);

// Tells that so many bytes, perhaps in small pieces, will be checked: then it is worth asking what
// the processor can do.
void epmt_crc32c_expect(size_t len);

#endif
