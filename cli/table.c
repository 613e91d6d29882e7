// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

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
    if (!output->table ||
        !scols_table_new_column(output->table, name, 0, numeric ? SCOLS_FL_RIGHT : 0))
        output->failed = true;
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

static void csv_header(struct epmt_output *output) {
    for (int i = 0; i < output->column_count; i++) {
        const char *name = output->columns[i].name;
        if (i)
            epmt_strbuf_puts(&output->line, ",");
        add_csv(&output->line, (struct epmt_bytes){name, strlen(name)});
    }
    epmt_strbuf_puts(&output->line, "\r\n");
    flush_line(output);
}

void epmt_output_rows(struct epmt_output *output, const char *name,
                      const struct epmt_table_column *columns, int count) {
    begin_section(output, name, false);
    output->columns = columns;
    output->column_count = count;
    if (output->format == EPMT_FORMAT_CSV)
        csv_header(output);
    for (int i = 0; output->format == EPMT_FORMAT_TABLE && i < count; i++)
        add_table_column(output, columns[i].name, columns[i].numeric);
}

static void table_row(struct epmt_output *output, const struct epmt_db_value *values) {
    if (output->rows >= EPMT_TABLE_ROWS_MAX || output->failed)
        return;
    struct libscols_line *line = scols_table_new_line(output->table, NULL);
    if (!line) {
        output->failed = true;
        return;
    }
    for (int i = 0; i < output->column_count; i++)
        set_cell(output, line, (size_t)i, &values[i]);
}

static void json_row(struct epmt_output *output, const struct epmt_db_value *values) {
    struct epmt_strbuf *line = &output->line;

    epmt_strbuf_puts(line, output->rows ? ",\n  {" : "\n  {");
    for (int i = 0; i < output->column_count; i++) {
        epmt_strbuf_printf(line, "%s\"%s\": ", i ? ", " : "", output->columns[i].name);
        add_json_value(line, &values[i], output->columns[i].json);
    }
    epmt_strbuf_puts(line, "}");
    flush_line(output);
}

static void csv_row(struct epmt_output *output, const struct epmt_db_value *values) {
    for (int i = 0; i < output->column_count; i++) {
        if (i)
            epmt_strbuf_puts(&output->line, ",");
        add_csv_value(&output->line, &values[i]);
    }
    epmt_strbuf_puts(&output->line, "\r\n");
    flush_line(output);
}

void epmt_output_row(struct epmt_output *output, const struct epmt_db_value *values) {
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
    output->column_count = 2;
    if (output->format != EPMT_FORMAT_TABLE)
        return;
    add_table_column(output, "name", false);
    add_table_column(output, "value", false);
    if (output->table)
        scols_table_enable_noheadings(output->table, 1);
}

void epmt_output_pair(struct epmt_output *output, struct epmt_bytes name,
                      const struct epmt_db_value *value, bool json) {
    struct epmt_db_value values[2] = {epmt_db_text(name.data, name.len), *value};

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

int epmt_output_end(struct epmt_output *output, struct epmt_error *err) {
    epmt_output_close_section(output);
    if (output->format == EPMT_FORMAT_JSON && output->sections)
        fputs(output->whole ? "\n" : "}\n", output->to);
    epmt_strbuf_free(&output->line);
    if (output->failed)
        return epmt_errf(err, EPMT_ERR_MEMORY, "out of memory");
    if (fflush(output->to))
        return epmt_errf_errno(err, EPMT_ERR_IO, "cannot write the output");
    return 0;
}
