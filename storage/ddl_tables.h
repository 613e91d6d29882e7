// SPDX-License-Identifier: Apache-2.0
// The tables of the database one by one: for those that make, change, fill or read them.
#ifndef EPMT_STORAGE_DDL_TABLES_H
#define EPMT_STORAGE_DDL_TABLES_H

#include "metadata/counter_tables.h"
#include "storage/ddl.h"

// In the order in which they can be made and filled.
enum epmt_ddl_table_index {
    EPMT_TABLE_SCHEMA,
    EPMT_TABLE_MODELS,
    EPMT_TABLE_MODEL_JOBS,
    EPMT_TABLE_MODEL_VALUES,
    EPMT_TABLE_JOBS, // what follows belongs to jobs, and goes with them
    EPMT_TABLE_JOB_ATTRIBUTES,
    EPMT_TABLE_JOB_TAGS,
    EPMT_TABLE_STEPS,
    EPMT_TABLE_PROCESSES,
    EPMT_TABLE_PROCESS_TAGS,
    EPMT_TABLE_THREADS,
    // One each of EPMT_FURTHER_TABLES, made from its dictionary. Where that has a column image,
    // process_id stands for it; where it has a column step, or no image, the rows are the job's and
    // have job_id.
    EPMT_TABLE_ROWS,
    EPMT_DDL_ROW_BEFORE = EPMT_TABLE_ROWS - 1,
#define EPMT_DDL_ROW_ENUM(list, kind, ...) EPMT_TABLE_OF_##kind,
    EPMT_FURTHER_TABLES(EPMT_DDL_ROW_ENUM)
#undef EPMT_DDL_ROW_ENUM
        EPMT_DDL_TABLE_COUNT
};
#define EPMT_DDL_ROW_TABLE_COUNT (EPMT_DDL_TABLE_COUNT - EPMT_TABLE_ROWS)

#define EPMT_DDL_COLUMNS_MAX 128

struct epmt_ddl_column {
    const char *name;
    const char *type; // in SQL, with what constrains it
    bool automatic;   // the database numbers the rows
    char comment[184];
};

const char *epmt_ddl_table_name(int table);
const char *epmt_ddl_table_comment(int table);
enum epmt_row_kind epmt_ddl_table_kind(int table); // 0: of no dictionary

// Writes the columns of a table (room for EPMT_DDL_COLUMNS_MAX). Returns how many.
int epmt_ddl_columns(int table, enum epmt_dialect dialect, struct epmt_ddl_column *columns);

// CREATE TABLE.
void epmt_ddl_table(struct epmt_strbuf *sql, int table, enum epmt_dialect dialect);

// Whether a column of the dictionary of the kind is one of the table.
bool epmt_ddl_stands(enum epmt_row_kind kind, const struct epmt_column *column);
// The index of the column image in the dictionary of that kind, -1: none.
int epmt_ddl_image(enum epmt_row_kind kind);
bool epmt_ddl_has_step(enum epmt_row_kind kind);
// Whether rows of that kind have job_id, before process_id.
bool epmt_ddl_of_job(enum epmt_row_kind kind);

// How rows are added to a table: all columns but those that the database fills by itself.
struct epmt_ddl_rows {
    struct epmt_strbuf insert; // INSERT ... VALUES ($1, ...)
    struct epmt_strbuf copy;   // COPY ... FROM STDIN (FORMAT binary)
    int count;
};

void epmt_ddl_rows_make(struct epmt_ddl_rows *rows, int table);
void epmt_ddl_rows_free(struct epmt_ddl_rows *rows);

// The statement that deletes the rows of the job $1 (of jobs: the job).
void epmt_ddl_delete_rows(struct epmt_strbuf *sql, int table);

// The statement that sets digest ($2), every column of EPMT_JOB_COLUMNS ($3...) and then those of
// epmt_job_fold of the job with id $1.
void epmt_ddl_update_job(struct epmt_strbuf *sql);
// The same of the columns that are computed from the processes: duration ($2) to imbalance, then
// those of epmt_job_fold.
void epmt_ddl_update_counted(struct epmt_strbuf *sql);

#endif
