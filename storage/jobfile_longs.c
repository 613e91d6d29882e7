// SPDX-License-Identifier: Apache-2.0
// Values that stand in full in /texts. The entries of a table follow each other in /long_texts, in
// the order of its rows, so that a cursor goes along with the rows.
#include <stdlib.h>
#include <string.h>

#include "storage/jobfile_scan.h"

// No text is longer than a fragment, in which it came; as JSON it may be six times that.
#define LENGTH_MAX ((uint64_t)6 * EPMT_FRAGMENT_MAX)

enum { TABLE, ROW, COLUMN, OFFSET, LENGTH, ENTRY_CELLS };

struct epmt_long_cursor {
    struct epmt_scan entries;
    struct epmt_cell cells[EPMT_MEMBERS_MAX]; // the entry that is next
    bool has;                                 // there is one, for this table
};

static bool names(const struct epmt_cell *cell, const char *name) {
    return cell->has && cell->value.text.len == strlen(name) &&
           !memcmp(cell->value.text.data, name, cell->value.text.len);
}

static int bad_entry(const struct epmt_scan *scan, struct epmt_error *err) {
    return epmt_errf(err, EPMT_ERR_BAD_INPUT,
                     "%s: damaged job file: table /long_texts: an entry of %s is wrong", scan->file,
                     scan->layout.path);
}

static int advance(struct epmt_scan *scan, struct epmt_error *err) {
    struct epmt_long_cursor *cursor = scan->longs;
    int status = epmt_scan_next(&cursor->entries, cursor->cells, err);

    cursor->has = status == 1 && names(&cursor->cells[TABLE], scan->layout.path);
    return status < 0 ? -1 : status;
}

void epmt_scan_hold(struct epmt_scan *scan, size_t len) {
    if (!scan->rows || scan->at || scan->block_rows || scan->rows >= len / scan->row_size)
        return;
    char *block = realloc(scan->block, (scan->rows + 1) * scan->row_size);
    if (!block)
        return;
    scan->block = block;
    scan->block_cap = scan->rows;
}

int epmt_scan_rewind(struct epmt_scan *scan, struct epmt_error *err) {
    int status;

    scan->at = 0;
    if (scan->block_first || scan->block_rows < scan->rows)
        scan->block_rows = 0;
    if (!scan->longs)
        return 0;
    scan->longs->entries.at = scan->longs->entries.block_rows = 0;
    scan->longs->has = false;
    while ((status = advance(scan, err)) == 1 && !scan->longs->has)
        continue;
    return status < 0 ? -1 : 0;
}

int epmt_scan_open_longs(struct epmt_scan *scan, hid_t file, uint64_t file_size,
                         const struct epmt_long_store *store, struct epmt_error *err) {
    struct epmt_layout layout;
    int status;

    scan->store = store;
    scan->longs = calloc(1, sizeof *scan->longs);
    if (!scan->longs)
        return epmt_errf(err, EPMT_ERR_MEMORY, "%s: out of memory", scan->file);
    epmt_layout_of_small(&layout, EPMT_TABLE_LONG_TEXTS);
    if (epmt_scan_open(&scan->longs->entries, file, file_size, scan->file, &layout, true, err))
        return -1;
    while ((status = advance(scan, err)) == 1 && !scan->longs->has)
        continue;
    return status < 0 ? -1 : 0;
}

static int read_text(struct epmt_scan *scan, struct epmt_strbuf *text, hsize_t offset,
                     hsize_t length, struct epmt_error *err) {
    hid_t file_space, memory;
    int status = -1;

    if (scan->store->texts < 0 || offset > scan->store->len || length > scan->store->len - offset ||
        length > LENGTH_MAX)
        return bad_entry(scan, err);
    epmt_strbuf_reset(text);
    if (!length)
        return 0;
    char *bytes = calloc(1, length); // libhdf5 need not fill in what was never written
    if (!bytes)
        return epmt_errf(err, EPMT_ERR_MEMORY, "%s: out of memory", scan->file);
    file_space = H5Dget_space(scan->store->texts);
    memory = H5Screate_simple(1, &length, NULL);
    if (H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &offset, NULL, &length, NULL) >= 0 &&
        H5Dread(scan->store->texts, H5T_NATIVE_UINT8, memory, file_space, H5P_DEFAULT, bytes) >= 0)
        status = 0;
    H5Sclose(memory);
    H5Sclose(file_space);
    if (!status)
        epmt_strbuf_add(text, bytes, length);
    free(bytes);
    if (status)
        return epmt_h5_errf(err, EPMT_ERR_BAD_INPUT, "%s: damaged job file: /texts cannot be read",
                            scan->file);
    return text->failed ? epmt_errf(err, EPMT_ERR_MEMORY, "%s: out of memory", scan->file) : 0;
}

// Puts one long text in the place of what its cell has.
static int take_one(struct epmt_scan *scan, struct epmt_cell *cells, struct epmt_error *err) {
    const struct epmt_cell *entry = scan->longs->cells;

    if (!entry[COLUMN].has || !entry[OFFSET].has || !entry[LENGTH].has)
        return bad_entry(scan, err);
    for (int i = 0; i < scan->layout.value_count; i++) {
        const struct epmt_member *member = &scan->layout.members[i];
        if (!names(&entry[COLUMN], member->name))
            continue;
        if (!epmt_member_is_text(member) || !cells[i].has)
            return bad_entry(scan, err);
        if (read_text(scan, &scan->full[i], entry[OFFSET].value.u, entry[LENGTH].value.u, err))
            return -1;
        cells[i].value.text =
            (struct epmt_bytes){epmt_strbuf_text(&scan->full[i]), scan->full[i].len};
        return 0;
    }
    return 0; // of a column that this epmt does not know
}

int epmt_scan_take_longs(struct epmt_scan *scan, struct epmt_cell *cells, struct epmt_error *err) {
    struct epmt_long_cursor *cursor = scan->longs;

    while (cursor && cursor->has) {
        if (!cursor->cells[ROW].has || cursor->cells[ROW].value.u < scan->at)
            return bad_entry(scan, err);
        if (cursor->cells[ROW].value.u > scan->at)
            return 0;
        if (take_one(scan, cells, err) || advance(scan, err) < 0)
            return -1;
    }
    return 0;
}

void epmt_scan_close_longs(struct epmt_scan *scan) {
    if (!scan->longs)
        return;
    epmt_scan_close(&scan->longs->entries);
    free(scan->longs);
    scan->longs = NULL;
}

int epmt_long_store_open(struct epmt_long_store *store, hid_t file, uint64_t file_size,
                         const char *file_name, struct epmt_error *err) {
    *store = (struct epmt_long_store){.texts = -1};
    if (H5Lexists(file, "/texts", H5P_DEFAULT) <= 0)
        return 0;
    if (epmt_h5_is_inside(file, "/texts"))
        store->texts = H5Dopen2(file, "/texts", H5P_DEFAULT);
    bool plain = store->texts >= 0 && epmt_h5_is_plain(store->texts, 1);
    hid_t space = plain ? H5Dget_space(store->texts) : -1;
    hid_t type = store->texts < 0 ? -1 : H5Dget_type(store->texts);
    bool good = space >= 0 && type >= 0 && H5Tget_class(type) == H5T_INTEGER &&
                H5Tget_size(type) == 1 && !epmt_dataset_size(space, file_size, 1, &store->len);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (good)
        return 0;
    return epmt_h5_errf(err, EPMT_ERR_BAD_INPUT, "%s: damaged job file: /texts is wrong",
                        file_name);
}

void epmt_long_store_close(struct epmt_long_store *store) {
    if (store->texts >= 0)
        H5Dclose(store->texts);
    store->texts = -1;
}
