// SPDX-License-Identifier: Apache-2.0
// What the job page asks of the database: of the job $1, of its MPI step $2. Every query answers
// with a number of rows that does not grow with the job. Columns end in their unit, as
// storage/query.h has it.
#ifndef EPMT_ANALYSIS_JSON_JOB_SQL_H
#define EPMT_ANALYSIS_JSON_JOB_SQL_H

#define EPMT_SECONDS(us) "round(CAST(" us " AS NUMERIC) / 1000000.0, 6)"
#define EPMT_SECONDS_OF_NS(ns) "round(CAST(" ns " AS NUMERIC) / 1000000000.0, 9)"

struct epmt_job_section {
    const char *name; // in the JSON; NULL ends the list
    const char *sql;
};

// One row: the head of the page.
extern const char epmt_job_head_sql[];
// Tables.
extern const struct epmt_job_section epmt_job_sections[];
// The steps with ranks, those with most ranks first: their names.
extern const char epmt_job_mpi_steps_sql[];
// Tables of one such step.
extern const struct epmt_job_section epmt_job_step_sections[];

#endif
