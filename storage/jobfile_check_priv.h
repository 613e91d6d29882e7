// SPDX-License-Identifier: Apache-2.0
// A check of a job file under way, for storage/jobfile_check*.c alone.
#ifndef EPMT_STORAGE_JOBFILE_CHECK_PRIV_H
#define EPMT_STORAGE_JOBFILE_CHECK_PRIV_H

#include "storage/fold_priv.h"
#include "storage/jobfile_check.h"
#include "storage/jobfile_parts.h"

// What the rows of other tables are held against.
struct epmt_check_process {
    uint64_t image;
    int64_t rank, ranks, start, end, numtids; // EPMT_MISSING_INT: missing
    uint64_t threads;                         // rows of /threads that were seen
    uint32_t step, host;                      // names, EPMT_FOLD_NOWHERE: none
    bool crashed;
};

struct epmt_check {
    struct epmt_jobfile *file;
    epmt_finding_f found;
    void *context;
    uint64_t wrong;
    const char *table; // being looked at, and the row
    uint64_t row;
    struct epmt_check_process *processes; // in their order
    uint64_t process_count;
    uint64_t *slots; // process + 1 by image
    uint64_t slot_count;
    struct epmt_texts names;       // of steps and hosts ("name\nboot")
    uint64_t *ranks, *host_counts; // by name: ranks that reported, rows of the host
    uint64_t name_cap;
    uint64_t digest;
    bool ended, cut, steps_complete; // of /job/attributes; of all /steps
    uint64_t steps;
    int64_t ranks_expected, ranks_reported; // of /steps
    struct epmt_record record;
    char text[EPMT_ERROR_TEXT_MAX];
};

// Tells that something is wrong in that column (NULL: none) of the row being looked at.
void epmt_check_wrong(struct epmt_check *check, const char *column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// Tells what is worth knowing.
void epmt_check_note(struct epmt_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// What is checked of a row of any table; counts it for the digest.
void epmt_check_row(struct epmt_check *check, enum epmt_row_kind kind);

// The process of an image, or NULL.
struct epmt_check_process *epmt_check_find(const struct epmt_check *check, uint64_t image);

// The number of the name of a step or host, made where it is new. EPMT_FOLD_NOWHERE: out of memory.
uint32_t epmt_check_name(struct epmt_check *check, const char *data, uint64_t len);

// Whether a time may have been spent in that span by so many threads at once; what clocks and
// counters are apart by is allowed for. us.
bool epmt_check_fits(uint64_t spent, int64_t start, int64_t end, int64_t threads);

// Parts of the check. Return 0 or -1 with err.
int epmt_check_processes(struct epmt_check *check, struct epmt_error *err);
int epmt_check_threads(struct epmt_check *check, struct epmt_error *err);
int epmt_check_tables(struct epmt_check *check, struct epmt_error *err);
int epmt_check_summary(struct epmt_check *check, struct epmt_error *err);

// Opens a table that is none of rows for scanning. *there: the file has it. Returns 0 or -1 with
// err; the scan, which was zeroed, is to be closed either way.
int epmt_check_open_small(const struct epmt_check *check, enum epmt_small_table table,
                          struct epmt_scan *scan, bool *there, struct epmt_error *err);

#endif
