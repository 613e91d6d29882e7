// SPDX-License-Identifier: Apache-2.0
#include "cli/dump.h"

#include <stdlib.h>
#include <string.h>

#include "common/fmt.h"
#include "storage/annotate.h"
#include "storage/flatten.h"

static bool same(struct epmt_bytes bytes, const char *text) {
    return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

static bool same_bytes(struct epmt_bytes a, struct epmt_bytes b) {
    return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

static void fact(const struct epmt_dump *dump, uint64_t i, struct epmt_row *row) {
    epmt_fold_attribute_at(dump->facts, i, &row->scope, &row->key, &row->value);
}

// For people and -k; JSON keeps every byte by itself.
static struct epmt_db_value clean(struct epmt_dump *dump, struct epmt_bytes bytes) {
    return dump->options->format == EPMT_FORMAT_JSON ? epmt_db_text(bytes.data, bytes.len)
                                                     : epmt_flatten_text(&dump->memory, bytes);
}

static bool has_facts(const struct epmt_dump *dump, const char *scope) {
    struct epmt_row row;

    for (uint64_t i = 0; i < epmt_fold_attribute_count(dump->facts); i++) {
        fact(dump, i, &row);
        if (same(row.scope, scope))
            return true;
    }
    return false;
}

static void print_facts(struct epmt_dump *dump, const char *section, const char *scope) {
    struct epmt_row row;

    epmt_output_pairs(&dump->output, section);
    for (uint64_t i = 0; i < epmt_fold_attribute_count(dump->facts); i++) {
        fact(dump, i, &row);
        if (!same(row.scope, scope))
            continue;
        struct epmt_db_value value = clean(dump, row.value);
        epmt_output_pair(&dump->output, row.key, &value, false);
    }
}

static void print_facts_if_any(struct epmt_dump *dump, const char *section, const char *scope) {
    if (has_facts(dump, scope))
        print_facts(dump, section, scope);
}

// One step as a row: its key, and its attributes as a JSON object.
static void print_step(struct epmt_dump *dump, uint64_t *i) {
    struct epmt_row row, next;
    struct epmt_strbuf object = {0};

    fact(dump, *i, &row);
    epmt_strbuf_puts(&object, "{");
    for (next = row; same_bytes(next.scope, row.scope);) {
        epmt_strbuf_puts(&object, object.len > 1 ? ", " : "");
        epmt_strbuf_add_json(&object, next.key);
        epmt_strbuf_puts(&object, ": ");
        epmt_strbuf_add_json(&object, next.value);
        if (++*i >= epmt_fold_attribute_count(dump->facts))
            break;
        fact(dump, *i, &next);
    }
    epmt_strbuf_puts(&object, "}");
    struct epmt_bytes key = {row.scope.data + 5, row.scope.len - 5}; // behind "step "
    struct epmt_db_value values[2] = {clean(dump, key), epmt_db_text(object.data, object.len)};
    if (object.failed)
        dump->output.failed = true;
    else
        epmt_output_row(&dump->output, values);
    epmt_strbuf_free(&object);
}

static void print_steps(struct epmt_dump *dump) {
    static const struct epmt_table_column columns[] = {{.name = "step"},
                                                       {.name = "attributes", .json = true}};
    struct epmt_row row;

    epmt_output_rows(&dump->output, "steps", columns, 2);
    for (uint64_t i = 0; i < epmt_fold_attribute_count(dump->facts);) {
        fact(dump, i, &row);
        if (row.scope.len >= 5 && !memcmp(row.scope.data, "step ", 5))
            print_step(dump, &i);
        else
            i++;
    }
}

bool epmt_dump_has(enum epmt_row_kind kind, const struct epmt_column *column) {
    return epmt_column_stored(column, kind);
}

static void begin_rows(struct epmt_dump *dump) {
    if (!dump->begun)
        epmt_output_rows(&dump->output, dump->section, dump->columns, dump->column_count);
    dump->begun = true;
}

void epmt_dump_row(struct epmt_dump *dump, const struct epmt_db_value *values) {
    begin_rows(dump);
    epmt_output_row(&dump->output, values);
}

static void set_columns(struct epmt_dump *dump, enum epmt_row_kind kind) {
    const struct epmt_dictionary *dictionary = epmt_dictionary_of(kind);

    dump->column_count = 0;
    for (int i = 0; i < dictionary->count; i++) {
        const struct epmt_column *column = &dictionary->columns[i];
        enum epmt_type type = column->type;
        if (!epmt_dump_has(kind, column))
            continue;
        dump->columns[dump->column_count++] = (struct epmt_table_column){
            .name = column->name,
            .numeric = type == EPMT_TYPE_INT || type == EPMT_TYPE_UINT || type == EPMT_TYPE_REAL,
            .json = type == EPMT_TYPE_LIST};
    }
}

// A section of rows; one without rows only where it is `always` there.
static int print_rows(struct epmt_dump *dump, const char *section, enum epmt_row_kind kind,
                      bool always) {
    dump->section = section;
    dump->begun = false;
    set_columns(dump, kind);
    if (always)
        begin_rows(dump);
    int status = dump->rows(dump, kind);
    if (dump->begun)
        epmt_output_close_section(&dump->output);
    return status;
}

// The tables of MPI and of counters that the job has.
static int print_further(struct epmt_dump *dump) {
    static const struct {
        const char *name;
        enum epmt_row_kind kind;
    } tables[] = {
#define TABLE(list, kind, name, path, title) {#name, EPMT_ROW_##kind},
        EPMT_FURTHER_TABLES(TABLE)
#undef TABLE
    };

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (print_rows(dump, tables[i].name, tables[i].kind, false))
            return -1;
    }
    return 0;
}

static int print_all(struct epmt_dump *dump) {
    const struct epmt_dump_options *options = dump->options;

    if (options->format == EPMT_FORMAT_CSV)
        return print_rows(dump, NULL, options->threads ? EPMT_ROW_THREAD : EPMT_ROW_PROCESS, true);
    print_facts(dump, "job", "job");
    print_facts(dump, "environment", "env");
    print_facts_if_any(dump, "environment_stop", "env stop");
    print_facts_if_any(dump, "environment_unset", "env unset");
    print_facts_if_any(dump, "annotations", EPMT_ANNOTATION_SCOPE);
    print_steps(dump);
    if (print_rows(dump, "processes", EPMT_ROW_PROCESS, true))
        return -1;
    if ((options->threads || options->format == EPMT_FORMAT_JSON) &&
        print_rows(dump, "threads", EPMT_ROW_THREAD, true))
        return -1;
    return print_further(dump);
}

static int print_key(struct epmt_dump *dump) {
    static const char *const scopes[] = {"job", EPMT_ANNOTATION_SCOPE, "env"};
    const char *wanted = dump->options->key;
    struct epmt_row row;
    char text[400];
    struct epmt_text_buffer keys;

    epmt_text_init(&keys, text, sizeof text);
    for (unsigned pass = 0; pass < sizeof scopes / sizeof *scopes; pass++) {
        for (uint64_t i = 0; i < epmt_fold_attribute_count(dump->facts); i++) {
            fact(dump, i, &row);
            if (!same(row.scope, scopes[pass]))
                continue;
            if (same(row.key, wanted)) {
                struct epmt_db_value value = clean(dump, row.value);
                fwrite(value.text.data, 1, value.text.len, stdout);
                putchar('\n');
                return 0;
            }
            if (strcmp(scopes[pass], "env") != 0)
                epmt_text_fmt(&keys, "%s%.*s", keys.len ? ", " : "", (int)row.key.len,
                              row.key.data);
        }
    }
    return epmt_errf(dump->err, EPMT_ERR_NOT_FOUND, "there is no key %s; there are %s", wanted,
                     text);
}

int epmt_dump_print(struct epmt_dump *dump) {
    if (dump->options->key)
        return print_key(dump);
    epmt_output_begin(&dump->output, stdout, dump->options->format);
    int status = print_all(dump);
    if (epmt_output_end(&dump->output, status ? NULL : dump->err))
        status = -1;
    epmt_strbuf_free(&dump->memory);
    return status;
}
