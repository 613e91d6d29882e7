// SPDX-License-Identifier: Apache-2.0
// The tables of a job file: which members they have, of which types, and the sentinels for what is
// missing. Those of rows follow the dictionary of their kind. For storage/jobfile_*.c alone.
#ifndef EPMT_STORAGE_JOBFILE_LAYOUT_H
#define EPMT_STORAGE_JOBFILE_LAYOUT_H

#include "aggregator/fragment.h"
#include "storage/jobfile_h5.h"

// A text longer than this stands in /texts; the cell has its beginning.
#define EPMT_CELL_MAX 256

#define EPMT_MISSING_INT INT64_MIN
#define EPMT_MISSING_UINT UINT64_MAX
#define EPMT_MISSING_STATE (-1)
#define EPMT_MISSING_REAL UINT64_C(0x7ff8000000000000) // its bits: a quiet NaN

enum epmt_member_kind {
    EPMT_MEMBER_INT,
    EPMT_MEMBER_UINT,
    EPMT_MEMBER_REAL,
    EPMT_MEMBER_STATE, // an enum of one byte
    EPMT_MEMBER_TEXT,
    EPMT_MEMBER_LIST,  // a text: a JSON array of strings
    EPMT_MEMBER_VALID, // bits: which members have a value
};

struct epmt_member {
    const char *name;
    enum epmt_member_kind kind;
    int column;                              // of the dictionary, -1: none
    size_t size, offset;                     // in the row in memory, which is the one in the file
    const char *unit, *source, *description; // what /columns says
};

// Words of validity bits that a table may have; a later epmt may have more columns than we do.
#define EPMT_VALID_NAMES 4
_Static_assert(EPMT_VALID_NAMES >= EPMT_VALID_WORDS, "a name per word");

#define EPMT_MEMBERS_MAX (EPMT_COLUMN_COUNT + EPMT_VALID_NAMES)

struct epmt_layout {
    const char *path; // of the table in the file
    const char *title;
    enum epmt_row_kind kind; // of a table that follows a dictionary
    int value_count;         // members with values; those of kind VALID come behind
    int count;
    struct epmt_member members[EPMT_MEMBERS_MAX];
};

// The members of /processes, /threads or a table of /mpi.
void epmt_layout_of_rows(struct epmt_layout *layout, enum epmt_row_kind kind);

// Tables that are not made from the dictionary.
enum epmt_small_table {
    EPMT_TABLE_ATTRIBUTES,
    EPMT_TABLE_ENVIRONMENT,
    EPMT_TABLE_HOSTS,
    EPMT_TABLE_STEPS,
    EPMT_TABLE_COLUMNS,
    EPMT_TABLE_LONG_TEXTS,
    EPMT_TABLE_CRASHES,
    EPMT_TABLE_CRASH_FRAMES,
    EPMT_SMALL_TABLE_COUNT
};
void epmt_layout_of_small(struct epmt_layout *layout, enum epmt_small_table table);

// Adds a member.
void epmt_layout_add(struct epmt_layout *layout, const char *name, enum epmt_member_kind kind,
                     int column);

// Adds words of validity bits up to that number.
void epmt_layout_add_valid(struct epmt_layout *layout, int words);

// Sets the offsets of the members from their sizes. Returns the size of a row.
size_t epmt_layout_place(struct epmt_layout *layout);

// The HDF5 type of a row, or a negative number.
hid_t epmt_layout_type(const struct epmt_layout *layout);

bool epmt_member_is_text(const struct epmt_member *member);

// The bits of a number (INT, UINT, REAL) that is missing.
uint64_t epmt_missing_number(enum epmt_member_kind kind);

// One value of a row. A text's bytes belong to whoever filled it in.
struct epmt_cell {
    bool has;
    union epmt_value value;
};

// End of a job file, behind what HDF5 sees: whoever changes the file with HDF5 cuts it off.
#define EPMT_TRAILER_MAGIC "EPMTEND1"
struct epmt_trailer {
    char magic[8];
    uint64_t len; // of the HDF5 file before it
    uint32_t crc; // CRC-32C of that
    uint32_t reserved;
};

#endif
