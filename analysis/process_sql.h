// SPDX-License-Identifier: Apache-2.0
// Pieces of SQL about a process p, as every analysis has them.
#ifndef EPMT_ANALYSIS_PROCESS_SQL_H
#define EPMT_ANALYSIS_PROCESS_SQL_H

// Its CPU time and its life, us.
#define EPMT_SQL_CPU "coalesce(p.\"cpu_time\", 0)"
#define EPMT_SQL_LIFE "(CASE WHEN p.\"end\" > p.\"start\" THEN p.\"end\" - p.\"start\" ELSE 0 END)"

// What a rank does for itself: its time outside MPI, or its CPU time where MPI was not profiled
// (as storage/jobsum.c has it), us.
#define EPMT_SQL_BUSY                                                                 \
    "(CASE WHEN p.\"mpitime\" IS NULL OR p.\"end\" <= p.\"start\" THEN " EPMT_SQL_CPU \
    " WHEN p.\"mpitime\" / 1000 > p.\"end\" - p.\"start\" THEN 0 "                    \
    "ELSE p.\"end\" - p.\"start\" - p.\"mpitime\" / 1000 END)"

// The sum of nanoseconds, or of anything that may be: 300 years of them are more than SQLite's
// integers hold, and a job of many ranks has that.
#define EPMT_SQL_SUM_NS(ns) "sum(" ns " * 1.0)"

// It is of the job $1, and no launcher: what brought others up is none of the user's.
#define EPMT_SQL_OF_JOB "p.\"job_id\" = $1 AND coalesce(p.\"launcher\", 0) = 0"

#endif
