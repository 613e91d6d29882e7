// SPDX-License-Identifier: Apache-2.0
// Opening and reading tables. A member is found by its name: files of other versions have others.
#include "storage/jobfile_scan.h"

#include <stdlib.h>
#include <string.h>

// No deflate stream unpacks to more than 1032 times its size; what claims more is damaged.
#define RATIO_MAX 1100
#define ROW_SIZE_MAX (1u << 20)
#define CELL_SIZE_MAX 65536u
#define BLOCK_LEN (1u << 20)
#define BLOCK_ROWS 4096

static int damaged(const struct epmt_scan *scan, const char *what, struct epmt_error *err) {
    return epmt_h5_errf(err, EPMT_ERR_BAD_INPUT, "%s: damaged job file: table %s: %s", scan->file,
                        scan->layout.path, what);
}

static bool has_type(hid_t type, const struct epmt_member *member) {
    H5T_class_t class = H5Tget_class(type);
    size_t size = H5Tget_size(type);

    switch (member->kind) {
    case EPMT_MEMBER_TEXT:
    case EPMT_MEMBER_LIST:
        return class == H5T_STRING && H5Tis_variable_str(type) == 0 && size &&
               size <= CELL_SIZE_MAX;
    case EPMT_MEMBER_STATE:
        return class == H5T_ENUM && size == 1;
    case EPMT_MEMBER_INT:
        return class == H5T_INTEGER && size <= 8 && H5Tget_sign(type) == H5T_SGN_2;
    case EPMT_MEMBER_REAL:
        return class == H5T_FLOAT && size <= 8;
    case EPMT_MEMBER_UINT:
    case EPMT_MEMBER_VALID:
        break;
    }
    return class == H5T_INTEGER && size <= 8 && H5Tget_sign(type) == H5T_SGN_NONE;
}

// The type in memory: numbers as this machine has them, all else as in the file.
static hid_t memory_type(hid_t in_file, const struct epmt_member *member) {
    if (member->kind == EPMT_MEMBER_INT)
        return H5Tcopy(H5T_NATIVE_INT64);
    if (member->kind == EPMT_MEMBER_UINT || member->kind == EPMT_MEMBER_VALID)
        return H5Tcopy(H5T_NATIVE_UINT64);
    if (member->kind == EPMT_MEMBER_REAL)
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    return H5Tcopy(in_file);
}

static int known_member(const struct epmt_layout *layout, const char *name) {
    for (int i = 0; i < layout->count; i++) {
        if (!strcmp(layout->members[i].name, name))
            return i;
    }
    return -1;
}

// libhdf5 would make objects in memory of all other types that are read as they are in the file.
static bool is_flat(hid_t type) {
    H5T_class_t class = H5Tget_class(type);

    return class == H5T_INTEGER || class == H5T_FLOAT || class == H5T_ENUM ||
           (class == H5T_STRING && H5Tis_variable_str(type) == 0);
}

// libhdf5 takes what a file says of the place of a member, be it beyond the row.
static bool is_within(hid_t in_file, unsigned number, hid_t type) {
    size_t row = H5Tget_size(in_file), size = H5Tget_size(type);

    return size <= row && H5Tget_member_offset(in_file, number) <= row - size;
}

// A member that this epmt does not know is only read where that takes no memory.
static int pass_over(struct epmt_scan *scan, const char *name, hid_t type) {
    if (!scan->has_unknown) {
        scan->has_unknown = true;
        strncat(scan->unknown, name, sizeof scan->unknown - 1);
    }
    scan->as_in_file &= is_flat(type);
    return 0;
}

static int take_known(struct epmt_scan *scan, struct epmt_member *member, size_t offset, hid_t type,
                      hid_t *in_memory) {
    if (*in_memory >= 0 || !has_type(type, member))
        return -1;
    *in_memory = memory_type(type, member);
    member->size = *in_memory < 0 ? 0 : H5Tget_size(*in_memory);
    member->offset = offset;
    scan->as_in_file &= *in_memory >= 0 && H5Tequal(type, *in_memory) > 0;
    return 0;
}

// Takes over one member of the file's type. Returns 0 or -1.
static int take_member(struct epmt_scan *scan, hid_t in_file, unsigned number, hid_t *types,
                       int *bit) {
    char *name = H5Tget_member_name(in_file, number);
    hid_t type = H5Tget_member_type(in_file, number);
    int i = name ? known_member(&scan->layout, name) : -1;
    int status = -1;

    if (name && type >= 0 && is_within(in_file, number, type))
        status = i < 0 ? pass_over(scan, name, type)
                       : take_known(scan, &scan->layout.members[i],
                                    H5Tget_member_offset(in_file, number), type, &types[i]);
    if (!status && i >= 0 && scan->layout.members[i].kind == EPMT_MEMBER_VALID)
        scan->has_valid = true;
    else if (!status && i >= 0)
        scan->bits[i] = (*bit)++;
    else
        (*bit)++;
    H5free_memory(name);
    if (type >= 0)
        H5Tclose(type);
    return status;
}

// Makes the type to read with; members that the file lacks get the size 0. Where nothing is to be
// converted, it is the file's.
static int make_type(struct epmt_scan *scan, hid_t in_file, const hid_t *types) {
    if (scan->as_in_file) {
        scan->row_size = H5Tget_size(in_file);
        scan->type = H5Tcopy(in_file);
        return scan->type < 0 ? -1 : 0;
    }
    scan->row_size = epmt_layout_place(&scan->layout);
    if (!scan->row_size || scan->row_size > ROW_SIZE_MAX)
        return -1;
    scan->type = H5Tcreate(H5T_COMPOUND, scan->row_size);
    for (int i = 0; i < scan->layout.count && scan->type >= 0; i++) {
        const struct epmt_member *member = &scan->layout.members[i];
        if (types[i] >= 0 && H5Tinsert(scan->type, member->name, member->offset, types[i]) < 0)
            return -1;
    }
    return scan->type < 0 ? -1 : 0;
}

static void find_valid_words(struct epmt_scan *scan) {
    for (int word = 0; word < EPMT_VALID_NAMES; word++) {
        int v = scan->layout.value_count + word;
        bool there = v < scan->layout.count && scan->layout.members[v].size;
        scan->valid_at[word] = there ? scan->layout.members[v].offset : SIZE_MAX;
    }
}

static int match_type(struct epmt_scan *scan, struct epmt_error *err) {
    hid_t types[EPMT_MEMBERS_MAX];
    hid_t in_file = H5Dget_type(scan->dataset);
    int status = -1, bit = 0;

    for (int i = 0; i < EPMT_MEMBERS_MAX; i++) {
        types[i] = -1;
        scan->layout.members[i].size = 0;
    }
    scan->as_in_file = true;
    if (in_file >= 0 && H5Tget_class(in_file) == H5T_COMPOUND &&
        H5Tget_size(in_file) <= ROW_SIZE_MAX) {
        int count = H5Tget_nmembers(in_file);
        status = count > 0 ? 0 : -1;
        for (int i = 0; i < count && !status; i++)
            status = take_member(scan, in_file, (unsigned)i, types, &bit);
        if (!status)
            status = make_type(scan, in_file, types);
        find_valid_words(scan);
    }
    if (status)
        damaged(scan, "its columns have other types", err);
    for (int i = 0; i < EPMT_MEMBERS_MAX; i++) {
        if (types[i] >= 0)
            H5Tclose(types[i]);
    }
    if (in_file >= 0)
        H5Tclose(in_file);
    return status;
}

int epmt_dataset_size(hid_t space, uint64_t file_size, size_t element, uint64_t *count) {
    hsize_t size = 0;

    if (H5Sget_simple_extent_ndims(space) != 1 ||
        H5Sget_simple_extent_dims(space, &size, NULL) != 1 ||
        size > (file_size * RATIO_MAX) / element)
        return -1;
    *count = size;
    return 0;
}

// Opens what path leads to inside of the file. Negative: it cannot be opened, or is missing.
static hid_t open_dataset(hid_t file, const char *path, bool *missing) {
    char parent[32] = "";
    const char *slash = strrchr(path, '/');

    *missing = false;
    memcpy(parent, path, (size_t)(slash - path));
    if ((parent[0] && H5Lexists(file, parent, H5P_DEFAULT) <= 0) ||
        (parent[0] && !epmt_h5_is_inside(file, parent)) ||
        H5Lexists(file, path, H5P_DEFAULT) <= 0) {
        *missing = !parent[0] || H5Lexists(file, parent, H5P_DEFAULT) <= 0 ||
                   epmt_h5_is_inside(file, parent);
        return -1;
    }
    if (!epmt_h5_is_inside(file, path))
        return -1;
    // One chunk fits into the cache, so that blocks smaller than it do not unpack it again.
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_chunk_cache(access, 101, 4u << 20, 1.0);
    hid_t dataset = H5Dopen2(file, path, access);
    H5Pclose(access);
    return dataset;
}

int epmt_scan_open(struct epmt_scan *scan, hid_t file, uint64_t file_size, const char *file_name,
                   const struct epmt_layout *layout, bool optional, struct epmt_error *err) {
    bool missing;

    scan->file = file_name;
    scan->layout = *layout;
    if (layout->count > layout->value_count)
        epmt_layout_add_valid(&scan->layout, EPMT_VALID_NAMES);
    scan->space = scan->type = -1;
    scan->dataset = open_dataset(file, layout->path, &missing);
    if (missing && optional)
        return 0;
    if (scan->dataset < 0)
        return damaged(scan, missing ? "it is missing" : "it cannot be opened", err);
    // Before anything else is asked of it: a virtual dataset would open other files.
    hid_t type = H5Dget_type(scan->dataset);
    size_t element = type < 0 ? 0 : H5Tget_size(type);
    if (type >= 0)
        H5Tclose(type);
    if (!element || !epmt_h5_is_plain(scan->dataset, element))
        return damaged(scan, "it is stored in a way that no job file uses", err);
    if (match_type(scan, err))
        return -1;
    scan->space = H5Dget_space(scan->dataset);
    if (scan->space < 0 || epmt_dataset_size(scan->space, file_size, element, &scan->rows))
        return damaged(scan, "its size is impossible", err);
    scan->chunked = scan->as_in_file && epmt_chunks_init(&scan->chunks, scan->dataset);
    scan->block_cap = BLOCK_LEN / scan->row_size;
    if (scan->block_cap > BLOCK_ROWS)
        scan->block_cap = BLOCK_ROWS;
    if (scan->chunked)
        scan->block_cap = scan->chunks.rows;
    if (!scan->block_cap)
        scan->block_cap = 1;
    if (scan->block_cap > scan->rows)
        scan->block_cap = scan->rows;
    scan->block = malloc((scan->block_cap + 1) * scan->row_size);
    if (!scan->block)
        return epmt_errf(err, EPMT_ERR_MEMORY, "%s: out of memory", file_name);
    return 0;
}

// Reads whole chunks. Returns 0, or -1 where H5Dread is to do it.
static int read_chunks(struct epmt_scan *scan, uint64_t first, uint64_t count) {
    uint64_t step = scan->chunks.rows;
    int status = scan->chunked && first % step == 0 ? 0 : -1;

    for (uint64_t done = 0; done < count && !status; done += step) {
        uint64_t left = count - done;
        status = epmt_chunks_read(&scan->chunks, first + done, left < step ? left : step,
                                  scan->block + done * scan->row_size);
    }
    return status;
}

static int read_block(struct epmt_scan *scan, struct epmt_error *err) {
    hsize_t first = scan->at, count = scan->rows - scan->at;

    if (count > scan->block_cap)
        count = scan->block_cap;
    scan->block_first = first;
    scan->block_rows = count;
    if (!read_chunks(scan, first, count))
        return 0;
    scan->block_rows = 0;
    hid_t memory = H5Screate_simple(1, &count, NULL);
    int status = -1;
    // Rows that were never written need not be filled in by libhdf5.
    memset(scan->block, 0, count * scan->row_size);
    if (memory >= 0 &&
        H5Sselect_hyperslab(scan->space, H5S_SELECT_SET, &first, NULL, &count, NULL) >= 0 &&
        H5Dread(scan->dataset, scan->type, memory, scan->space, H5P_DEFAULT, scan->block) >= 0)
        status = 0;
    if (memory >= 0)
        H5Sclose(memory);
    if (status)
        return damaged(scan, "its rows cannot be read", err);
    scan->block_rows = count;
    return 0;
}

// Tables without validity bits miss nothing but by the sentinels.
static void read_valid(const struct epmt_scan *scan, const char *row, uint64_t *valid) {
    for (int word = 0; word < EPMT_VALID_NAMES; word++) {
        valid[word] = UINT64_MAX;
        if (scan->valid_at[word] != SIZE_MAX)
            memcpy(&valid[word], row + scan->valid_at[word], sizeof *valid);
    }
}

static bool unpack_number(const struct epmt_scan *scan, const char *row, int i,
                          union epmt_value *value) {
    const struct epmt_member *member = &scan->layout.members[i];

    if (member->kind == EPMT_MEMBER_STATE) {
        value->u = *(const uint8_t *)(row + member->offset);
        return value->u < EPMT_STATE_COUNT;
    }
    memcpy(&value->u, row + member->offset, sizeof value->u);
    if (scan->has_valid)
        return true;
    return value->u != epmt_missing_number(member->kind);
}

// Whether a cell that is marked as missing holds what a program that knows no marks would take.
static bool is_odd(const struct epmt_member *member, const char *cell) {
    uint64_t value;

    if (member->kind == EPMT_MEMBER_STATE)
        return *(const uint8_t *)cell < EPMT_STATE_COUNT;
    if (epmt_member_is_text(member))
        return *cell != '\0';
    memcpy(&value, cell, sizeof value);
    return value != epmt_missing_number(member->kind);
}

static void look_closely(struct epmt_scan *scan, const char *row, const struct epmt_cell *cells) {
    scan->odd = NULL;
    for (int i = 0; i < scan->layout.value_count && scan->as_in_file && !scan->odd; i++) {
        const struct epmt_member *member = &scan->layout.members[i];
        // A state that is none is missing, whatever the mark says.
        if (member->size && !cells[i].has && is_odd(member, row + member->offset))
            scan->odd = member->name;
    }
}

static void unpack(struct epmt_scan *scan, const char *row, struct epmt_cell *cells) {
    uint64_t valid[EPMT_VALID_NAMES];

    read_valid(scan, row, valid);
    for (int i = 0; i < scan->layout.value_count; i++) {
        const struct epmt_member *member = &scan->layout.members[i];
        int bit = scan->bits[i];
        cells[i].has =
            member->size && (bit >= 64 * EPMT_VALID_NAMES || (valid[bit / 64] >> (bit % 64) & 1));
        if (!cells[i].has)
            continue;
        if (!epmt_member_is_text(member)) {
            cells[i].has = unpack_number(scan, row, i, &cells[i].value);
        } else {
            const char *text = row + member->offset;
            size_t len = member->size;
            while (len && !text[len - 1])
                len--;
            cells[i].value.text = (struct epmt_bytes){text, len};
        }
    }
    if (scan->closely)
        look_closely(scan, row, cells);
}

static int unpack_lists(struct epmt_scan *scan, struct epmt_cell *cells, struct epmt_error *err) {
    for (int i = 0; i < scan->layout.value_count; i++) {
        if (scan->layout.members[i].kind != EPMT_MEMBER_LIST || !cells[i].has)
            continue;
        epmt_strbuf_reset(&scan->list[i]);
        if (epmt_list_from_json(&scan->list[i], cells[i].value.text))
            return damaged(scan, "a list is no JSON array of strings", err);
        cells[i].value.text =
            (struct epmt_bytes){epmt_strbuf_text(&scan->list[i]), scan->list[i].len};
    }
    return 0;
}

int epmt_scan_next(struct epmt_scan *scan, struct epmt_cell *cells, struct epmt_error *err) {
    if (scan->at >= scan->rows)
        return 0;
    if ((!scan->block_rows || scan->at >= scan->block_first + scan->block_rows) &&
        read_block(scan, err))
        return -1;
    unpack(scan, scan->block + (scan->at - scan->block_first) * scan->row_size, cells);
    if (epmt_scan_take_longs(scan, cells, err) || unpack_lists(scan, cells, err))
        return -1;
    scan->at++;
    return 1;
}

void epmt_scan_close(struct epmt_scan *scan) {
    epmt_scan_close_longs(scan);
    // A scan that was never opened is all zeroes.
    if (scan->file) {
        if (scan->type >= 0)
            H5Tclose(scan->type);
        if (scan->space >= 0)
            H5Sclose(scan->space);
        if (scan->dataset >= 0)
            H5Dclose(scan->dataset);
    }
    for (int i = 0; i < EPMT_MEMBERS_MAX; i++) {
        epmt_strbuf_free(&scan->full[i]);
        epmt_strbuf_free(&scan->list[i]);
    }
    epmt_chunks_fini(&scan->chunks);
    free(scan->block);
    memset(scan, 0, sizeof *scan);
}
