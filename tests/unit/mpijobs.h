// SPDX-License-Identifier: Apache-2.0
// What the ranks of tests/unit/jobs.h did in MPI.
#ifndef EPMT_TESTS_UNIT_MPIJOBS_H
#define EPMT_TESTS_UNIT_MPIJOBS_H

#include "metadata/counter_tables.h"
#include "tests/unit/jobs.h"

#define JOBS_FUNCTIONS 12

// The row of an MPI function of rank i, with values as a run of a minute has them.
static inline void jobs_function(struct epmt_record *record, uint64_t i, int function) {
    static const char *const names[JOBS_FUNCTIONS][2] = {{"MPI_Allreduce", "collective"},
                                                         {"MPI_Barrier", "collective"},
                                                         {"MPI_Bcast", "collective"},
                                                         {"MPI_Comm_rank", "other"},
                                                         {"MPI_Comm_size", "other"},
                                                         {"MPI_Finalize", "other"},
                                                         {"MPI_Init_thread", "other"},
                                                         {"MPI_Irecv", "p2p"},
                                                         {"MPI_Isend", "p2p"},
                                                         {"MPI_Waitall", "request"},
                                                         {"MPI_Comm_split", "other"},
                                                         {"MPI_Reduce", "collective"}};
    uint64_t seed = jobs_mix(i * 64 + (uint64_t)function), calls = 1 + seed % 100000;

    epmt_record_clear(record);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_image, jobs_mix(i + 1));
    jobs_text(record, EPMT_MPI_FUNCTION_COL_function, names[function][0]);
    jobs_text(record, EPMT_MPI_FUNCTION_COL_class, names[function][1]);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_calls, calls);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_time, seed % UINT64_C(20000000000));
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_time_min, seed % 1000);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_time_max, seed % 100000000);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_bytes_out, calls * 1024);
    epmt_record_set_u(record, EPMT_MPI_FUNCTION_COL_bytes_in, calls * 512);
}

// Adds rows of that many functions to each of the ranks of jobs_fill. Returns 0 or -1.
static inline int jobs_fill_functions(struct epmt_jobfold *fold, uint64_t ranks, int functions) {
    struct epmt_record record;
    int status = 0;

    for (uint64_t i = 0; i < ranks; i++) {
        for (int f = 0; f < functions; f++) {
            jobs_function(&record, i, f);
            status |= epmt_fold_add_record(fold, EPMT_ROW_MPI_FUNCTION, &record, NULL);
        }
    }
    return status;
}

// A count, and an event that could not be counted.
static inline int jobs_fill_counters(struct epmt_jobfold *fold, uint64_t image) {
    struct epmt_record record;

    epmt_record_clear(&record);
    epmt_record_set_u(&record, EPMT_COUNTER_COL_image, image);
    epmt_record_set_i(&record, EPMT_COUNTER_COL_tid, 77);
    epmt_record_set_i(&record, EPMT_COUNTER_COL_start, 1700000000000000);
    jobs_text(&record, EPMT_COUNTER_COL_event, "PERF_COUNT_SW_CPU_CLOCK");
    jobs_text(&record, EPMT_COUNTER_COL_unit, "ns");
    jobs_text(&record, EPMT_COUNTER_COL_source, "perf");
    epmt_record_set_u(&record, EPMT_COUNTER_COL_value, image >> 8);
    epmt_record_set_u(&record, EPMT_COUNTER_COL_enabled, image >> 4);
    int status = epmt_fold_add_record(fold, EPMT_ROW_COUNTER, &record, NULL);
    epmt_record_unset(&record, EPMT_COUNTER_COL_value);
    jobs_text(&record, EPMT_COUNTER_COL_event, "PAPI_TOT_INS");
    jobs_text(&record, EPMT_COUNTER_COL_reason, "no counters of the CPU here");
    return status | epmt_fold_add_record(fold, EPMT_ROW_COUNTER, &record, NULL);
}

// Adds some rows of the tables that are there by wish, and facts. Returns 0 or -1.
static inline int jobs_fill_more(struct epmt_jobfold *fold, uint64_t ranks) {
    static const char stack[] = "libmodel.so+0x1234\0model.exe+0x99, main\0";
    struct epmt_record record;
    int status = 0;

    for (uint64_t i = 0; i < ranks; i++) {
        for (uint64_t k = 0; k < 3; k++) {
            epmt_record_clear(&record);
            epmt_record_set_u(&record, 0, jobs_mix(i + 1)); // image, in all of them
            if (k)
                epmt_record_set_i(&record, EPMT_MPI_MESSAGE_COL_peer, (int64_t)k);
            epmt_record_set_u(&record, EPMT_MPI_MESSAGE_COL_messages, i + k);
            epmt_record_set_u(&record, EPMT_MPI_MESSAGE_COL_bytes, i * 1024 + k);
            status |= epmt_fold_add_record(fold, EPMT_ROW_MPI_MESSAGE, &record, NULL);
            epmt_record_clear(&record);
            epmt_record_set_u(&record, 0, jobs_mix(i + 1));
            jobs_text(&record, EPMT_MPI_SIZE_COL_function, "MPI_Send");
            epmt_record_set_u(&record, EPMT_MPI_SIZE_COL_bucket, UINT64_C(1) << (k * 5) >> 1);
            epmt_record_set_u(&record, EPMT_MPI_SIZE_COL_calls, i + k);
            epmt_record_set_u(&record, EPMT_MPI_SIZE_COL_bytes, i * k);
            status |= epmt_fold_add_record(fold, EPMT_ROW_MPI_SIZE, &record, NULL);
        }
        epmt_record_clear(&record);
        epmt_record_set_u(&record, 0, jobs_mix(i + 1));
        jobs_text(&record, EPMT_MPI_CALLSITE_COL_function, "MPI_Send");
        epmt_record_set_text(&record, EPMT_MPI_CALLSITE_COL_stack, stack, sizeof stack - 1);
        epmt_record_set_u(&record, EPMT_MPI_CALLSITE_COL_calls, i + 1);
        status |= epmt_fold_add_record(fold, EPMT_ROW_MPI_CALLSITE, &record, NULL);
        epmt_record_clear(&record);
        jobs_text(&record, EPMT_MPI_VARIABLE_COL_step, "prterun-node0000-4242@1");
        if (i)
            epmt_record_set_u(&record, EPMT_MPI_VARIABLE_COL_image, jobs_mix(i + 1));
        jobs_text(&record, EPMT_MPI_VARIABLE_COL_kind, "control");
        jobs_text(&record, EPMT_MPI_VARIABLE_COL_name, "btl_tcp_if_include");
        jobs_text(&record, EPMT_MPI_VARIABLE_COL_value, i % 2 ? "eth0" : "");
        status |= epmt_fold_add_record(fold, EPMT_ROW_MPI_VARIABLE, &record, NULL);
        status |= jobs_fill_counters(fold, jobs_mix(i + 1));
    }
    return status;
}

#endif
