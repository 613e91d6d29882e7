// SPDX-License-Identifier: Apache-2.0
#include "storage/flatten.h"

#include <string.h>

void epmt_flatten_free(struct epmt_flatten *flatten) {
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++)
        epmt_strbuf_free(&flatten->text[i]);
}

static bool is_clean(struct epmt_bytes bytes) {
    for (uint64_t i = 0; i < bytes.len;) {
        size_t len = epmt_utf8_len(bytes.data + i, bytes.len - i);
        // A backslash may stand before letters that look like an escaped byte.
        if (!len || !bytes.data[i] || bytes.data[i] == '\\')
            return false;
        i += len;
    }
    return true;
}

static struct epmt_db_value value_of(const struct epmt_strbuf *memory) {
    if (memory->failed)
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    return epmt_db_text(epmt_strbuf_text(memory), memory->len);
}

struct epmt_db_value epmt_flatten_text(struct epmt_strbuf *memory, struct epmt_bytes bytes) {
    if (is_clean(bytes))
        return epmt_db_text(bytes.len ? bytes.data : "", bytes.len);
    epmt_strbuf_reset(memory);
    epmt_strbuf_add_clean(memory, bytes);
    return value_of(memory);
}

// SQL's integers are signed. The key of an image keeps its bits; a count beyond them is no
// observation.
static struct epmt_db_value value_of_uint(uint64_t u, int column) {
    if (u > INT64_MAX && column != EPMT_COL_image)
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    return epmt_db_int((int64_t)u);
}

struct epmt_db_value epmt_flatten_column(struct epmt_flatten *flatten,
                                         const struct epmt_record *record, int column) {
    const union epmt_value *value = &record->value[column];
    struct epmt_strbuf *memory = &flatten->text[column];

    if (!epmt_record_has(record, column))
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    switch (epmt_columns[column].type) {
    case EPMT_TYPE_INT:
        return epmt_db_int(value->i);
    case EPMT_TYPE_UINT:
        return value_of_uint(value->u, column);
    case EPMT_TYPE_STATE: {
        const char *name = epmt_state_name(value->i);
        return epmt_db_text(name, strlen(name));
    }
    case EPMT_TYPE_LIST:
        epmt_strbuf_reset(memory);
        epmt_strbuf_add_json_list(memory, value->text);
        return value_of(memory);
    case EPMT_TYPE_TEXT:
    case EPMT_TYPE_REAL: // none in these rows
        break;
    }
    return epmt_flatten_text(memory, value->text);
}

int epmt_flatten_row(struct epmt_flatten *flatten, const struct epmt_record *record,
                     bool (*stands)(const struct epmt_column *), struct epmt_db_value *values) {
    int count = 0;

    for (int i = 0; i < EPMT_COLUMN_COUNT; i++) {
        if (stands(&epmt_columns[i]))
            values[count++] = epmt_flatten_column(flatten, record, i);
    }
    return count;
}
