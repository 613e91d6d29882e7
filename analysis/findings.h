// SPDX-License-Identifier: Apache-2.0
// What stands out in a job: sentences with numbers, the gravest first. Found in SQL over its
// processes, threads and MPI; memory is bounded whatever the job's size.
#ifndef EPMT_ANALYSIS_FINDINGS_H
#define EPMT_ANALYSIS_FINDINGS_H

#include "storage/db.h"

// X(name, title). The name is what programs see.
// clang-format off
#define EPMT_FINDINGS(X) \
    X(job_failed, "the job failed") \
    X(missing_ranks, "ranks did not report") \
    X(crashed, "processes crashed") \
    X(killed, "processes vanished") \
    X(failed, "processes failed") \
    X(straggler, "one rank is behind all others") \
    X(imbalance, "ranks are unevenly loaded") \
    X(thread_imbalance, "threads are unevenly loaded") \
    X(oversubscribed, "more threads than CPUs") \
    X(io_wait, "waiting for files") \
    X(idle, "waiting for something else than CPU, MPI or files") \
    X(mpi, "time in MPI") \
    X(efficiency, "CPUs were idle") \
    X(memory, "memory is unevenly used") \
    X(paging, "pages came from the disk") \
    X(system_time, "time in the kernel") \
    X(small_io, "many small reads and writes") \
    X(short_processes, "many short processes") \
    X(unobserved, "something was not measured")
// clang-format on

enum epmt_finding_kind {
#define EPMT_FINDING_ENUM(name, title) EPMT_FINDING_##name,
    EPMT_FINDINGS(EPMT_FINDING_ENUM)
#undef EPMT_FINDING_ENUM
        EPMT_FINDING_KINDS
};

// info: worth knowing; note: costs something; warning: costs much; problem: something went wrong.
enum epmt_severity { EPMT_INFO, EPMT_NOTE, EPMT_WARNING, EPMT_PROBLEM };

#define EPMT_FINDING_NAME_MAX 128
#define EPMT_FINDING_TEXT_MAX 512

// What is not known, or no part of such a finding, is -1, "" or (reals) NAN. Texts are UTF-8 and
// may hold whatever the job's names do.
struct epmt_finding {
    enum epmt_finding_kind kind;
    enum epmt_severity severity;
    double share;   // 0 to 1: how much of what it is about
    double seconds; // of rank, thread or CPU time that was lost
    int64_t count;  // of the processes, ranks or threads concerned
    int64_t rank;   // the one that is named, and where it ran
    int64_t process_id;
    char host[EPMT_FINDING_NAME_MAX];
    char program[EPMT_FINDING_NAME_MAX];
    char step[EPMT_FINDING_NAME_MAX];
    char text[EPMT_FINDING_TEXT_MAX]; // one or two sentences
};

#define EPMT_FINDINGS_MAX 32

struct epmt_findings {
    struct epmt_finding found[EPMT_FINDINGS_MAX];
    int count;
};

const char *epmt_finding_name(enum epmt_finding_kind kind);
const char *epmt_finding_title(enum epmt_finding_kind kind);
const char *epmt_severity_name(enum epmt_severity severity);

// Looks at the job with this id. Returns 0 with *findings, or -1 with err (NOT_FOUND: there is no
// such job).
int epmt_findings_of(struct epmt_db *db, int64_t job, struct epmt_findings *findings,
                     struct epmt_error *err);

#endif
