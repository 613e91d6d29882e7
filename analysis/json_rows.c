// SPDX-License-Identifier: Apache-2.0
#include "analysis/json_rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "storage/strbuf.h"

#define WHOLE_IN_DOUBLE (INT64_C(1) << 53)

struct rows {
    json_t *columns, *rows; // of a table
    json_t *record;         // else
    bool failed;
};

json_t *epmt_json_text(const char *text) {
    size_t len = strlen(text), cut = len;
    struct epmt_strbuf clean = {0};

    if (len > EPMT_JSON_TEXT_MAX) {
        cut = EPMT_JSON_TEXT_MAX;
        while (cut && ((unsigned char)text[cut] & 0xc0) == 0x80)
            cut--;
    }
    epmt_strbuf_add_clean(&clean, (struct epmt_bytes){text, cut});
    if (cut < len)
        epmt_strbuf_puts(&clean, "...");
    json_t *json = clean.failed ? NULL : json_stringn(epmt_strbuf_text(&clean), clean.len);
    epmt_strbuf_free(&clean);
    return json;
}

static json_t *number(const char *text) {
    char *end;

    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (!*end && !errno && whole >= -WHOLE_IN_DOUBLE && whole <= WHOLE_IN_DOUBLE)
        return json_integer(whole);
    if (!*end)
        return json_string(text);
    double real = strtod(text, &end);
    return *end || !isfinite(real) ? json_null() : json_real(real);
}

static json_t *value(const char *text, bool numeric) {
    if (!text)
        return json_null();
    return numeric ? number(text) : epmt_json_text(text);
}

static int take_names(struct rows *rows, int columns, const char *const *names) {
    for (int i = 0; rows->columns && i < columns; i++)
        rows->failed |= json_array_append_new(rows->columns, json_string(names[i])) != 0;
    return rows->failed;
}

static int take(void *context, int columns, const char *const *names, const char *const *values,
                const bool *numeric) {
    struct rows *rows = context;

    if (!values)
        return take_names(rows, columns, names);
    json_t *row = rows->rows ? json_array() : rows->record;
    rows->failed |= !row;
    for (int i = 0; !rows->failed && i < columns; i++) {
        json_t *item = value(values[i], numeric[i]);
        rows->failed |= rows->rows ? json_array_append_new(row, item) != 0
                                   : json_object_set_new(row, names[i], item) != 0;
    }
    if (!rows->rows)
        return 1; // one is enough
    rows->failed |= json_array_append_new(rows->rows, row) != 0;
    return rows->failed;
}

// A question as one text, or (sql NULL) as one that was put together.
struct question {
    const char *sql;
    const char *const *values;
    const struct epmt_strbuf *selected;
    const struct epmt_parameters *parameters;
};

static int ask(struct epmt_db *db, const struct question *question, struct rows *rows,
               struct epmt_error *err) {
    int result = question->sql ? epmt_db_query(db, question->sql, question->values, take, rows, err)
                               : epmt_selection_query(db, question->selected, question->parameters,
                                                      true, take, rows, err);

    if (result)
        return -1;
    return rows->failed ? epmt_errf(err, EPMT_ERR_MEMORY, "out of memory") : 0;
}

static int ask_table(struct epmt_db *db, const struct question *question, json_t **to,
                     struct epmt_error *err) {
    struct rows rows = {.columns = json_array(), .rows = json_array()};
    json_t *table = json_pack("{s:o*, s:o*}", "columns", rows.columns, "rows", rows.rows);

    if (!table || !rows.columns || !rows.rows) {
        json_decref(table);
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    }
    if (ask(db, question, &rows, err)) {
        json_decref(table);
        return -1;
    }
    *to = table;
    return 0;
}

static int ask_record(struct epmt_db *db, const struct question *question, json_t **to,
                      struct epmt_error *err) {
    struct rows rows = {.record = json_object()};

    if (!rows.record)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (ask(db, question, &rows, err)) {
        json_decref(rows.record);
        return -1;
    }
    if (json_object_size(rows.record)) {
        *to = rows.record;
        return 0;
    }
    json_decref(rows.record);
    *to = json_null();
    return 0;
}

int epmt_json_table(struct epmt_db *db, const char *sql, const char *const *parameters, json_t **to,
                    struct epmt_error *err) {
    return ask_table(db, &(struct question){.sql = sql, .values = parameters}, to, err);
}

int epmt_json_record(struct epmt_db *db, const char *sql, const char *const *parameters,
                     json_t **to, struct epmt_error *err) {
    return ask_record(db, &(struct question){.sql = sql, .values = parameters}, to, err);
}

int epmt_json_selected_table(struct epmt_db *db, const struct epmt_strbuf *sql,
                             const struct epmt_parameters *parameters, json_t **to,
                             struct epmt_error *err) {
    return ask_table(db, &(struct question){.selected = sql, .parameters = parameters}, to, err);
}

int epmt_json_selected_record(struct epmt_db *db, const struct epmt_strbuf *sql,
                              const struct epmt_parameters *parameters, json_t **to,
                              struct epmt_error *err) {
    return ask_record(db, &(struct question){.selected = sql, .parameters = parameters}, to, err);
}
