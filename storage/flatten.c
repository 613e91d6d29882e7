// SPDX-License-Identifier: Apache-2.0
#include "storage/flatten.h"

#include <math.h>
#include <string.h>

#include "storage/tags.h"

void epmt_flatten_free(struct epmt_flatten *flatten) {
    for (int i = 0; i < EPMT_COLUMN_COUNT; i++)
        epmt_strbuf_free(&flatten->text[i]);
}

static bool is_clean(struct epmt_bytes bytes) {
    for (uint64_t i = 0; i < bytes.len;) {
        if (bytes.data[i] > 0 && bytes.data[i] != '\\') {
            i++;
            continue;
        }
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
static struct epmt_db_value value_of_uint(uint64_t u, const struct epmt_column *column) {
    if (u > INT64_MAX && strcmp(column->name, "image") != 0)
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    return epmt_db_int((int64_t)u);
}

static struct epmt_db_value value_of_real(double r) {
    if (!isfinite(r))
        return (struct epmt_db_value){.kind = EPMT_DB_NULL};
    return (struct epmt_db_value){.kind = EPMT_DB_REAL, .r = r};
}

static struct epmt_db_value flatten_value(struct epmt_strbuf *memory,
                                          const struct epmt_column *column,
                                          const union epmt_value *value) {
    switch (column->type) {
    case EPMT_TYPE_INT:
        return epmt_db_int(value->i);
    case EPMT_TYPE_UINT:
        return value_of_uint(value->u, column);
    case EPMT_TYPE_REAL:
        return value_of_real(value->r);
    case EPMT_TYPE_STATE: {
        const char *name = epmt_state_name(value->i);
        return epmt_db_text(name, strlen(name));
    }
    case EPMT_TYPE_LIST:
        epmt_strbuf_reset(memory);
        epmt_strbuf_add_json_list(memory, value->text);
        return value_of(memory);
    case EPMT_TYPE_TEXT:
        break;
    }
    return epmt_flatten_text(memory, value->text);
}

// An index must hold what is looked for.
static void cut(const struct epmt_column *column, struct epmt_db_value *value) {
    if (value->kind == EPMT_DB_TEXT && value->text.len > EPMT_INDEXED_TEXT_MAX &&
        (!strcmp(column->name, "exename") || !strcmp(column->name, "step")))
        value->text = epmt_text_cut(value->text, EPMT_INDEXED_TEXT_MAX);
}

// Which columns stand is the same for every row.
static void choose(struct epmt_flatten *flatten, enum epmt_row_kind kind,
                   bool (*stands)(const struct epmt_column *)) {
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);

    flatten->kind = kind;
    flatten->stands = stands;
    flatten->count = 0;
    for (int i = 0; i < dictionary->count; i++) {
        if (!stands(&dictionary->columns[i]))
            continue;
        flatten->moment[flatten->count] = !strcmp(dictionary->columns[i].unit, "us since epoch");
        flatten->columns[flatten->count++] = (uint8_t)i;
    }
}

int epmt_flatten_row(struct epmt_flatten *flatten, enum epmt_row_kind kind,
                     const struct epmt_record *record, bool (*stands)(const struct epmt_column *),
                     struct epmt_db_value *values) {
    const struct epmt_column *columns = epmt_dictionary_of(kind)->columns;
    int count = 0;

    if (flatten->kind != kind || flatten->stands != stands)
        choose(flatten, kind, stands);
    for (int at = 0; at < flatten->count; at++) {
        int i = flatten->columns[at];
        const struct epmt_column *column = &columns[i];
        if (epmt_record_has(record, i) &&
            (!flatten->moment[at] || epmt_is_moment(record->value[i].i)))
            values[count] = flatten_value(&flatten->text[i], column, &record->value[i]);
        else
            values[count] = (struct epmt_db_value){.kind = EPMT_DB_NULL};
        if (flatten->indexed)
            cut(column, &values[count]);
        count++;
    }
    return count;
}
