// SPDX-License-Identifier: Apache-2.0
// The SQL schema, generated from the dictionaries and from the tables below. docs/database.md
// describes it.
#ifndef EPMT_STORAGE_DDL_H
#define EPMT_STORAGE_DDL_H

#include "metadata/mpi_tables.h"
#include "storage/strbuf.h"

#define EPMT_DB_APPLICATION 0x45504d54 // "EPMT": SQLite's application_id
#define EPMT_DB_VERSION 2

enum epmt_dialect { EPMT_DIALECT_SQLITE, EPMT_DIALECT_POSTGRESQL };

// "sqlite", "postgresql".
const char *epmt_dialect_name(enum epmt_dialect dialect);

// Columns of jobs beside id, uuid and digest. X(name, type, from, description)
//   type  TEXT, INT, REAL
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
    X(tags, TEXT, ATTRIBUTE, "tags of the job, key:value;key:value; job_tags has them one by one") \
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
    X(submitted_at, INT, COUNTED, "when epmt submit last changed this row, us since epoch") \
    X(duration, INT, COUNTED, "end - start, us") \
    X(hosts, INT, COUNTED, "hosts on which its processes ran") \
    X(failed, INT, COUNTED, "processes that a signal ended, that vanished, or whose exit code was not 0") \
    X(cpus, INT, COUNTED, "CPUs the job had: as the scheduler says, else MPI ranks times OMP_NUM_THREADS; missing where neither is known") \
    X(cpu_time, INT, COUNTED, "usertime + systemtime of all processes, us") \
    X(efficiency, REAL, COUNTED, "cpu_time / (duration * cpus)") \
    X(mpi_share, REAL, COUNTED, "time in MPI as a part of the ranks' run time") \
    X(imbalance, REAL, COUNTED, "1 - mean / max over the ranks of their time outside MPI (CPU time where MPI was not profiled), in the worst step")

// Values of processes that stand in jobs too, beside the columns of the dictionary whose fold is
// SUM: X(column, fold), in the order of the dictionary.
#define EPMT_JOB_SUMS(X) \
    X(rssmax, MAX) \
    X(mpitime, SUM) \
    X(mpicalls, SUM) \
    X(mpibytes_out, SUM) \
    X(mpibytes_in, SUM)

// Columns of processes that epmt submit computes. X(name, description)
#define EPMT_PROCESS_COUNTED(X) \
    X(depth, "processes above it in the tree; 0: its parent was not measured") \
    X(cpu_time, "usertime + systemtime, us") \
    X(inclusive_cpu_time, "cpu_time of the process and of all below it, us")
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

// How the values of a column of the dictionary make the job's: SUM, MAX, or NONE (not kept).
enum epmt_fold epmt_job_fold(int column);

// The names of what epmt_submit computes for processes, in their order.
enum { EPMT_PROCESS_depth, EPMT_PROCESS_cpu_time, EPMT_PROCESS_inclusive, EPMT_PROCESS_COUNTED_N };

// Statements about the whole schema, appended to sql.
void epmt_ddl_create(struct epmt_strbuf *sql, enum epmt_dialect dialect); // of an empty database
void epmt_ddl_indexes(struct epmt_strbuf *sql); // those that are not there yet
void epmt_ddl_views(struct epmt_strbuf *sql, enum epmt_dialect dialect);
void epmt_ddl_comments(struct epmt_strbuf *sql, enum epmt_dialect dialect); // none in SQLite
void epmt_ddl_identity(struct epmt_strbuf *sql,
                       enum epmt_dialect dialect);       // version, dictionary, views and creator
uint64_t epmt_ddl_views_hash(enum epmt_dialect dialect); // 0: out of memory
const char *epmt_ddl_view_name(int i);                   // NULL behind the last
void epmt_ddl_drop_views(struct epmt_strbuf *sql);
void epmt_ddl_drop(struct epmt_strbuf *sql); // everything

#endif
