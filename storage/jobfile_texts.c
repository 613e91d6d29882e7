// SPDX-License-Identifier: Apache-2.0
// The texts that cells cannot hold: /long_texts says where each stands in /texts. They are written
// after the tables, block by block from where they came from: only their places are remembered.
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "storage/jobfile_table.h"

void epmt_table_writer_free(struct epmt_table_writer *writer) {
    epmt_strbuf_free(&writer->json);
    free(writer->entries);
    free(writer->stored);
    free(writer->slots);
}

struct epmt_bytes epmt_table_shown(struct epmt_table_writer *writer, bool list,
                                   struct epmt_bytes text) {
    if (!list)
        return text;
    epmt_strbuf_reset(&writer->json);
    epmt_strbuf_add_json_list(&writer->json, text);
    return (struct epmt_bytes){epmt_strbuf_text(&writer->json), writer->json.len};
}

// Makes room for one more of an array. Returns 0 or -1 (out of memory).
static int make_room(void **items, uint64_t count, uint64_t *cap, size_t size) {
    if (count < *cap)
        return 0;
    uint64_t more = *cap ? *cap * 2 : 64;
    void *fresh = realloc(*items, more * size);
    if (!fresh)
        return -1;
    *items = fresh;
    *cap = more;
    return 0;
}

static uint64_t slot_of(const struct epmt_bytes *source, uint64_t slot_count) {
    return epmt_hash_finish((uintptr_t)source->data) & (slot_count - 1);
}

static int grow_slots(struct epmt_table_writer *writer) {
    uint64_t count = writer->slot_count ? writer->slot_count * 2 : 256;
    uint64_t *slots = calloc(count, sizeof *slots);

    if (!slots)
        return -1;
    for (uint64_t i = 0; i < writer->stored_count; i++) {
        uint64_t at = slot_of(&writer->stored[i].source, count);
        while (slots[at])
            at = (at + 1) & (count - 1);
        slots[at] = i + 1;
    }
    free(writer->slots);
    writer->slots = slots;
    writer->slot_count = count;
    return 0;
}

// Finds the place of a text in /texts, or gives it one. Texts are kept once each where they come
// from, so that equal addresses are equal texts. Returns it, or NULL (out of memory).
static const struct epmt_stored_text *store(struct epmt_table_writer *writer,
                                            struct epmt_bytes source, bool list, uint64_t length) {
    if (writer->stored_count >= writer->slot_count / 4 * 3 && grow_slots(writer))
        return NULL;
    uint64_t at = slot_of(&source, writer->slot_count);
    for (; writer->slots[at]; at = (at + 1) & (writer->slot_count - 1)) {
        const struct epmt_stored_text *there = &writer->stored[writer->slots[at] - 1];
        if (there->source.data == source.data && there->list == list && there->length == length)
            return there;
    }
    if (make_room((void **)&writer->stored, writer->stored_count, &writer->stored_cap,
                  sizeof *writer->stored))
        return NULL;
    writer->stored[writer->stored_count++] =
        (struct epmt_stored_text){source, list, writer->texts_len, length};
    writer->slots[at] = writer->stored_count;
    writer->texts_len += length;
    return &writer->stored[writer->stored_count - 1];
}

int epmt_table_add_long(struct epmt_table_writer *writer, const char *table,
                        const struct epmt_member *member, uint64_t row,
                        const struct epmt_cell *cell, uint64_t length) {
    const struct epmt_stored_text *where =
        store(writer, cell->value.text, member->kind == EPMT_MEMBER_LIST, length);

    if (!where || make_room((void **)&writer->entries, writer->entry_count, &writer->entry_cap,
                            sizeof *writer->entries))
        return -1;
    writer->entries[writer->entry_count++] =
        (struct epmt_long_text){table, member->name, row, where->offset, where->length};
    return 0;
}

static void long_text_row(void *context, uint64_t row, struct epmt_cell *cells) {
    const struct epmt_long_text *entry = &((const struct epmt_table_writer *)context)->entries[row];

    for (int i = 0; i < 5; i++)
        cells[i].has = true;
    cells[0].value.text = (struct epmt_bytes){entry->table, strlen(entry->table)};
    cells[1].value.u = entry->row;
    cells[2].value.text = (struct epmt_bytes){entry->column, strlen(entry->column)};
    cells[3].value.u = entry->offset;
    cells[4].value.u = entry->length;
}

// Writes all texts, one behind the other. Returns 0 or -1.
static int write_bytes(struct epmt_table_writer *writer, struct epmt_table_target *target) {
    char *block = malloc(target->block + 1);
    uint64_t first = 0, used = 0;
    int status = block ? 0 : -1;

    for (uint64_t i = 0; i < writer->stored_count && !status; i++) {
        const struct epmt_stored_text *stored = &writer->stored[i];
        struct epmt_bytes text = epmt_table_shown(writer, stored->list, stored->source);
        status = text.len == stored->length ? 0 : -1; // no memory for the JSON
        for (uint64_t done = 0; done < text.len && !status;) {
            uint64_t room = target->block - used, left = text.len - done;
            uint64_t count = left < room ? left : room;
            memcpy(block + used, text.data + done, count);
            done += count;
            used += count;
            if (used < target->block)
                continue;
            status = epmt_table_write_block(target, first, used, block);
            first += used;
            used = 0;
        }
    }
    if (!status && used)
        status = epmt_table_write_block(target, first, used, block);
    free(block);
    return status;
}

int epmt_table_write_texts(struct epmt_table_writer *writer, struct epmt_error *err) {
    struct epmt_table_target target = {.dataset = -1, .type = -1, .space = -1};
    struct epmt_layout layout;

    epmt_layout_of_small(&layout, EPMT_TABLE_LONG_TEXTS);
    if (epmt_table_write(writer, &layout, writer->entry_count, long_text_row, writer, err))
        return -1;
    target.type = H5Tcopy(H5T_STD_U8LE);
    int status = epmt_table_make_target(writer, "/texts", "bytes of the values in /long_texts",
                                        writer->texts_len, 1, &target) ||
                         write_bytes(writer, &target)
                     ? -1
                     : 0;
    if (status)
        epmt_h5_errf(err, EPMT_ERR_IO, "cannot write the texts");
    epmt_table_close_target(&target);
    return status;
}
