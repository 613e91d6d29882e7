// SPDX-License-Identifier: Apache-2.0
// Parts of `epmt submit`. The command finds the sources; workers, processes of their own, read them
// and put them into the database; what they report is printed by the command.
#ifndef EPMT_CLI_SUBMIT_H
#define EPMT_CLI_SUBMIT_H

#include <limits.h>

#include "cli/cmd.h"
#include "storage/archive.h"
#include "storage/sources.h"

struct epmt_submit_options {
    const struct epmt_cli *cli;
    bool stop;            // at the first failure
    bool remove;          // what is in the database
    const char *move_dir; // where inputs go that are damaged; NULL: they stay
    unsigned workers;
    struct epmt_archive_limits limits;
};

enum epmt_job_outcome {
    EPMT_JOB_IMPORTED,
    EPMT_JOB_COMPLETED, // it was there and has grown
    EPMT_JOB_UNCHANGED, // it was there as it is
    EPMT_JOB_CHECKED,   // dry run
    EPMT_JOB_RUNNING,   // left for later
    EPMT_JOB_GONE,      // somebody else took it away meanwhile
    EPMT_JOB_FAILED,
    EPMT_JOB_WARNED, // a line about a source, no job
    EPMT_JOB_END,    // of a source
    EPMT_JOB_FATAL,  // of the worker: without a database nothing goes on
};

// What is said of one job. It passes between processes as it is.
struct epmt_job_report {
    uint32_t source; // index
    enum epmt_job_outcome outcome;
    enum epmt_err code; // FAILED, FATAL
    bool pushed_away;   // END: the source went to move_dir
    bool removed;       // END: it was removed
    uint64_t processes, threads, orphans, gaps;
    double seconds;
    char jobid[256];
    char text[EPMT_ERROR_TEXT_MAX]; // FAILED, WARNED, FATAL
};

// Takes a report; -1 where nobody listens any more.
typedef int (*epmt_job_report_f)(void *context, const struct epmt_job_report *report);

// Processes the sources whose indices come in from `fd`, until there are no more; reports go there.
// `lock`: a file whose lock lets one worker write at a time.
// Returns the exit status of the process.
int epmt_submit_worker(const struct epmt_submit_options *options,
                       const struct epmt_sources *sources, int fd, int lock);

// Lets workers process all sources. `report` is called in this process, by the order in which jobs
// are done. Returns 0, or -1 with err where the work could not go on.
int epmt_submit_all(const struct epmt_submit_options *options, const struct epmt_sources *sources,
                    epmt_job_report_f report, void *context, struct epmt_error *err);

// Set by SIGINT, SIGTERM and SIGHUP: the signal.
extern volatile int epmt_submit_signal;

#endif
