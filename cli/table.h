// SPDX-License-Identifier: Apache-2.0
// Output in sections of rows, for people (aligned tables) or for programs (JSON, CSV). A section of
// rows is a table, an array of objects, or CSV with a header line; a section of pairs is a list of
// names and values, or an object.
#ifndef EPMT_CLI_TABLE_H
#define EPMT_CLI_TABLE_H

#include <stdio.h>

#include "common/err.h"
#include "storage/db_backend.h"

enum epmt_format { EPMT_FORMAT_TABLE, EPMT_FORMAT_JSON, EPMT_FORMAT_CSV };

// "table", "json" or "csv". Returns 0 or -1 with err (USAGE).
int epmt_format_parse(const char *name, enum epmt_format *format, struct epmt_error *err);

// Whether colours belong there: on a terminal that can show them, unless NO_COLOR is set.
bool epmt_output_has_colour(FILE *to);

// From then on tables have only the columns that names, separated by commas, tells, in this order
// (the option --columns). names stays the caller's. Returns 0 or -1 with err (USAGE).
int epmt_output_select(const char *names, struct epmt_error *err);

// True where columns are selected.
bool epmt_output_has_selection(void);

// True where columns are selected and not all of them are among these.
bool epmt_output_lacks(const char *const *names, int count);

struct epmt_table_column {
    const char *name;
    bool numeric; // aligned right
    bool json;    // the texts are JSON already (args)
};

// The rows of one section that a table shows at most, so that memory stays bounded; JSON and CSV
// have no limit.
#define EPMT_TABLE_ROWS_MAX 10000

struct libscols_table;

struct epmt_output {
    FILE *to;
    enum epmt_format format;
    const struct epmt_table_column *columns;
    int column_count;
    bool pairs;
    bool whole; // the only section: no name around it
    bool open;  // a section has begun and not ended
    uint64_t sections, rows;
    struct libscols_table *table;
    struct epmt_strbuf line;
    bool failed;              // out of memory; said by epmt_output_end
    int *order;               // the columns that are shown; NULL: all
    int shown;                // how many
    uint64_t known;           // of the selected names, those that were a column of some section
    struct epmt_strbuf names; // of the columns there were, for the complaint
};

void epmt_output_begin(struct epmt_output *output, FILE *to, enum epmt_format format);

// Starts a section of rows; columns stay the caller's until the section ends. name NULL: the
// output is this section alone.
void epmt_output_rows(struct epmt_output *output, const char *name,
                      const struct epmt_table_column *columns, int count);
// A row: as many values as columns.
void epmt_output_row(struct epmt_output *output, const struct epmt_db_value *values);

// Starts a section of pairs.
void epmt_output_pairs(struct epmt_output *output, const char *name);
void epmt_output_pair(struct epmt_output *output, struct epmt_bytes name,
                      const struct epmt_db_value *value, bool json);

// Ends the section, so that its columns may go.
void epmt_output_close_section(struct epmt_output *output);

// Ends the last section and the output. Returns 0, or -1 with err (MEMORY, IO; USAGE where a
// selected column was in no section).
int epmt_output_end(struct epmt_output *output, struct epmt_error *err);

#endif
