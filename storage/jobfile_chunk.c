// SPDX-License-Identifier: Apache-2.0
#include "storage/jobfile_chunk.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL 6
// Longer chunks are none of ours, and HDF5 may read them.
#define CHUNK_MAX (4u << 20)

enum { SHUFFLE, DEFLATE, FILTERS }; // in the order in which they are applied when writing

// Bits of a chunk that say which filters it did without.
#define WITHOUT(filter) (1u << (filter))

int epmt_chunks_set_filters(hid_t creation, uint64_t rows) {
    hsize_t count = rows;

    if (H5Pset_chunk(creation, 1, &count) < 0 || H5Pset_shuffle(creation) < 0 ||
        H5Pset_deflate(creation, LEVEL) < 0)
        return -1;
    return 0;
}

static bool has_filter(hid_t creation, unsigned place, H5Z_filter_t filter, unsigned *first_value) {
    unsigned values[8] = {0}, flags, config;
    size_t count = 8;

    if (H5Pget_filter2(creation, place, &flags, &count, values, 0, NULL, &config) != filter)
        return false;
    *first_value = count ? values[0] : 0;
    return true;
}

bool epmt_chunks_init(struct epmt_chunks *chunks, hid_t dataset) {
#if H5_VERSION_GE(1, 10, 3)
    hid_t creation = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
    size_t row_size = type < 0 ? 0 : H5Tget_size(type);
    hsize_t rows = 0;
    unsigned size, level;
    bool fits = creation >= 0 && row_size && H5Pget_layout(creation) == H5D_CHUNKED &&
                H5Pget_nfilters(creation) == FILTERS && H5Pget_chunk(creation, 1, &rows) == 1 &&
                has_filter(creation, SHUFFLE, H5Z_FILTER_SHUFFLE, &size) && size == row_size &&
                has_filter(creation, DEFLATE, H5Z_FILTER_DEFLATE, &level) && rows &&
                rows <= CHUNK_MAX / row_size;

    if (fits)
        *chunks = (struct epmt_chunks){
            .dataset = dataset, .rows = rows, .row_size = row_size, .len = rows * row_size};
    if (type >= 0)
        H5Tclose(type);
    if (creation >= 0)
        H5Pclose(creation);
    return fits;
#else
    (void)chunks, (void)dataset;
    return false;
#endif
}

void epmt_chunks_fini(struct epmt_chunks *chunks) {
    libdeflate_free_compressor(chunks->compressor);
    libdeflate_free_decompressor(chunks->decompressor);
    free(chunks->shuffled);
    free(chunks->packed);
    memset(chunks, 0, sizeof *chunks);
}

static int make_room(struct epmt_chunks *chunks) {
    if (!chunks->shuffled)
        chunks->shuffled = malloc(chunks->len);
    if (!chunks->packed)
        chunks->packed = malloc(chunks->len);
    return chunks->shuffled && chunks->packed ? 0 : -1;
}

#if H5_VERSION_GE(1, 10, 3)
// First bytes of all rows, second bytes of all rows, ...
static void shuffle(const struct epmt_chunks *chunks, uint64_t count, const uint8_t *rows) {
    uint8_t *to = chunks->shuffled;

    for (size_t byte = 0; byte < chunks->row_size; byte++) {
        const uint8_t *from = rows + byte;
        for (uint64_t i = 0; i < count; i++, from += chunks->row_size)
            *to++ = *from;
        for (uint64_t i = count; i < chunks->rows; i++)
            *to++ = 0;
    }
}

static void unshuffle(const struct epmt_chunks *chunks, uint64_t count, uint8_t *rows) {
    for (size_t byte = 0; byte < chunks->row_size; byte++) {
        const uint8_t *from = chunks->shuffled + byte * chunks->rows;
        uint8_t *to = rows + byte;
        for (uint64_t i = 0; i < count; i++, to += chunks->row_size)
            *to = *from++;
    }
}

int epmt_chunks_write(struct epmt_chunks *chunks, uint64_t first, uint64_t count,
                      const void *rows) {
    hsize_t offset = first;
    uint32_t without = 0;

    if (!chunks->compressor)
        chunks->compressor = libdeflate_alloc_compressor(LEVEL);
    if (!chunks->compressor || make_room(chunks))
        return -1;
    shuffle(chunks, count, rows);
    const uint8_t *data = chunks->packed;
    size_t len = libdeflate_zlib_compress(chunks->compressor, chunks->shuffled, chunks->len,
                                          chunks->packed, chunks->len);
    if (!len) { // it would be longer
        without = WITHOUT(DEFLATE);
        data = chunks->shuffled;
        len = chunks->len;
    }
    return H5Dwrite_chunk(chunks->dataset, H5P_DEFAULT, without, &offset, len, data) < 0 ? -1 : 0;
}

// The chunk without what deflate did to it.
static int inflate(const struct epmt_chunks *chunks, uint32_t without, size_t len) {
    size_t unpacked;

    if (without & WITHOUT(DEFLATE)) {
        if (len != chunks->len)
            return -1;
        memcpy(chunks->shuffled, chunks->packed, len);
        return 0;
    }
    if (libdeflate_zlib_decompress(chunks->decompressor, chunks->packed, len, chunks->shuffled,
                                   chunks->len, &unpacked) != LIBDEFLATE_SUCCESS)
        return -1;
    return unpacked == chunks->len ? 0 : -1;
}

// The function has had the length of its buffer as an argument since HDF5 2.0, unless that is built
// or used with the interface of an older release: H5Dread_chunk_vers says which one the name means.
static bool read_packed(const struct epmt_chunks *chunks, hsize_t offset, uint32_t *without) {
#if defined H5Dread_chunk_vers && H5Dread_chunk_vers >= 2
    size_t room = chunks->len;
    return H5Dread_chunk(chunks->dataset, H5P_DEFAULT, &offset, without, chunks->packed, &room) >=
           0;
#else
    return H5Dread_chunk(chunks->dataset, H5P_DEFAULT, &offset, without, chunks->packed) >= 0;
#endif
}

int epmt_chunks_read(struct epmt_chunks *chunks, uint64_t first, uint64_t count, void *rows) {
    hsize_t offset = first, len = 0;
    uint32_t without = 0;

    if (!chunks->decompressor)
        chunks->decompressor = libdeflate_alloc_decompressor();
    if (!chunks->decompressor || make_room(chunks))
        return -1;
    if (H5Dget_chunk_storage_size(chunks->dataset, &offset, &len) < 0 || !len ||
        len > chunks->len || !read_packed(chunks, first, &without) || inflate(chunks, without, len))
        return -1;
    if (without & WITHOUT(SHUFFLE))
        memcpy(rows, chunks->shuffled, count * chunks->row_size);
    else
        unshuffle(chunks, count, rows);
    return 0;
}
#else
int epmt_chunks_write(struct epmt_chunks *chunks, uint64_t first, uint64_t count,
                      const void *rows) {
    (void)chunks, (void)first, (void)count, (void)rows;
    return -1;
}

int epmt_chunks_read(struct epmt_chunks *chunks, uint64_t first, uint64_t count, void *rows) {
    (void)chunks, (void)first, (void)count, (void)rows;
    return -1;
}
#endif
