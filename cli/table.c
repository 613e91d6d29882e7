// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/units.h"

#define SELECTED_MAX 64 // bits of `known`

// What --columns names.
static struct selection {
    const char *names[SELECTED_MAX];
    size_t lens[SELECTED_MAX];
    int count;
} selection;

int epmt_output_select(const char *names, struct epmt_error *err) {
    selection.count = 0;
    for (const char *at = names;; at++) {
        size_t len = strcspn(at, ",");
        if (!len)
            return epmt_errf(err, EPMT_ERR_USAGE, "an empty name in the list of columns %s", names);
        if (selection.count == SELECTED_MAX)
            return epmt_errf(err, EPMT_ERR_USAGE, "more than %d columns", SELECTED_MAX);
        selection.names[selection.count] = at;
        selection.lens[selection.count++] = len;
        at += len;
        if (!*at)
            return 0;
    }
}

// People see duration where programs have duration_s: both names mean the column.
static bool is_selected(int i, const char *column) {
    const char *name = selection.names[i];
    size_t len = strlen(column), cut = epmt_units_name_len(column);

    if (selection.lens[i] == len || selection.lens[i] == cut)
        return !strncmp(name, column, selection.lens[i]);
    return selection.lens[i] > len && name[len] == '_' && !strncmp(name, column, len) &&
           epmt_units_is_ending(name + len, selection.lens[i] - len);
}

bool epmt_output_has_selection(void) {
    return selection.count > 0;
}

bool epmt_output_lacks(const char *const *names, int count) {
    for (int i = 0; i < selection.count; i++) {
        int at = 0;
        while (at < count && !is_selected(i, names[at]))
            at++;
        if (at == count)
            return true;
    }
    return false;
}

bool epmt_output_has_colour(FILE *to) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(fileno(to)) && !(no && *no) && term && *term && strcmp(term, "dumb") != 0;
}

int epmt_format_parse(const char *name, enum epmt_format *format, struct epmt_error *err) {
    static const char *const names[] = {"table", "json", "csv"};

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(name, names[i])) {
            *format = (enum epmt_format)i;
            return 0;
        }
    }
    return epmt_errf(err, EPMT_ERR_USAGE, "there is no format %s: table, json or csv", name);
}

void epmt_output_begin(struct epmt_output *output, FILE *to, enum epmt_format format) {
    *output = (struct epmt_output){.to = to, .format = format};
}

static void flush_line(struct epmt_output *output) {
    if (output->line.failed)
        output->failed = true;
    else
        fwrite(epmt_strbuf_text(&output->line), 1, output->line.len, output->to);
    epmt_strbuf_reset(&output->line);
}

void epmt_output_close_section(struct epmt_output *output) {
    if (!output->open)
        return;
    output->open = false;
    if (output->table) {
        scols_print_table(output->table);
        scols_unref_table(output->table);
        output->table = NULL;
        if (output->rows > EPMT_TABLE_ROWS_MAX)
            fprintf(output->to, "... and %" PRIu64 " more: --format csv or json gives all\n",
                    output->rows - EPMT_TABLE_ROWS_MAX);
    }
    if (output->format == EPMT_FORMAT_JSON)
        fprintf(output->to, "%s%c", output->rows ? (output->whole ? "\n" : "\n ") : "",
                output->pairs ? '}' : ']');
    output->rows = 0;
}

static void add_table_column(struct epmt_output *output, const char *name, bool numeric) {
    struct libscols_column *column =
        output->table ? scols_table_new_column(output->table, name, 0, numeric ? SCOLS_FL_RIGHT : 0)
                      : NULL;

    if (!column)
        output->failed = true;
    else
        scols_cell_set_color(scols_column_get_header(column), "bold");
}

static void begin_section(struct epmt_output *output, const char *name, bool pairs) {
    epmt_output_close_section(output);
    output->open = true;
    output->pairs = pairs;
    output->whole = !name;
    if (output->format == EPMT_FORMAT_TABLE) {
        fprintf(output->to, "%s%s%s", output->sections ? "\n" : "", name ? name : "",
                name ? ":\n" : "");
        output->table = scols_new_table();
        if (output->table)
            scols_table_enable_colors(output->table, epmt_output_has_colour(output->to));
    } else if (output->format == EPMT_FORMAT_JSON) {
        fputs(output->sections ? ",\n " : output->whole ? "" : "{", output->to);
        if (name)
            fprintf(output->to, "\"%s\": ", name);
        fputs(pairs ? "{" : "[", output->to);
    }
    output->sections++;
}

// A field with a comma, a quote or a line's end stands in quotes, as RFC 4180 has it.
static void add_csv(struct epmt_strbuf *line, struct epmt_bytes text) {
    bool quote = false;

    for (uint64_t i = 0; i < text.len && !quote; i++)
        quote = strchr(",\"\r\n", text.data[i]) != NULL;
    if (!quote) {
        epmt_strbuf_add(line, text.data, text.len);
        return;
    }
    epmt_strbuf_puts(line, "\"");
    for (uint64_t i = 0; i < text.len; i++)
        epmt_strbuf_add(line, text.data[i] == '"' ? "\"\"" : text.data + i,
                        text.data[i] == '"' ? 2 : 1);
    epmt_strbuf_puts(line, "\"");
}

static void add_number(struct epmt_strbuf *line, int64_t number) {
    epmt_strbuf_printf(line, "%" PRId64, number);
}

static void add_real(struct epmt_strbuf *line, double number) {
    epmt_strbuf_printf(line, "%.17g", number);
}

static void add_csv_value(struct epmt_strbuf *line, const struct epmt_db_value *value) {
    if (value->kind == EPMT_DB_INT)
        add_number(line, value->i);
    else if (value->kind == EPMT_DB_REAL)
        add_real(line, value->r);
    else if (value->kind != EPMT_DB_NULL)
        add_csv(line, value->text);
}

static void add_json_value(struct epmt_strbuf *line, const struct epmt_db_value *value, bool json) {
    if (value->kind == EPMT_DB_INT)
        add_number(line, value->i);
    else if (value->kind == EPMT_DB_REAL)
        add_real(line, value->r);
    else if (value->kind == EPMT_DB_NULL)
        epmt_strbuf_puts(line, "null");
    else if (json || value->kind == EPMT_DB_NUMBER)
        epmt_strbuf_add(line, value->text.data, value->text.len);
    else
        epmt_strbuf_add_json(line, value->text);
}

static void set_cell(struct epmt_output *output, struct libscols_line *line, size_t i,
                     const struct epmt_db_value *value) {
    struct epmt_strbuf text = {0};

    if (value->kind == EPMT_DB_INT)
        add_number(&text, value->i);
    else if (value->kind == EPMT_DB_REAL)
        add_real(&text, value->r);
    else if (value->kind != EPMT_DB_NULL)
        epmt_strbuf_add(&text, value->text.data, value->text.len);
    else
        epmt_strbuf_puts(&text, "");
    // The line takes the memory over.
    if (text.failed || scols_line_refer_data(line, i, text.data)) {
        epmt_strbuf_free(&text);
        output->failed = true;
    }
}

static const struct epmt_table_column *shown_column(const struct epmt_output *output, int i) {
    return &output->columns[output->order ? output->order[i] : i];
}

static const struct epmt_db_value *shown_value(const struct epmt_output *output,
                                               const struct epmt_db_value *values, int i) {
    return &values[output->order ? output->order[i] : i];
}

static void csv_header(struct epmt_output *output) {
    for (int i = 0; i < output->shown; i++) {
        const char *name = shown_column(output, i)->name;
        if (i)
            epmt_strbuf_puts(&output->line, ",");
        add_csv(&output->line, (struct epmt_bytes){name, strlen(name)});
    }
    epmt_strbuf_puts(&output->line, "\r\n");
    flush_line(output);
}

static void note_name(struct epmt_output *output, int column) {
    const char *name = output->columns[column].name;

    // People's columns stand before those of the table that have the same name.
    for (int i = 0; i < column; i++) {
        if (!strcmp(output->columns[i].name, name))
            return;
    }
    epmt_strbuf_puts(&output->names, output->names.len ? ", " : "");
    epmt_strbuf_puts(&output->names, name);
}

// Which of the columns are shown, and in what order.
static void choose(struct epmt_output *output) {
    free(output->order);
    output->order = NULL;
    output->shown = output->column_count;
    if (!selection.count)
        return;
    output->shown = 0;
    output->order = calloc(SELECTED_MAX, sizeof *output->order);
    if (!output->order) {
        output->failed = true;
        return;
    }
    for (int i = 0; i < output->column_count; i++)
        note_name(output, i);
    for (int i = 0; i < selection.count; i++) {
        int at = 0;
        while (at < output->column_count && !is_selected(i, output->columns[at].name))
            at++;
        if (at < output->column_count) {
            output->order[output->shown++] = at;
            output->known |= UINT64_C(1) << i;
        }
    }
}

// A section that has none of the selected columns is none; nor is one that lacks some, where it
// is all there is.
static bool is_passed_over(const struct epmt_output *output, const char *name) {
    return selection.count && (!output->shown || (!name && output->shown < selection.count));
}

void epmt_output_rows(struct epmt_output *output, const char *name,
                      const struct epmt_table_column *columns, int count) {
    epmt_output_close_section(output);
    output->columns = columns;
    output->column_count = count;
    choose(output);
    if (is_passed_over(output, name))
        return;
    begin_section(output, name, false);
    if (output->format == EPMT_FORMAT_CSV)
        csv_header(output);
    for (int i = 0; output->format == EPMT_FORMAT_TABLE && i < output->shown; i++)
        add_table_column(output, shown_column(output, i)->name, shown_column(output, i)->numeric);
}

static void table_row(struct epmt_output *output, const struct epmt_db_value *values) {
    if (output->rows >= EPMT_TABLE_ROWS_MAX || output->failed)
        return;
    struct libscols_line *line = scols_table_new_line(output->table, NULL);
    if (!line) {
        output->failed = true;
        return;
    }
    for (int i = 0; i < output->shown; i++)
        set_cell(output, line, (size_t)i, shown_value(output, values, i));
}

static void json_row(struct epmt_output *output, const struct epmt_db_value *values) {
    struct epmt_strbuf *line = &output->line;

    epmt_strbuf_puts(line, output->rows ? ",\n  {" : "\n  {");
    for (int i = 0; i < output->shown; i++) {
        const struct epmt_table_column *column = shown_column(output, i);
        epmt_strbuf_printf(line, "%s\"%s\": ", i ? ", " : "", column->name);
        add_json_value(line, shown_value(output, values, i), column->json);
    }
    epmt_strbuf_puts(line, "}");
    flush_line(output);
}

static void csv_row(struct epmt_output *output, const struct epmt_db_value *values) {
    for (int i = 0; i < output->shown; i++) {
        if (i)
            epmt_strbuf_puts(&output->line, ",");
        add_csv_value(&output->line, shown_value(output, values, i));
    }
    epmt_strbuf_puts(&output->line, "\r\n");
    flush_line(output);
}

void epmt_output_row(struct epmt_output *output, const struct epmt_db_value *values) {
    if (!output->open)
        return;
    if (output->format == EPMT_FORMAT_TABLE)
        table_row(output, values);
    else if (output->format == EPMT_FORMAT_JSON)
        json_row(output, values);
    else
        csv_row(output, values);
    output->rows++;
}

void epmt_output_pairs(struct epmt_output *output, const char *name) {
    static const struct epmt_table_column columns[] = {{.name = "name"}, {.name = "value"}};

    begin_section(output, name, true);
    output->columns = columns;
    output->column_count = output->shown = 2;
    free(output->order);
    output->order = NULL;
    if (output->format != EPMT_FORMAT_TABLE)
        return;
    add_table_column(output, "name", false);
    add_table_column(output, "value", false);
    if (output->table)
        scols_table_enable_noheadings(output->table, 1);
}

static bool is_wanted(struct epmt_output *output, struct epmt_bytes name) {
    bool wanted = !selection.count;

    for (int i = 0; i < selection.count; i++) {
        if (selection.lens[i] == name.len && !memcmp(selection.names[i], name.data, name.len)) {
            output->known |= UINT64_C(1) << i;
            wanted = true;
        }
    }
    return wanted;
}

void epmt_output_pair(struct epmt_output *output, struct epmt_bytes name,
                      const struct epmt_db_value *value, bool json) {
    struct epmt_db_value values[2] = {epmt_db_text(name.data, name.len), *value};

    if (!is_wanted(output, name))
        return;
    if (output->format == EPMT_FORMAT_JSON) {
        epmt_strbuf_puts(&output->line, output->rows ? ",\n  " : "\n  ");
        epmt_strbuf_add_json(&output->line, name);
        epmt_strbuf_puts(&output->line, ": ");
        add_json_value(&output->line, value, json);
        flush_line(output);
        output->rows++;
    } else {
        epmt_output_row(output, values);
    }
}

// The complaint about a selected column that was in no section.
static int no_column(const struct epmt_output *output, struct epmt_error *err) {
    for (int i = 0; i < selection.count; i++) {
        if (!(output->known & UINT64_C(1) << i))
            return epmt_errf(err, EPMT_ERR_USAGE, "there is no column %.*s; there are %s",
                             (int)selection.lens[i], selection.names[i],
                             epmt_strbuf_text(&output->names));
    }
    return 0;
}

int epmt_output_end(struct epmt_output *output, struct epmt_error *err) {
    int result = 0;

    epmt_output_close_section(output);
    if (output->format == EPMT_FORMAT_JSON && output->sections)
        fputs(output->whole ? "\n" : "}\n", output->to);
    if (output->failed)
        result = epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    else if (fflush(output->to))
        result = epmt_errf_errno(err, EPMT_ERR_IO, "cannot write the output");
    else if (output->names.len)
        result = no_column(output, err);
    epmt_strbuf_free(&output->line);
    epmt_strbuf_free(&output->names);
    free(output->order);
    output->order = NULL;
    return result;
}
