// SPDX-License-Identifier: Apache-2.0
// The SQL of `epmt show`, by name (of `epmt list`: analysis/listing.h). For people: a selection, in
// units that people read; for programs: whole rows as they are stored.
#ifndef EPMT_STORAGE_QUERY_H
#define EPMT_STORAGE_QUERY_H

#include <stdbool.h>

// Jobs by exact job id, or by the beginning of the uuid ($1): id, jobid, uuid, user, start.
extern const char epmt_query_job_by_jobid[];
extern const char epmt_query_job_by_uuid[];

// Where `units` is set, columns whose names end in _s (seconds), _bytes, _share (a part of 1),
// _line (a long text), _level (of threads in MPI) or _callers (a stack) are shown without the
// ending, in the unit that fits.
struct epmt_query {
    const char *name;                                    // what is listed
    const char *for_people, *for_programs;               // of all jobs
    const char *of_job_for_people, *of_job_for_programs; // of the job with id $1
    bool units;                                          // for people: shown by their endings
};

// epmt_query_job: one job with everything known of it; only of_job.
// epmt_query_mpi_*: only of_job; those for people are of the step $2.
extern const struct epmt_query epmt_query_mpi_steps, epmt_query_mpi_step, epmt_query_mpi_imbalance,
    epmt_query_mpi_functions, epmt_query_mpi_ranks, epmt_query_mpi_slowest, epmt_query_mpi_waiting,
    epmt_query_mpi_messages, epmt_query_mpi_callsites, epmt_query_mpi_sizes;

extern const struct epmt_query epmt_query_job, epmt_query_steps, epmt_query_processes,
    epmt_query_threads;

// The query for kind, name and bytes of what is in a database of that dialect: `what` is all,
// database, table, index or tablespace; NULL for anything else.
const char *epmt_query_size(const char *dialect, const char *what);

// Only of_job: for people the sums over the threads, for programs each thread's counts.
extern const struct epmt_query epmt_query_counters;

#endif
