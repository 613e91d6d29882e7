// SPDX-License-Identifier: Apache-2.0
// Chunks of a table, packed as HDF5's filters shuffle and deflate do it, which any HDF5 unpacks,
// but by libdeflate, which takes a fraction of zlib's time. For storage/jobfile_*.c alone.
#ifndef EPMT_STORAGE_JOBFILE_CHUNK_H
#define EPMT_STORAGE_JOBFILE_CHUNK_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct epmt_chunks {
    hid_t dataset;     // the caller's
    uint64_t rows;     // of one chunk
    size_t row_size;   // bytes of a row in the file
    size_t len;        // of a chunk, unpacked
    uint8_t *shuffled; // one chunk
    uint8_t *packed;   // the same, as it stands in the file
    struct libdeflate_compressor *compressor;
    struct libdeflate_decompressor *decompressor;
};

// How a dataset made by these properties is to be stored. Returns 0, or a negative number.
int epmt_chunks_set_filters(hid_t creation, uint64_t rows);

// Looks at how a dataset is stored. Returns whether it is in chunks of those two filters and of a
// moderate size; what is not, H5Dread and H5Dwrite are for. chunks was zeroed.
bool epmt_chunks_init(struct epmt_chunks *chunks, hid_t dataset);
void epmt_chunks_fini(struct epmt_chunks *chunks);

// Writes the chunk that begins at row `first`; count rows of it have a meaning. Returns 0 or -1.
int epmt_chunks_write(struct epmt_chunks *chunks, uint64_t first, uint64_t count, const void *rows);

// Reads the first `count` rows of the chunk that begins at row `first`. Returns 0, or -1 where this
// does not do: H5Dread may, or knows why not.
int epmt_chunks_read(struct epmt_chunks *chunks, uint64_t first, uint64_t count, void *rows);

#endif
