// SPDX-License-Identifier: Apache-2.0
#include "storage/jobfile_h5.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"

// Longer attributes are none of ours.
#define ATTRIBUTE_MAX 65536
#define CHUNK_MAX (64u << 20)
#define FILTERS_MAX 8

void epmt_h5_quiet(void) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
#if H5_VERSION_GE(1, 8, 15)
    H5PLset_loading_state(0);
#endif
}

static herr_t take_first(unsigned n, const H5E_error2_t *entry, void *context) {
    char *reason = context;

    if (n == 0 && entry->desc)
        epmt_fmt(reason, EPMT_ERROR_TEXT_MAX, "%s", entry->desc);
    return 0;
}

int epmt_h5_errf(struct epmt_error *err, enum epmt_err code, const char *format, ...) {
    char text[EPMT_ERROR_TEXT_MAX], reason[EPMT_ERROR_TEXT_MAX] = "";
    struct epmt_text_buffer buffer;
    va_list args;

    epmt_text_init(&buffer, text, sizeof text);
    va_start(args, format);
    epmt_text_vfmt(&buffer, format, args);
    va_end(args);
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, reason);
    // One line for people: what the library wraps over several is joined.
    for (char *c = reason; *c; c++) {
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    }
    H5Eclear2(H5E_DEFAULT);
    return epmt_errf(err, code, "%s%s%s%s", text, reason[0] ? " (HDF5: " : "", reason,
                     reason[0] ? ")" : "");
}

hid_t epmt_h5_access(void) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);

    if (access < 0)
        return access;
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
#if H5_VERSION_GE(1, 10, 2)
    // Nothing that HDF5 1.8 cannot read.
    H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18);
#endif
#if H5_VERSION_GE(1, 14, 0) || (H5_VERSION_GE(1, 12, 1) && !H5_VERSION_GE(1, 13, 0)) || \
    (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 11, 0))
    H5Pset_file_locking(access, false, true);
#endif
    return access;
}

bool epmt_h5_is_inside(hid_t file, const char *path) {
    H5L_info_t info;

    return H5Lexists(file, path, H5P_DEFAULT) > 0 &&
           H5Lget_info(file, path, &info, H5P_DEFAULT) >= 0 && info.type == H5L_TYPE_HARD;
}

static bool is_own_filter(H5Z_filter_t filter) {
    return filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE ||
           filter == H5Z_FILTER_FLETCHER32;
}

static bool has_own_filters(hid_t creation) {
    int count = H5Pget_nfilters(creation);

    for (int i = 0; i < count; i++) {
        size_t values = 0;
        unsigned flags, config;
        H5Z_filter_t filter =
            H5Pget_filter2(creation, (unsigned)i, &flags, &values, NULL, 0, NULL, &config);
        if (!is_own_filter(filter))
            return false;
    }
    return count >= 0 && count <= FILTERS_MAX;
}

bool epmt_h5_is_plain(hid_t dataset, size_t element) {
    hid_t creation = H5Dget_create_plist(dataset);
    hsize_t chunk = 0;
    bool plain = false;

    if (creation < 0)
        return false;
    switch (H5Pget_layout(creation)) {
    case H5D_COMPACT:
    case H5D_CONTIGUOUS:
        plain = H5Pget_external_count(creation) == 0;
        break;
    case H5D_CHUNKED:
        plain = H5Pget_chunk(creation, 1, &chunk) == 1 && chunk && chunk <= CHUNK_MAX / element &&
                has_own_filters(creation);
        break;
    default: // virtual: its data are in other datasets
        break;
    }
    H5Pclose(creation);
    return plain;
}

hid_t epmt_h5_string(size_t size) {
    hid_t type = H5Tcopy(H5T_C_S1);

    if (H5Tset_size(type, size ? size : 1) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
        H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
        H5Tclose(type);
        return H5I_INVALID_HID;
    }
    return type;
}

static int put(hid_t object, const char *name, hid_t type, const void *data) {
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    int status = attribute < 0 || H5Awrite(attribute, type, data) < 0 ? -1 : 0;

    if (attribute >= 0)
        H5Aclose(attribute);
    H5Sclose(space);
    return status;
}

int epmt_h5_put_text(hid_t object, const char *name, struct epmt_bytes text) {
    size_t len = text.len < ATTRIBUTE_MAX / 2 ? text.len : ATTRIBUTE_MAX / 2;
    hid_t type = epmt_h5_string(len);
    int status = type < 0 ? -1 : put(object, name, type, len ? text.data : "");

    if (type >= 0)
        H5Tclose(type);
    return status;
}

int epmt_h5_put_i64(hid_t object, const char *name, int64_t value) {
    return put(object, name, H5T_STD_I64LE, &value);
}

int epmt_h5_put_u64(hid_t object, const char *name, uint64_t value) {
    return put(object, name, H5T_STD_U64LE, &value);
}

// Opens a scalar attribute of that class. Returns it, with its type, or a negative number.
static hid_t open_scalar(hid_t object, const char *name, H5T_class_t class, hid_t *type) {
    hid_t attribute = H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1;

    if (attribute < 0)
        return -1;
    hid_t space = H5Aget_space(attribute);
    bool one = space >= 0 && H5Sget_simple_extent_npoints(space) == 1;
    if (space >= 0)
        H5Sclose(space);
    *type = H5Aget_type(attribute);
    if (one && *type >= 0 && H5Tget_class(*type) == class && H5Tget_size(*type) <= ATTRIBUTE_MAX)
        return attribute;
    if (*type >= 0)
        H5Tclose(*type);
    H5Aclose(attribute);
    return -1;
}

int epmt_h5_get_text(hid_t object, const char *name, char *text, size_t cap) {
    hid_t type, attribute = open_scalar(object, name, H5T_STRING, &type);
    char *data = NULL;
    int status = -1;

    if (attribute < 0)
        return -1;
    size_t size = H5Tget_size(type);
    if (H5Tis_variable_str(type) == 0 && (data = malloc(size + 1)) &&
        H5Aread(attribute, type, data) >= 0) {
        data[size] = '\0';
        size_t len = strlen(data);
        len = len < cap ? len : cap - 1;
        memcpy(text, data, len);
        text[len] = '\0';
        status = 0;
    }
    free(data);
    H5Tclose(type);
    H5Aclose(attribute);
    return status;
}

static int get_number(hid_t object, const char *name, hid_t as, void *value) {
    hid_t type, attribute = open_scalar(object, name, H5T_INTEGER, &type);
    int status;

    if (attribute < 0)
        return -1;
    status = H5Aread(attribute, as, value) < 0 ? -1 : 0;
    H5Tclose(type);
    H5Aclose(attribute);
    return status;
}

int epmt_h5_get_i64(hid_t object, const char *name, int64_t *value) {
    return get_number(object, name, H5T_NATIVE_INT64, value);
}

int epmt_h5_get_u64(hid_t object, const char *name, uint64_t *value) {
    return get_number(object, name, H5T_NATIVE_UINT64, value);
}
