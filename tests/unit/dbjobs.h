// SPDX-License-Identifier: Apache-2.0
// Job files for the tests of the database, made by the fold.
#ifndef EPMT_TESTS_UNIT_DBJOBS_H
#define EPMT_TESTS_UNIT_DBJOBS_H

#include <stdio.h>
#include <string.h>

#include "storage/jobfile.h"

struct dbjob {
    const char *jobid, *uuid;
    int processes, threads; // threads of each process
    bool orphan;            // and a thread whose process is not there
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
