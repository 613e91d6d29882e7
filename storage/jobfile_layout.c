// SPDX-License-Identifier: Apache-2.0
#include "storage/jobfile_layout.h"

#include <string.h>

#include "metadata/tables.h"

// Names of the words of validity bits; the first 64 members are in the first.
static const char *const valid_names[EPMT_VALID_NAMES] = {"valid", "valid1", "valid2", "valid3"};

static enum epmt_member_kind kind_of(enum epmt_type type) {
    switch (type) {
    case EPMT_TYPE_TEXT:
        return EPMT_MEMBER_TEXT;
    case EPMT_TYPE_LIST:
        return EPMT_MEMBER_LIST;
    case EPMT_TYPE_INT:
        return EPMT_MEMBER_INT;
    case EPMT_TYPE_UINT:
        return EPMT_MEMBER_UINT;
    case EPMT_TYPE_REAL:
        return EPMT_MEMBER_REAL;
    case EPMT_TYPE_STATE:
        break;
    }
    return EPMT_MEMBER_STATE;
}

static size_t size_of(enum epmt_member_kind kind) {
    return kind == EPMT_MEMBER_STATE                              ? 1
           : kind == EPMT_MEMBER_TEXT || kind == EPMT_MEMBER_LIST ? EPMT_CELL_MAX
                                                                  : sizeof(uint64_t);
}

bool epmt_member_is_text(const struct epmt_member *member) {
    return member->kind == EPMT_MEMBER_TEXT || member->kind == EPMT_MEMBER_LIST;
}

uint64_t epmt_missing_number(enum epmt_member_kind kind) {
    return kind == EPMT_MEMBER_INT    ? (uint64_t)EPMT_MISSING_INT
           : kind == EPMT_MEMBER_REAL ? EPMT_MISSING_REAL
                                      : EPMT_MISSING_UINT;
}

void epmt_layout_add(struct epmt_layout *layout, const char *name, enum epmt_member_kind kind,
                     int column) {
    layout->members[layout->count++] =
        (struct epmt_member){.name = name, .kind = kind, .column = column, .size = size_of(kind)};
    if (kind != EPMT_MEMBER_VALID)
        layout->value_count = layout->count;
}

void epmt_layout_add_valid(struct epmt_layout *layout, int words) {
    for (int word = layout->count - layout->value_count; word < words; word++)
        epmt_layout_add(layout, valid_names[word], EPMT_MEMBER_VALID, -1);
}

static void name_table(struct epmt_layout *layout, enum epmt_row_kind kind) {
    if (kind == EPMT_ROW_PROCESS) {
        layout->path = "/processes";
        layout->title = "one row per process image";
    } else if (kind == EPMT_ROW_THREAD) {
        layout->path = "/threads";
        layout->title = "one row per thread";
    } else {
        layout->path = epmt_table_path(kind);
        layout->title = epmt_table_title(kind);
    }
}

static void add_column(struct epmt_layout *layout, const struct epmt_column *column, int number) {
    epmt_layout_add(layout, column->name, kind_of(column->type), number);
    struct epmt_member *added = &layout->members[layout->count - 1];
    added->unit = column->unit;
    added->source = column->source;
    added->description = column->description;
}

void epmt_layout_of_rows(struct epmt_layout *layout, enum epmt_row_kind kind) {
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);

    memset(layout, 0, sizeof *layout);
    layout->kind = kind;
    name_table(layout, kind);
    for (int i = 0; i < dictionary->count; i++) {
        const struct epmt_column *column = &dictionary->columns[i];
        if (epmt_column_stored(column, kind))
            add_column(layout, column, i);
    }
    epmt_layout_add_valid(layout, (layout->value_count + 63) / 64);
    epmt_layout_place(layout);
}

size_t epmt_layout_place(struct epmt_layout *layout) {
    size_t offset = 0;

    for (int i = 0; i < layout->count; i++) {
        layout->members[i].offset = offset;
        offset += layout->members[i].size;
    }
    return offset;
}

static hid_t state_type(void) {
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    int8_t number;

#define STATE(name, value, description) \
    number = (value);                   \
    H5Tenum_insert(type, #name, &number);
    EPMT_STATES(STATE)
#undef STATE
    number = EPMT_MISSING_STATE;
    H5Tenum_insert(type, "missing", &number);
    return type;
}

static hid_t member_type(const struct epmt_member *member) {
    switch (member->kind) {
    case EPMT_MEMBER_INT:
        return H5Tcopy(H5T_STD_I64LE);
    case EPMT_MEMBER_UINT:
    case EPMT_MEMBER_VALID:
        return H5Tcopy(H5T_STD_U64LE);
    case EPMT_MEMBER_REAL:
        return H5Tcopy(H5T_IEEE_F64LE);
    case EPMT_MEMBER_STATE:
        return state_type();
    case EPMT_MEMBER_TEXT:
    case EPMT_MEMBER_LIST:
        break;
    }
    return epmt_h5_string(member->size);
}

hid_t epmt_layout_type(const struct epmt_layout *layout) {
    const struct epmt_member *last = &layout->members[layout->count - 1];
    hid_t type = H5Tcreate(H5T_COMPOUND, last->offset + last->size);

    for (int i = 0; i < layout->count && type >= 0; i++) {
        const struct epmt_member *member = &layout->members[i];
        hid_t of = member_type(member);
        herr_t status = of < 0 ? -1 : H5Tinsert(type, member->name, member->offset, of);
        if (of >= 0)
            H5Tclose(of);
        if (status < 0) {
            H5Tclose(type);
            return H5I_INVALID_HID;
        }
    }
    return type;
}
