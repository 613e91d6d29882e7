// SPDX-License-Identifier: Apache-2.0
// Looking for what is wrong in a job file: structure, checksum, references between tables, counts,
// digest, and values that cannot be.
#ifndef EPMT_STORAGE_JOBFILE_CHECK_H
#define EPMT_STORAGE_JOBFILE_CHECK_H

#include "storage/jobfile.h"

#define EPMT_CHECK_NO_ROW UINT64_MAX

struct epmt_finding {
    const char *table; // "/processes"; "" for the file as a whole
    uint64_t row;      // from 0; EPMT_CHECK_NO_ROW: none
    const char *column;
    const char *text;
    bool note; // worth knowing, but nothing wrong
};

typedef void (*epmt_finding_f)(void *context, const struct epmt_finding *finding);

struct epmt_check_result {
    struct epmt_jobfile_info info; // its texts are not kept; zeroed where the file did not open
    uint64_t wrong;                // findings that are no notes
};

// Tells everything that is wrong with the file at path. Returns 0, or -1 with err where the check
// itself could not be done (NOT_FOUND, IO, MEMORY, VERSION for a newer file).
int epmt_jobfile_check(const char *path, epmt_finding_f found, void *context,
                       struct epmt_check_result *result, struct epmt_error *err);

#endif
