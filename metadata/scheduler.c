// SPDX-License-Identifier: Apache-2.0
#include "metadata/scheduler.h"

#include <stdbool.h>
#include <string.h>

#include "metadata/settings.h"

#include "common/poison.h"

struct row {
    char scheduler[12];
    uint8_t fact;
    char variable[24];
};

static const struct row rows[] = {
#define ROW(scheduler, fact, variable) {#scheduler, EPMT_JOB_FACT_##fact, #variable},
    EPMT_SCHEDULER_VARIABLES(ROW)
#undef ROW
};

enum { ROWS = sizeof rows / sizeof *rows };

// The first row that tells the fact; what no scheduler tells only where `any` counts.
static const struct row *find(char *const *envp, enum epmt_job_fact fact, const char *scheduler,
                              bool any, const char **value) {
    for (int i = 0; i < ROWS; i++) {
        bool is_any = !strcmp(rows[i].scheduler, "any");
        if (rows[i].fact != fact || (is_any && !any) ||
            (scheduler && !is_any && strcmp(rows[i].scheduler, scheduler) != 0))
            continue;
        *value = epmt_environment_get(envp, rows[i].variable);
        if (*value && **value)
            return &rows[i];
    }
    return NULL;
}

const char *epmt_scheduler_name(char *const *envp) {
    const char *value;
    const struct row *row = find(envp, EPMT_JOB_FACT_jobid, NULL, false, &value);

    return row ? row->scheduler : NULL;
}

const char *epmt_scheduler_fact(char *const *envp, enum epmt_job_fact fact) {
    const char *scheduler = fact == EPMT_JOB_FACT_jobid ? NULL : epmt_scheduler_name(envp);
    const char *value = NULL;

    // Without a scheduler its variables are somebody else's: QUEUE, NHOSTS ...
    if (fact != EPMT_JOB_FACT_jobid && !scheduler)
        scheduler = "any";
    return find(envp, fact, scheduler, true, &value) ? value : NULL;
}
