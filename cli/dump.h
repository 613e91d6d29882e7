// SPDX-License-Identifier: Apache-2.0
// Everything of one job, in the same form whether it comes from a job file or from the database.
#ifndef EPMT_CLI_DUMP_H
#define EPMT_CLI_DUMP_H

#include "cli/table.h"
#include "metadata/counter_tables.h"
#include "storage/fold.h"

struct epmt_dump_options {
    enum epmt_format format;
    bool threads;    // people: the rows of the threads too; CSV: instead of the processes'
    const char *key; // only the value of this key; NULL: everything
};

struct epmt_dump {
    const struct epmt_dump_options *options;
    struct epmt_jobfold *facts; // the attributes, in order
    struct epmt_output output;
    struct epmt_strbuf memory;
    struct epmt_error *err;
    // Hands all rows of that kind, in order, to epmt_dump_row. Returns 0 or -1 with err.
    int (*rows)(struct epmt_dump *dump, enum epmt_row_kind kind);
    void *source;
    // The section under way.
    const char *section;
    struct epmt_table_column columns[EPMT_COLUMN_COUNT];
    int column_count;
    bool begun;
};

// Prints everything, or the value of the key. facts must be finished. Returns 0 or -1 with err.
int epmt_dump_print(struct epmt_dump *dump);

// A row: a value for each column of the kind for which epmt_dump_has.
void epmt_dump_row(struct epmt_dump *dump, const struct epmt_db_value *values);
bool epmt_dump_has(enum epmt_row_kind kind, const struct epmt_column *column);

// A job file. `path` is opened, `shown` is its name in messages. Returns 0 or -1 with err.
int epmt_dump_file(const struct epmt_dump_options *options, const char *path,
                   struct epmt_error *err);

// The job with that id in the database. Returns 0 or -1 with err.
int epmt_dump_job(const struct epmt_dump_options *options, struct epmt_db *db, const char *id,
                  struct epmt_error *err);

#endif
