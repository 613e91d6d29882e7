// SPDX-License-Identifier: Apache-2.0
// The tables of rows beside processes and threads: those of MPI, and of counters. Whoever has to do
// with all of them loops over their kinds.
#ifndef EPMT_METADATA_TABLES_H
#define EPMT_METADATA_TABLES_H

#include "metadata/counter_tables.h"

// Kinds EPMT_FIRST_TABLE, ... follow each other: those of MPI, and behind them the one of counters.
#define EPMT_FIRST_TABLE EPMT_ROW_MPI_FUNCTION
#define EPMT_COUNT_TABLE(...) +1
#define EPMT_TABLE_COUNT (0 EPMT_FURTHER_TABLES(EPMT_COUNT_TABLE))

// Of the kind of a table: its path in the job file, and what it is.
const char *epmt_table_path(enum epmt_row_kind kind);
const char *epmt_table_title(enum epmt_row_kind kind);

// True where each row of the table is of one process image, which its first column says.
bool epmt_table_is_of_process(enum epmt_row_kind kind);

// True for the tables in the group /mpi.
bool epmt_table_is_of_mpi(enum epmt_row_kind kind);

#endif
