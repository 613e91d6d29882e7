// SPDX-License-Identifier: Apache-2.0
// Job files for the tests of the database, made by the fold.
#ifndef EPMT_TESTS_UNIT_DBJOBS_H
#define EPMT_TESTS_UNIT_DBJOBS_H

#include <stdio.h>
#include <string.h>

#include "metadata/mpi_tables.h"
#include "storage/jobfile.h"

struct dbjob {
    const char *jobid, *uuid;
    int processes, threads; // threads of each process
    bool orphan;            // and a thread whose process is not there
    int functions;          // MPI functions that each process called
};

static inline void dbjob_text(struct epmt_record *record, int column, const char *text) {
    epmt_record_set_text(record, column, text, strlen(text));
}

static inline int dbjob_add_process(struct epmt_jobfold *fold, const struct dbjob *job, int i) {
    static const char args[] = "-x\0a \"quoted\", 'word'; DROP TABLE jobs;--\0\xff\0";
    struct epmt_record record;

    epmt_record_clear(&record);
    epmt_record_set_u(&record, EPMT_COL_image, 1000 + (uint64_t)i);
    epmt_record_set_u(&record, EPMT_COL_imagestart, UINT64_C(1000000000) * (1 + (uint64_t)i));
    dbjob_text(&record, EPMT_COL_hostname, "node1");
    dbjob_text(&record, EPMT_COL_bootid, "boot");
    dbjob_text(&record, EPMT_COL_exename, "it's");
    dbjob_text(&record, EPMT_COL_step, "step \"1\"");
    epmt_record_set_text(&record, EPMT_COL_args, args, sizeof args - 1);
    epmt_record_set_i(&record, EPMT_COL_pid, 100 + i);
    epmt_record_set_i(&record, EPMT_COL_ppid, i ? 100 : 1);
    epmt_record_set_i(&record, EPMT_COL_mpirank, i);
    epmt_record_set_i(&record, EPMT_COL_numranks, job->processes);
    epmt_record_set_i(&record, EPMT_COL_start, 1700000000000000 + i * 1000000);
    epmt_record_set_i(&record, EPMT_COL_end, 1700000100000000);
    epmt_record_set_i(&record, EPMT_COL_exitcode, 0);
    epmt_record_set_i(&record, EPMT_COL_state, EPMT_STATE_exited);
    epmt_record_set_u(&record, EPMT_COL_usertime, 5000);
    return epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, NULL);
}

static inline int dbjob_add_thread(struct epmt_jobfold *fold, uint64_t image, int tid) {
    struct epmt_record record;

    epmt_record_clear(&record);
    epmt_record_set_u(&record, EPMT_COL_image, image);
    epmt_record_set_i(&record, EPMT_COL_tid, tid);
    epmt_record_set_u(&record, EPMT_COL_usertime, 2500);
    return epmt_fold_add_record(fold, EPMT_ROW_THREAD, &record, NULL);
}

// Process i called function f i + f + 1 times, a microsecond each.
static inline int dbjob_add_function(struct epmt_jobfold *fold, int i, int f) {
    struct epmt_record record;
    char name[16];
    uint64_t calls = (uint64_t)(i + f + 1);

    snprintf(name, sizeof name, "MPI_F%d", f);
    epmt_record_clear(&record);
    epmt_record_set_u(&record, EPMT_MPI_FUNCTION_COL_image, 1000 + (uint64_t)i);
    dbjob_text(&record, EPMT_MPI_FUNCTION_COL_function, name);
    dbjob_text(&record, EPMT_MPI_FUNCTION_COL_class, "p2p");
    epmt_record_set_u(&record, EPMT_MPI_FUNCTION_COL_calls, calls);
    epmt_record_set_u(&record, EPMT_MPI_FUNCTION_COL_time, calls * 1000);
    epmt_record_set_u(&record, EPMT_MPI_FUNCTION_COL_time_min, UINT64_MAX); // beyond SQL
    epmt_record_set_u(&record, EPMT_MPI_FUNCTION_COL_bytes_out, calls * 8);
    return epmt_fold_add_record(fold, EPMT_ROW_MPI_FUNCTION, &record, NULL);
}

// A row in each of the other tables, and the process's sums.
static inline int dbjob_add_mpi(struct epmt_jobfold *fold, int i) {
    static const char stack[] = "a.out+0x1, main\0libc.so.6+0x2\0";
    struct epmt_record record;
    int status = 0;

    for (int kind = EPMT_ROW_MPI_MESSAGE; kind <= EPMT_ROW_MPI_SIZE; kind++) {
        epmt_record_clear(&record);
        epmt_record_set_u(&record, 0, 1000 + (uint64_t)i);
        if (kind == EPMT_ROW_MPI_CALLSITE)
            epmt_record_set_text(&record, EPMT_MPI_CALLSITE_COL_stack, stack, sizeof stack - 1);
        status |= epmt_fold_add_record(fold, kind, &record, NULL);
    }
    epmt_record_clear(&record);
    dbjob_text(&record, EPMT_MPI_VARIABLE_COL_step, "step \"1\"");
    dbjob_text(&record, EPMT_MPI_VARIABLE_COL_name, "it's");
    if (i)
        epmt_record_set_u(&record, EPMT_MPI_VARIABLE_COL_image, 1000 + (uint64_t)i);
    status |= epmt_fold_add_record(fold, EPMT_ROW_MPI_VARIABLE, &record, NULL);
    epmt_record_clear(&record);
    epmt_record_set_u(&record, EPMT_COL_image, 1000 + (uint64_t)i);
    epmt_record_set_u(&record, EPMT_COL_mpitime, 10000000000); // 10 s
    return status | epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, NULL);
}

static inline int dbjob_fill(struct epmt_jobfold *fold, const struct dbjob *job,
                             struct epmt_error *err) {
    const char *const facts[][3] = {
        {"job", "jobid", job->jobid}, {"job", "uuid", job->uuid}, {"job", "user", "someone"},
        {"job", "exitcode", "3"},     {"env", "LANG", "\xff x"},
    };

    for (unsigned i = 0; i < sizeof facts / sizeof *facts; i++) {
        if (epmt_fold_set_attribute(fold, facts[i][0], facts[i][1], facts[i][2], err))
            return -1;
    }
    for (int i = 0; i < job->processes; i++) {
        if (dbjob_add_process(fold, job, i))
            return -1;
        for (int t = 0; t < job->threads; t++) {
            if (dbjob_add_thread(fold, 1000 + (uint64_t)i, 100 + i + t))
                return -1;
        }
        for (int f = 0; f < job->functions; f++) {
            if (dbjob_add_function(fold, i, f))
                return -1;
        }
        if (job->functions && dbjob_add_mpi(fold, i))
            return -1;
    }
    return job->orphan ? dbjob_add_thread(fold, 77, 7) : 0;
}

// Writes the job's file to path. Returns 0, or -1 with *err.
static inline int dbjob_write(const struct dbjob *job, const char *path, struct epmt_error *err) {
    struct epmt_jobfold *fold = epmt_fold_create();
    int result = -1;

    if (fold && !dbjob_fill(fold, job, err) && !epmt_fold_finish(fold, true, err))
        result = epmt_jobfile_write(fold, path, err);
    epmt_fold_destroy(fold);
    return result;
}

#endif
