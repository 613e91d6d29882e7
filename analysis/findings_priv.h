// SPDX-License-Identifier: Apache-2.0
// Between the sources of the findings (analysis/findings*.c).
#ifndef EPMT_ANALYSIS_FINDINGS_PRIV_H
#define EPMT_ANALYSIS_FINDINGS_PRIV_H

#include <math.h>
#include <stdbool.h>

#include "analysis/findings.h"
#include "analysis/process_sql.h"
#include "analysis/words.h"
#include "storage/db_backend.h"

// The job's row.
struct finding_job {
    double duration, cpu, efficiency, mpi_share, imbalance;
    int64_t cpus, exitcode, ranks_reported, ranks_expected, processes, failed, ended, hosts;
    char reason[EPMT_FINDING_NAME_MAX];
};

struct finding_context {
    struct epmt_db *db;
    int64_t id;
    bool has_job;
    struct finding_job job;
    struct epmt_findings *findings;
    struct epmt_error *err;
};

// Asks for rows with $1 = the job. Returns 0 or -1 with context->err.
int epmt_findings_ask(struct finding_context *context, const char *sql, epmt_db_row_f row,
                      void *to);

// Adds a finding; its text as printf has it. NULL: there are enough.
struct epmt_finding *epmt_findings_add(struct finding_context *context, enum epmt_finding_kind kind,
                                       enum epmt_severity severity, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// Names the process of the finding (which may be NULL). Texts as of epmt_value_text.
void epmt_findings_name(struct epmt_finding *finding, int64_t process_id, int64_t rank,
                        const char *host, const char *program);

// "rank 3 on node1 (model)", "model on node1, pid 17" in data[cap].
char *epmt_findings_who(char *data, size_t cap, int64_t rank, const char *host, const char *program,
                        int64_t pid);

int epmt_findings_ends(struct finding_context *context);      // findings_ends.c
int epmt_findings_ranks(struct finding_context *context);     // findings_ranks.c
int epmt_findings_processes(struct finding_context *context); // findings_processes.c
int epmt_findings_waits(struct finding_context *context);     // findings_waits.c

#endif
