// SPDX-License-Identifier: Apache-2.0
// The SQL schema, generated from the metric dictionary and from the table of job columns below.
// docs/database.md describes it.
#ifndef EPMT_STORAGE_DDL_H
#define EPMT_STORAGE_DDL_H

#include "storage/strbuf.h"

#define EPMT_DB_APPLICATION 0x45504d54 // "EPMT": SQLite's application_id
#define EPMT_DB_VERSION 1

enum epmt_dialect { EPMT_DIALECT_SQLITE, EPMT_DIALECT_POSTGRESQL };

// Columns of jobs beside id, uuid and digest. X(name, type, from, description)
//   type  TEXT, INT
//   from  the attribute of scope "job" with the column's name (ATTRIBUTE), the job file's header
//         (HEADER), or computed by epmt submit (COUNTED)
// clang-format off
#define EPMT_JOB_COLUMNS(X) \
    X(jobid, TEXT, HEADER, "job id of the scheduler, or of epmt start") \
    X(cluster, TEXT, ATTRIBUTE, "name of the cluster") \
    X(user, TEXT, HEADER, "user who ran the job") \
    X(hostname, TEXT, ATTRIBUTE, "host on which the job was started") \
    X(jobname, TEXT, ATTRIBUTE, "name of the job") \
    X(scheduler, TEXT, ATTRIBUTE, "scheduler of the job: slurm, pbs, lsf, sge, flux, ...") \
    X(account, TEXT, ATTRIBUTE, "account, or project, that pays for the job") \
    X(queue, TEXT, ATTRIBUTE, "queue, or partition, of the job") \
    X(nodes, INT, ATTRIBUTE, "nodes of the job, as the scheduler says") \
    X(script, TEXT, ATTRIBUTE, "script of the job") \
    X(tags, TEXT, ATTRIBUTE, "tags of the job, key:value;key:value") \
    X(submit, INT, ATTRIBUTE, "when the job was submitted to the scheduler, us since epoch") \
    X(start, INT, ATTRIBUTE, "start, us since epoch; of the first process where epmt start was not called") \
    X(end, INT, ATTRIBUTE, "end, us since epoch; of the last process where epmt stop was not called") \
    X(exitcode, INT, ATTRIBUTE, "exit code of the job, where known") \
    X(reason, TEXT, ATTRIBUTE, "why the job ended: exited, signal N, killed, or what the scheduler says") \
    X(restart, INT, ATTRIBUTE, "times that the scheduler started the job again") \
    X(ranks_reported, INT, HEADER, "MPI ranks whose row says how they ended, over all steps") \
    X(ranks_expected, INT, HEADER, "MPI ranks there were, over all steps") \
    X(complete, INT, HEADER, "1: every rank reported") \
    X(ended, INT, HEADER, "1: the job was over when its file was made") \
    X(processes, INT, COUNTED, "rows in processes") \
    X(threads, INT, COUNTED, "rows in threads") \
    X(creator, TEXT, HEADER, "program that made the job file") \
    X(submitted_at, INT, COUNTED, "when epmt submit last changed this row, us since epoch")
// clang-format on

enum epmt_job_column_index {
#define EPMT_JOB_COLUMN_ENUM(name, ...) EPMT_JOB_COL_##name,
    EPMT_JOB_COLUMNS(EPMT_JOB_COLUMN_ENUM)
#undef EPMT_JOB_COLUMN_ENUM
        EPMT_JOB_COLUMN_COUNT
};

enum epmt_job_column_from {
    EPMT_JOB_COLUMN_ATTRIBUTE,
    EPMT_JOB_COLUMN_HEADER,
    EPMT_JOB_COLUMN_COUNTED,
};

struct epmt_job_column {
    const char *name;
    enum epmt_type type;
    enum epmt_job_column_from from;
    const char *description;
};

extern const struct epmt_job_column epmt_job_columns[EPMT_JOB_COLUMN_COUNT];

// Appends the statements that make all tables, indexes and views of an empty database.
void epmt_ddl_create(struct epmt_strbuf *sql, enum epmt_dialect dialect);

// Appends those of the views (epmt_ddl_create does).
void epmt_ddl_views(struct epmt_strbuf *sql, enum epmt_dialect dialect);

// Append the statements that insert a row: processes (id, job_id, then every process column),
// threads (process_id, then every thread column).
void epmt_ddl_insert_process(struct epmt_strbuf *sql);
void epmt_ddl_insert_thread(struct epmt_strbuf *sql);
// The MPI tables: those that have `job_id` as their first column (in mpi_variables, process_id
// behind it), while the others have process_id; then the columns for which epmt_ddl_in_mpi_table.
bool epmt_ddl_is_of_job(enum epmt_row_kind kind);
bool epmt_ddl_in_mpi_table(const struct epmt_column *column);
void epmt_ddl_mpi(struct epmt_strbuf *sql, enum epmt_dialect dialect); // epmt_ddl_create does
void epmt_ddl_insert_mpi(struct epmt_strbuf *sql, enum epmt_row_kind kind);

const char *epmt_ddl_primary_key(enum epmt_dialect dialect);
// A state is stored by its name, a list as a JSON array.
const char *epmt_ddl_type(enum epmt_type type, enum epmt_dialect dialect);

// The statement that sets digest ($2) and every job column ($3...) of the job with id $1.
void epmt_ddl_update_job(struct epmt_strbuf *sql);

#endif
