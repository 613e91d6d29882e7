// SPDX-License-Identifier: Apache-2.0
// All tables of rows beside processes and threads: those of MPI first, then the others. A table is
// one row here, or in EPMT_MPI_TABLES, and the list of its columns; the fold, the job file, the
// database and what prints them loop over these lists.
#ifndef EPMT_METADATA_TABLES_H
#define EPMT_METADATA_TABLES_H

#include "metadata/mpi_tables.h"

// X(LIST, kind, name, title), as EPMT_MPI_TABLES; the kinds follow the last one of MPI. In the job
// file the table is /<name>, in the database and in what `epmt` prints <name>.
#define EPMT_PLAIN_TABLES(X)
#define EPMT_PLAIN_TABLE_COUNT 0

// Kinds EPMT_FIRST_TABLE, ... follow each other.
#define EPMT_FIRST_TABLE EPMT_ROW_MPI_FUNCTION
#define EPMT_TABLE_COUNT (EPMT_MPI_TABLE_COUNT + EPMT_PLAIN_TABLE_COUNT)

static inline bool epmt_is_table(enum epmt_row_kind kind) {
    return kind >= EPMT_FIRST_TABLE && kind < EPMT_FIRST_TABLE + EPMT_TABLE_COUNT;
}

// Of the kind of a table: its path in the job file, its name elsewhere, and what it is.
const char *epmt_table_path(enum epmt_row_kind kind);
const char *epmt_table_name(enum epmt_row_kind kind);
const char *epmt_table_title(enum epmt_row_kind kind);

// True where each row of the table is of one process image, which its first column says.
bool epmt_table_is_of_process(enum epmt_row_kind kind);

#endif
