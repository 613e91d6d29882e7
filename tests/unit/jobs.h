// SPDX-License-Identifier: Apache-2.0
// Jobs for unit tests of storage: plausible rows of processes and threads, and whole folds of them.
#ifndef EPMT_TESTS_UNIT_JOBS_H
#define EPMT_TESTS_UNIT_JOBS_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "storage/fold.h"

static inline uint64_t jobs_mix(uint64_t x) {
    x = (x ^ x >> 31) * UINT64_C(0x7fb5d329728ea185);
    x = (x ^ x >> 27) * UINT64_C(0x81dadef4bc2dd44d);
    return x ^ x >> 33;
}

static inline void jobs_text(struct epmt_record *record, int column, const char *text) {
    epmt_record_set_text(record, column, text, strlen(text));
}

#define JOBS_START INT64_C(1700000000000000)

// What stands in the row of a thread, and of a process.
static inline void jobs_measure(struct epmt_record *record, uint64_t seed) {
    static const int counts[] = {EPMT_COL_usertime,      EPMT_COL_systemtime,   EPMT_COL_minflt,
                                 EPMT_COL_vol_ctxsw,     EPMT_COL_invol_ctxsw,  EPMT_COL_rchar,
                                 EPMT_COL_time_oncpu,    EPMT_COL_time_waiting, EPMT_COL_timeslices,
                                 EPMT_COL_rdtsc_duration};
    static const int zeroes[] = {EPMT_COL_majflt,     EPMT_COL_inblock,    EPMT_COL_outblock,
                                 EPMT_COL_wchar,      EPMT_COL_syscr,      EPMT_COL_syscw,
                                 EPMT_COL_read_bytes, EPMT_COL_write_bytes};

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        epmt_record_set_u(record, counts[i], jobs_mix(seed + i) % (UINT64_C(1) << (8 + 2 * i)));
    for (size_t i = 0; i < sizeof zeroes / sizeof *zeroes; i++)
        epmt_record_set_u(record, zeroes[i], i == 3 ? seed % 5 : 0);
    epmt_record_set_i(record, EPMT_COL_start, JOBS_START + (int64_t)(jobs_mix(seed) % 200000));
    epmt_record_set_i(record, EPMT_COL_end,
                      JOBS_START + 60000000 + (int64_t)(jobs_mix(seed + 1) % 200000));
    epmt_record_set_u(record, EPMT_COL_starttime,
                      UINT64_C(86400000000) + jobs_mix(seed) % 20 * 10000);
}

// The final record of rank i of a world; texts point to memory that lives until the next call.
static inline void jobs_process(struct epmt_record *record, uint64_t i, uint64_t size) {
    static char host[32], args[64];

    epmt_record_clear(record);
    snprintf(host, sizeof host, "node%04" PRIu64, i / 32);
    int len = snprintf(args, sizeof args, "-n%c%s%c--output=/scratch/run/out%c", 0, "1000", 0, 0);
    jobs_text(record, EPMT_COL_tags, "op:run;model:am4");
    jobs_text(record, EPMT_COL_hostname, host);
    jobs_text(record, EPMT_COL_exename, "model.exe");
    jobs_text(record, EPMT_COL_path, "/home/user/models/am4/exec/model.exe");
    epmt_record_set_text(record, EPMT_COL_args, args, (uint64_t)len);
    epmt_record_set_i(record, EPMT_COL_exitcode, 0);
    epmt_record_set_i(record, EPMT_COL_exitsignal, 0);
    epmt_record_set_i(record, EPMT_COL_pid, 4000 + (int64_t)(i % 32) * 3);
    epmt_record_set_i(record, EPMT_COL_ppid, 3990);
    epmt_record_set_i(record, EPMT_COL_pgid, 3990);
    epmt_record_set_i(record, EPMT_COL_sid, 3990);
    epmt_record_set_i(record, EPMT_COL_numtids, 1);
    epmt_record_set_i(record, EPMT_COL_numranks, (int64_t)size);
    epmt_record_set_i(record, EPMT_COL_mpirank, (int64_t)i);
    epmt_record_set_u(record, EPMT_COL_rssmax, 200000 + jobs_mix(i) % 4096);
    epmt_record_set_u(record, EPMT_COL_num_threads, 3);
    epmt_record_set_u(record, EPMT_COL_cutime, 0);
    epmt_record_set_u(record, EPMT_COL_cstime, 0);
    epmt_record_set_u(record, EPMT_COL_cminflt, 0);
    epmt_record_set_u(record, EPMT_COL_cmajflt, 0);
    jobs_measure(record, i);
    epmt_record_set_i(record, EPMT_COL_state, EPMT_STATE_finalized);
    epmt_record_set_u(record, EPMT_COL_image, jobs_mix(i + 1));
    epmt_record_set_u(record, EPMT_COL_revision, 3);
    epmt_record_set_u(record, EPMT_COL_imagestart,
                      UINT64_C(86400000000000) + jobs_mix(i) % 200000000);
    jobs_text(record, EPMT_COL_bootid, "0b6e9f1c-6c66-4a3f-9a0e-4a6f5f1d2c3b");
    epmt_record_set_u(record, EPMT_COL_pidns, 4026531836);
    jobs_text(record, EPMT_COL_step, "prterun-node0000-4242@1");
    epmt_record_set_i(record, EPMT_COL_rankhint, (int64_t)i);
}

static inline void jobs_thread(struct epmt_record *record, uint64_t i, uint64_t thread) {
    epmt_record_clear(record);
    jobs_measure(record, i * 64 + thread);
    epmt_record_set_i(record, EPMT_COL_tid, 4000 + (int64_t)(i % 32) * 3 + (int64_t)thread);
    epmt_record_set_i(record, EPMT_COL_mpirank, (int64_t)i);
    epmt_record_set_u(record, EPMT_COL_processor, i % 32);
    epmt_record_set_u(record, EPMT_COL_image, jobs_mix(i + 1));
    epmt_record_set_u(record, EPMT_COL_revision, 3);
}

// Adds a world of that many ranks. Returns 0 or -1.
static inline int jobs_fill(struct epmt_jobfold *fold, uint64_t ranks, uint64_t threads) {
    static const char *const facts[][3] = {
        {"job", "jobid", "77"},
        {"job", "user", "jane"},
        {"job", "source", "launcher"},
        {"job", "start", "1700000000000000"},
        {"job", "ended", "1"},
        {"env", "PATH", "/usr/bin:/bin"},
        {"env", "OMP_NUM_THREADS", ""},
        {"step prterun-node0000-4242@1", "library", "Open MPI v4.1.4"},
    };
    struct epmt_record record;
    struct epmt_error err;
    int status = 0;

    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        status |= epmt_fold_set_attribute(fold, facts[i][0], facts[i][1], facts[i][2], &err);
    for (uint64_t i = 0; i < ranks; i++) {
        jobs_process(&record, i, ranks);
        epmt_record_set_i(&record, EPMT_COL_numtids, threads ? (int64_t)threads : 1);
        status |= epmt_fold_add_record(fold, EPMT_ROW_PROCESS, &record, &err);
        for (uint64_t t = 0; t < threads; t++) {
            jobs_thread(&record, i, t);
            status |= epmt_fold_add_record(fold, EPMT_ROW_THREAD, &record, &err);
        }
    }
    return status;
}

#endif
