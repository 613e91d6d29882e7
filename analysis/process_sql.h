// SPDX-License-Identifier: Apache-2.0
// Pieces of SQL about a process p, as every analysis has them.
#ifndef EPMT_ANALYSIS_PROCESS_SQL_H
#define EPMT_ANALYSIS_PROCESS_SQL_H

#include "storage/common_sql.h"

// Its CPU time and its life, us.
#define EPMT_SQL_CPU "coalesce(p.\"cpu_time\", 0)"
#define EPMT_SQL_LIFE "(CASE WHEN p.\"end\" > p.\"start\" THEN p.\"end\" - p.\"start\" ELSE 0 END)"

// What a rank does for itself, us.
#define EPMT_SQL_BUSY EPMT_SQL_BUSY_OR(EPMT_SQL_CPU)

// Stretches of time are joined by window functions: how far those came that began before (of the
// same `of`) tells what a stretch adds to the time that all of them take together.
#define EPMT_SQL_REACHED(of, start, finish, id)                                     \
    "max(" finish ") OVER (PARTITION BY " of " ORDER BY " start ", " finish ", " id \
    " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
#define EPMT_SQL_ADDS(start, finish, reached)                                            \
    "(CASE WHEN " reached " IS NULL OR " start " > " reached " THEN " finish " - " start \
    " WHEN " finish " > " reached " THEN " finish " - " reached " ELSE 0 END)"

// The processes of the jobs of a SELECT (%s) that have the tag of the key $%d, with its value and
// when they began and finished; the SELECT comes first, from it few are left.
#define EPMT_SQL_TAGGED(columns)                                                              \
    "SELECT p.\"job_id\", t.\"value\" AS name, p.\"id\", p.\"start\", CASE WHEN p.\"end\" > " \
    "p.\"start\" THEN p.\"end\" ELSE p.\"start\" END AS finish" columns                       \
    " FROM \"processes\" p CROSS "                                                            \
    "JOIN \"process_tags\" t WHERE t.\"process_id\" = p.\"id\" AND p.\"job_id\" IN (%s) AND " \
    "t.\"key\" = "                                                                            \
    "$%d"
#define EPMT_SQL_TAGGED_REACHED \
    EPMT_SQL_REACHED("\"job_id\", name", "\"start\"", "finish", "\"id\"")
#define EPMT_SQL_TAGGED_ADDS EPMT_SQL_ADDS("\"start\"", "finish", "reached")

// It is of the job $1, and no launcher: what brought others up is none of the user's.
#define EPMT_SQL_OF_JOB "p.\"job_id\" = $1 AND coalesce(p.\"launcher\", 0) = 0"

#endif
