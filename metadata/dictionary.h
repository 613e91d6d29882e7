// SPDX-License-Identifier: Apache-2.0
// Dictionaries: the columns of each kind of row. metadata/metrics.h lists those of processes and
// threads, metadata/mpi_tables.h and metadata/counter_tables.h those of further tables; whoever
// encodes, merges, stores or prints rows asks for the dictionary of their kind.
#ifndef EPMT_METADATA_DICTIONARY_H
#define EPMT_METADATA_DICTIONARY_H

#include <stdbool.h>
#include <stdint.h>

// Stored; numbers never change.
enum epmt_row_kind {
    EPMT_ROW_PROCESS = 1,
    EPMT_ROW_THREAD = 2,
    EPMT_ROW_ATTRIBUTE = 3, // a fact about the job or a step: scope, key, value; no dictionary
    EPMT_ROW_MPI_FUNCTION = 4,
    EPMT_ROW_MPI_IMBALANCE = 5,
    EPMT_ROW_MPI_MESSAGE = 6,
    EPMT_ROW_MPI_CALLSITE = 7,
    EPMT_ROW_MPI_SIZE = 8,
    EPMT_ROW_MPI_VARIABLE = 9,
    EPMT_ROW_COUNTER = 10,
    EPMT_ROW_WAITED = 64, // how a child ended, as its parent's wait told; columns of a process
};

enum epmt_scope {
    EPMT_SCOPE_PROCESS = 1,
    EPMT_SCOPE_THREAD = 2,
    EPMT_SCOPE_BOTH = 3,
    EPMT_SCOPE_KEY = 4,   // of a further table: rows with the same keys are one row
    EPMT_SCOPE_VALUE = 8, // of a further table: merged as the fold says
    EPMT_SCOPE_WIRE = 16, // of a further table: on the way only, not stored
};
enum epmt_type {
    EPMT_TYPE_TEXT,
    EPMT_TYPE_LIST,
    EPMT_TYPE_INT,
    EPMT_TYPE_UINT,
    EPMT_TYPE_STATE,
    EPMT_TYPE_REAL,
};
enum epmt_fold { EPMT_FOLD_NONE, EPMT_FOLD_SUM, EPMT_FOLD_MIN, EPMT_FOLD_MAX };

// Arrays, not pointers: the table then needs no relocation in every process that loads it.
struct epmt_column {
    char name[24];
    enum epmt_scope scope;
    enum epmt_type type;
    char unit[16]; // "-" where there is none
    enum epmt_fold fold;
    char source[40];
    char description[88];
};

struct epmt_dictionary {
    const struct epmt_column *columns;
    const uint8_t *types; // enum epmt_type of each, close together for those who encode
    int count;            // at most EPMT_COLUMN_COUNT
};

// The dictionary of rows of that kind, NULL where the kind has none or is unknown.
const struct epmt_dictionary *epmt_dictionary_of(enum epmt_row_kind kind);

// True where the column is stored in the table of rows of that kind (the tables of processes and
// threads share a dictionary).
bool epmt_column_stored(const struct epmt_column *column, enum epmt_row_kind kind);

// Hash of all names, scopes and types in their order: two builds with the same hash understand
// each other's rows.
uint64_t epmt_schema_hash(void);

#endif
