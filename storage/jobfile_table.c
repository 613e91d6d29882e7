// SPDX-License-Identifier: Apache-2.0
#include "storage/jobfile_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"
#include "common/hash.h"

// Tables up to this size stand in their object header, uncompressed: the index of chunks would take
// more than it saves.
#define COMPACT_MAX 2048
// Bytes of rows in a chunk: large enough to compress well, small enough to stay in the cache.
#define CHUNK_LEN (128u << 10)

static struct epmt_bytes shown(struct epmt_table_writer *writer, const struct epmt_member *member,
                               const struct epmt_cell *cell) {
    return epmt_table_shown(writer, member->kind == EPMT_MEMBER_LIST, cell->value.text);
}

// Whether a cell can hold these bytes unchanged: UTF-8 without NUL.
static bool is_plain(struct epmt_bytes text) {
    uint64_t i = 0;
    unsigned char high = 0, zero = 0;

    for (; i < text.len; i++) {
        high |= (unsigned char)text.data[i];
        zero |= !text.data[i];
    }
    if (zero)
        return false;
    for (i = 0; high & 0x80 && i < text.len;) {
        size_t count = epmt_utf8_len(text.data + i, text.len - i);
        if (!count)
            return false;
        i += count;
    }
    return true;
}

// Fills a cell with the beginning of a text; bytes that it cannot hold become '?'.
static void fill_cell(char *cell, size_t size, struct epmt_bytes text) {
    size_t used = 0;

    memset(cell, 0, size);
    for (uint64_t i = 0; i < text.len;) {
        size_t count = epmt_utf8_len(text.data + i, text.len - i);
        bool keep = count && text.data[i];
        if (used + (keep ? count : 1) > size)
            return;
        if (keep)
            memcpy(cell + used, text.data + i, count);
        else
            cell[used] = '?';
        used += keep ? count : 1;
        i += keep ? count : 1;
    }
}

// Finds the width of each text member: that of its longest value, within bounds.
static int measure(struct epmt_table_writer *writer, struct epmt_layout *layout, uint64_t rows,
                   epmt_row_source_f source, void *context) {
    struct epmt_cell cells[EPMT_MEMBERS_MAX];
    bool any_text = false;

    for (int i = 0; i < layout->value_count; i++) {
        any_text |= epmt_member_is_text(&layout->members[i]);
        if (epmt_member_is_text(&layout->members[i]))
            layout->members[i].size = 1;
    }
    for (uint64_t row = 0; row < rows && any_text; row++) {
        source(context, row, cells);
        for (int i = 0; i < layout->value_count; i++) {
            struct epmt_member *member = &layout->members[i];
            if (!epmt_member_is_text(member) || !cells[i].has || member->size == EPMT_CELL_MAX)
                continue;
            struct epmt_bytes text = shown(writer, member, &cells[i]);
            if (text.len > member->size)
                member->size = text.len < EPMT_CELL_MAX ? text.len : EPMT_CELL_MAX;
        }
    }
    epmt_layout_place(layout);
    return writer->json.failed ? -1 : 0;
}

static int pack_text(struct epmt_table_writer *writer, const struct epmt_layout *layout,
                     const struct epmt_member *member, uint64_t row, const struct epmt_cell *cell,
                     char *at) {
    struct epmt_bytes text = shown(writer, member, cell);

    if (text.len > member->size || !is_plain(text)) {
        fill_cell(at, member->size, text);
        return epmt_table_add_long(writer, layout->path, member, row, cell, text.len);
    }
    if (text.len)
        memcpy(at, text.data, text.len);
    memset(at + text.len, 0, member->size - text.len);
    return 0;
}

static int pack(struct epmt_table_writer *writer, const struct epmt_layout *layout, uint64_t row,
                const struct epmt_cell *cells, char *bytes) {
    uint64_t valid[EPMT_VALID_WORDS] = {0};
    int word = 0;

    for (int i = 0; i < layout->count; i++) {
        const struct epmt_member *member = &layout->members[i];
        char *at = bytes + member->offset;
        if (member->kind == EPMT_MEMBER_VALID) {
            memcpy(at, &valid[word++], sizeof *valid);
            continue;
        }
        if (cells[i].has)
            valid[i / 64] |= UINT64_C(1) << (i % 64);
        if (member->kind == EPMT_MEMBER_STATE) {
            int8_t state = cells[i].has ? (int8_t)cells[i].value.i : EPMT_MISSING_STATE;
            memcpy(at, &state, sizeof state);
        } else if (!epmt_member_is_text(member)) {
            uint64_t number = cells[i].has ? cells[i].value.u : epmt_missing_number(member->kind);
            memcpy(at, &number, sizeof number);
        } else if (!cells[i].has) {
            memset(at, 0, member->size);
        } else if (pack_text(writer, layout, member, row, &cells[i], at)) {
            return -1;
        }
    }
    return 0;
}

// How the table is stored, and the number of rows to write at once.
static hid_t storage_of(uint64_t rows, size_t row_size, uint64_t *block) {
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    uint64_t chunk = CHUNK_LEN / row_size ? CHUNK_LEN / row_size : 1;

    *block = rows < chunk ? rows : chunk;
    if (creation < 0)
        return creation;
    // Two files of the same job are the same bytes, whenever they were written.
    H5Pset_obj_track_times(creation, false);
    H5Pset_attr_phase_change(creation, 4 + EPMT_MEMBERS_MAX, 0);
    H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
    if (!rows)
        return creation;
    if (rows * row_size <= COMPACT_MAX) {
        H5Pset_layout(creation, H5D_COMPACT);
        return creation;
    }
    if (epmt_chunks_set_filters(creation, *block) < 0) {
        H5Pclose(creation);
        return H5I_INVALID_HID;
    }
    return creation;
}

void epmt_table_close_target(struct epmt_table_target *target) {
    if (target->chunked)
        epmt_chunks_fini(&target->chunks);
    if (target->dataset >= 0)
        H5Dclose(target->dataset);
    if (target->space >= 0)
        H5Sclose(target->space);
    if (target->type >= 0)
        H5Tclose(target->type);
}

// The attributes by which PyTables and HDF5's table interface know a table. They are numerous, but
// small: in the object header they take less than the heap that HDF5 would make for them.
static int describe_table(hid_t dataset, const struct epmt_layout *layout, uint64_t rows) {
    static const char class[] = "TABLE", version[] = "2.7";
    int status = epmt_h5_put_text(dataset, "CLASS", (struct epmt_bytes){class, 5}) |
                 epmt_h5_put_text(dataset, "VERSION", (struct epmt_bytes){version, 3}) |
                 epmt_h5_put_i64(dataset, "NROWS", (int64_t)rows);
    char name[32];

    for (int i = 0; i < layout->count && !status; i++) {
        const char *member = layout->members[i].name;
        epmt_fmt(name, sizeof name, "FIELD_%d_NAME", i);
        status = epmt_h5_put_text(dataset, name, (struct epmt_bytes){member, strlen(member)});
    }
    return status;
}

int epmt_table_make_target(struct epmt_table_writer *writer, const char *path, const char *title,
                           uint64_t rows, size_t row_size, struct epmt_table_target *target) {
    hsize_t size = rows;
    hid_t creation = storage_of(rows, row_size, &target->block);

    target->space = H5Screate_simple(1, &size, NULL);
    if (creation >= 0 && target->type >= 0 && target->space >= 0)
        target->dataset = H5Dcreate2(writer->file, path, target->type, target->space, H5P_DEFAULT,
                                     creation, H5P_DEFAULT);
    if (creation >= 0)
        H5Pclose(creation);
    if (target->dataset < 0)
        return -1;
    target->chunked = rows && epmt_chunks_init(&target->chunks, target->dataset);
    return epmt_h5_put_text(target->dataset, "TITLE", (struct epmt_bytes){title, strlen(title)});
}

int epmt_table_write_block(struct epmt_table_target *target, uint64_t first, uint64_t count,
                           const void *data) {
    hsize_t start = first, rows = count;
    int status = -1;

    if (target->chunked)
        return epmt_chunks_write(&target->chunks, first, count, data);
    hid_t memory = H5Screate_simple(1, &rows, NULL);
    if (H5Sselect_hyperslab(target->space, H5S_SELECT_SET, &start, NULL, &rows, NULL) >= 0 &&
        H5Dwrite(target->dataset, target->type, memory, target->space, H5P_DEFAULT, data) >= 0)
        status = 0;
    H5Sclose(memory);
    return status;
}

// Writes the rows block by block. Returns 0 or -1 with err.
static int write_rows(struct epmt_table_writer *writer, const struct epmt_layout *layout,
                      struct epmt_table_target *target, uint64_t rows, size_t row_size,
                      epmt_row_source_f source, void *context, struct epmt_error *err) {
    struct epmt_cell cells[EPMT_MEMBERS_MAX];
    char *block = malloc((target->block + 1) * row_size);
    int status = block ? 0 : -1;

    for (uint64_t row = 0; row < rows && !status;) {
        uint64_t count = 0, first = row;
        for (; count < target->block && row < rows && !status; count++, row++) {
            source(context, row, cells);
            status = pack(writer, layout, row, cells, block + count * row_size);
        }
        if (!status && epmt_table_write_block(target, first, count, block)) {
            free(block);
            return epmt_h5_errf(err, EPMT_ERR_IO, "cannot write the table %s", layout->path);
        }
    }
    free(block);
    if (status || writer->json.failed)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory for the table %s", layout->path);
    return 0;
}

int epmt_table_write(struct epmt_table_writer *writer, struct epmt_layout *layout, uint64_t rows,
                     epmt_row_source_f source, void *context, struct epmt_error *err) {
    struct epmt_table_target target = {.dataset = -1, .type = -1, .space = -1};
    int status = measure(writer, layout, rows, source, context);
    size_t row_size = epmt_layout_place(layout);

    target.type = epmt_layout_type(layout);
    if (status ||
        epmt_table_make_target(writer, layout->path, layout->title, rows, row_size, &target) ||
        describe_table(target.dataset, layout, rows))
        status = epmt_h5_errf(err, EPMT_ERR_IO, "cannot make the table %s", layout->path);
    else
        status = write_rows(writer, layout, &target, rows, row_size, source, context, err);
    epmt_table_close_target(&target);
    return status;
}
