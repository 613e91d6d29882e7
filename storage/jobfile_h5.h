// SPDX-License-Identifier: Apache-2.0
// Small helpers over libhdf5: its reasons as one line, attributes, file access. For
// storage/jobfile_*.c alone.
#ifndef EPMT_STORAGE_JOBFILE_H5_H
#define EPMT_STORAGE_JOBFILE_H5_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "metadata/record.h"

// Stops libhdf5 from printing, and from loading plugins that a file asks for. To be called before
// anything else of it.
void epmt_h5_quiet(void);

// Fills err with the text, and with the innermost reason that libhdf5 has. Returns -1.
int epmt_h5_errf(struct epmt_error *err, enum epmt_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Access properties: closing the file closes what is open in it; no file locks (network file
// systems lack them, and a job file is never written to in place). Negative: failed.
hid_t epmt_h5_access(void);

// Whether path is a hard link: what other links lead to may lie in other files.
bool epmt_h5_is_inside(hid_t file, const char *path);

// Whether a dataset has its data in this file, in chunks that are no larger than reading them may
// take, packed by HDF5's own filters. element: bytes of one.
bool epmt_h5_is_plain(hid_t dataset, size_t element);

// The type of a fixed-length UTF-8 string, padded with NULs.
hid_t epmt_h5_string(size_t size);

// Writes an attribute of object. Return 0 or -1.
int epmt_h5_put_text(hid_t object, const char *name, struct epmt_bytes text);
int epmt_h5_put_i64(hid_t object, const char *name, int64_t value);
int epmt_h5_put_u64(hid_t object, const char *name, uint64_t value);

// Reads an attribute of object. Return 0, or -1 where it is missing or of another kind.
// The text is cut at cap - 1 bytes and ends with a NUL.
int epmt_h5_get_text(hid_t object, const char *name, char *text, size_t cap);
int epmt_h5_get_i64(hid_t object, const char *name, int64_t *value);
int epmt_h5_get_u64(hid_t object, const char *name, uint64_t *value);

#endif
