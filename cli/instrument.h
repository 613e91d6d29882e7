// SPDX-License-Identifier: Apache-2.0
// What the environment of a measured program must have: LD_PRELOAD, EPMT_JOB_ID, and the settings
// that only files know. `epmt run` sets it, `epmt source` has a shell set it.
#ifndef EPMT_CLI_INSTRUMENT_H
#define EPMT_CLI_INSTRUMENT_H

#include "cli/cmd.h"
#include "metadata/jobplace.h"

struct epmt_variable {
    char *name, *value;
    bool restore; // to be unset again with the instrumentation
};

struct epmt_instrument {
    char *preload;                   // LD_PRELOAD with our library in front
    char *preload_before;            // LD_PRELOAD without it, "" where there was none
    struct epmt_variable *variables; // all others; EPMT_JOB_ID is the first
    int count;
};

// Makes it up for the job at place. Returns 0 or -1 with err (MEMORY; NOT_FOUND where our library
// is not there). To be freed in any case.
int epmt_instrument_init(struct epmt_instrument *instrument, const struct epmt_cli *cli,
                         const struct epmt_job_place *place, struct epmt_error *err);
void epmt_instrument_fini(struct epmt_instrument *instrument);

// Sets it in our own environment, before an exec. Returns 0 or -1 with err (MEMORY).
int epmt_instrument_apply(const struct epmt_instrument *instrument, struct epmt_error *err);

#endif
