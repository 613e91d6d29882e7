// SPDX-License-Identifier: Apache-2.0
// One job on one screen: what ran and when, who used most, how evenly. Aggregated in SQL to a size
// that does not depend on the job's.
#ifndef EPMT_ANALYSIS_REPORT_H
#define EPMT_ANALYSIS_REPORT_H

#include "storage/db.h"

#define EPMT_REPORT_NAME_MAX 128
#define EPMT_REPORT_BUCKETS 48 // of the time line

// Times are s, sizes bytes; what is not known is NAN, -1 or "".
struct epmt_report_job {
    char jobid[EPMT_REPORT_NAME_MAX], user[EPMT_REPORT_NAME_MAX], name[EPMT_REPORT_NAME_MAX],
        tags[4 * EPMT_REPORT_NAME_MAX], reason[EPMT_REPORT_NAME_MAX], start[32], uuid[40];
    int64_t from, to; // us since epoch, of all its processes too
    int64_t exitcode, hosts, processes, threads, ranks, ranks_expected, cpus, ended;
    double duration, cpu, efficiency, mpi_share, rssmax;
    double read, written;             // from and to disks
    double chars_read, chars_written; // by calls
    double calls_read, calls_written;
    double io_wait, majflt;
};

// Processes of the same program; ranks of different steps apart.
struct epmt_report_lane {
    char program[EPMT_REPORT_NAME_MAX], step[EPMT_REPORT_NAME_MAX];
    int64_t processes, ranks;
    int64_t from, to;                    // us since epoch
    double running[EPMT_REPORT_BUCKETS]; // how many, at most, in each part of the job's time
    double most;
};

// What a program, a host or a process used.
struct epmt_report_use {
    char program[EPMT_REPORT_NAME_MAX], host[EPMT_REPORT_NAME_MAX];
    int64_t processes, ranks, rank, pid, threads;
    double wall, cpu, mpi, rssmax, chars; // chars: read and written by calls
};

// Neighbouring ranks of a step.
struct epmt_report_ranks {
    int64_t first, last, count;
    char host[EPMT_REPORT_NAME_MAX];
    double busy, mpi; // mean: outside MPI (CPU time where MPI was not profiled), and in it
    double most;      // outside MPI, of one rank
};

// A process with several threads that worked.
struct epmt_report_threads {
    char program[EPMT_REPORT_NAME_MAX], host[EPMT_REPORT_NAME_MAX];
    int64_t rank, pid, threads;
    double least, mean, most; // CPU time
};

struct epmt_report_function {
    char name[EPMT_REPORT_NAME_MAX];
    int64_t calls;
    double time, share, bytes; // of all ranks
};

struct epmt_report_crash {
    char program[EPMT_REPORT_NAME_MAX], host[EPMT_REPORT_NAME_MAX];
    int64_t rank, pid, signal;
    char stack[4096]; // a JSON array of frames; "": unknown
};

#define EPMT_REPORT_LANES 10
#define EPMT_REPORT_TOP 5
#define EPMT_REPORT_RANK_BARS 16

struct epmt_report {
    struct epmt_report_job job;
    struct epmt_report_lane lanes[EPMT_REPORT_LANES];
    struct epmt_report_use programs[EPMT_REPORT_TOP + 1], hosts[EPMT_REPORT_TOP + 1],
        top[EPMT_REPORT_TOP], movers[EPMT_REPORT_TOP];
    struct epmt_report_ranks ranks[EPMT_REPORT_RANK_BARS];
    char step[1025]; // that they are of: the one with most of the ranks' time
    int64_t steps;   // with ranks, there are
    struct epmt_report_threads threads[EPMT_REPORT_TOP];
    struct epmt_report_function functions[EPMT_REPORT_TOP];
    struct epmt_report_crash crashes[EPMT_REPORT_TOP];
    int lane_count, program_count, host_count, top_count, mover_count, rank_count, thread_count,
        function_count, crash_count;
};

// Reads the report of the job with this id. Returns NULL with err; else to be freed.
struct epmt_report *epmt_report_create(struct epmt_db *db, int64_t job, struct epmt_error *err);

#endif
