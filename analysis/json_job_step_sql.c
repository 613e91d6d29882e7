// SPDX-License-Identifier: Apache-2.0
// The ranks of one MPI step, in at most 200 buckets of neighbours.
#include <stddef.h>

#include "analysis/json_job_sql.h"
#include "analysis/process_sql.h"

const char epmt_job_mpi_steps_sql[] =
    "SELECT step FROM processes WHERE job_id = $1 AND step IS NOT NULL AND mpirank IS NOT NULL "
    "GROUP BY step ORDER BY count(*) DESC, min(start), step LIMIT 3";

// clang-format off
#define OF_STEP "p.job_id = $1 AND p.step = $2 AND p.mpirank IS NOT NULL"
#define WIDTH \
    "w AS (SELECT min(p.mpirank) AS first, (max(p.mpirank) - min(p.mpirank) + 200) / 200 AS width" \
    "  FROM processes p WHERE " OF_STEP ")"
#define BUCKET "(p.mpirank - w.first) / w.width"

// As the view rank_balance has it.
#define OUTSIDE EPMT_SQL_BUSY_OR("p.cpu_time")

#define RANKS \
    "WITH " WIDTH " SELECT " BUCKET " AS bucket, min(p.mpirank) AS first_rank," \
    " max(p.mpirank) AS last_rank, count(*) AS ranks," \
    " " EPMT_SECONDS("avg(p.\"end\" - p.start)") " AS run_s," \
    " " EPMT_SECONDS_OF_NS("avg(p.mpitime)") " AS mpi_s," \
    " " EPMT_SECONDS("min(" OUTSIDE ")") " AS least_outside_s," \
    " " EPMT_SECONDS("avg(" OUTSIDE ")") " AS outside_s," \
    " " EPMT_SECONDS("max(" OUTSIDE ")") " AS most_outside_s," \
    " " EPMT_SECONDS("avg(p.cpu_time)") " AS cpu_s, max(p.rssmax) * 1024 AS rssmax_bytes," \
    " sum(p.read_bytes) AS read_bytes, sum(p.write_bytes) AS written_bytes," \
    " " EPMT_SECONDS("sum(p.delayacct_blkio_time)") " AS io_wait_s," \
    " " EPMT_SECONDS_OF_NS("avg(p.time_waiting)") " AS cpu_wait_s " \
    "FROM w JOIN processes p ON 1 = 1 WHERE " OF_STEP " " \
    "GROUP BY " BUCKET " ORDER BY 1"

// The functions that took most time, by ranks.
#define HEAT \
    "WITH " WIDTH ", f AS (SELECT m.function FROM processes p" \
    "  JOIN mpi_functions m ON m.process_id = p.id WHERE " OF_STEP \
    "  GROUP BY m.function ORDER BY " EPMT_SQL_SUM_REAL("m.\"time\"") " DESC, m.function LIMIT 12) " \
    "SELECT " BUCKET " AS bucket, m.function, count(*) AS ranks," \
    " " EPMT_SECONDS_OF_NS("avg(m.\"time\")") " AS mean_s," \
    " " EPMT_SECONDS_OF_NS("max(m.\"time\")") " AS most_s, sum(m.calls) AS calls " \
    "FROM w JOIN processes p ON 1 = 1 JOIN mpi_functions m ON m.process_id = p.id" \
    " JOIN f ON f.function = m.function " \
    "WHERE " OF_STEP " GROUP BY " BUCKET ", m.function ORDER BY 1, 2"

#define EXTREMES \
    "SELECT p.mpirank AS rank, p.hostname AS host, p.pid," \
    " " EPMT_SECONDS("p.\"end\" - p.start") " AS run_s," \
    " " EPMT_SECONDS(OUTSIDE) " AS outside_s, " EPMT_SECONDS_OF_NS("p.mpitime") " AS mpi_s," \
    " " EPMT_SECONDS("p.cpu_time") " AS cpu_s," \
    " " EPMT_SECONDS("p.delayacct_blkio_time") " AS io_wait_s " \
    "FROM processes p WHERE " OF_STEP " ORDER BY coalesce(" OUTSIDE ", 0)"

const struct epmt_job_section epmt_job_step_sections[] = {
    {"ranks", RANKS},
    {"heat", HEAT},
    {"busiest", EXTREMES " DESC, p.mpirank LIMIT 5"},
    {"idlest", EXTREMES ", p.mpirank LIMIT 5"},
    {NULL, NULL},
};
// clang-format on
