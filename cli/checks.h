// SPDX-License-Identifier: Apache-2.0
// The checks of an installation: what `epmt check` says when no file is named.
#ifndef EPMT_CLI_CHECKS_H
#define EPMT_CLI_CHECKS_H

#include "cli/cmd.h"
#include "cli/table.h"

enum epmt_probe_verdict { EPMT_PROBE_PASS, EPMT_PROBE_NOTE, EPMT_PROBE_FAIL };

// What a check found, and what to do where it failed.
struct epmt_probe {
    enum epmt_probe_verdict verdict;
    char found[1024];
    char advice[512];
};

// Runs every check and prints a line for each. Returns the exit status: FAIL where one failed; or
// -1 with err where the output failed.
int epmt_checks_run(const struct epmt_cli *cli, enum epmt_format format, struct epmt_error *err);

// X(name, what is checked): function epmt_probe_<name>, in cli/checks_*.c.
#define EPMT_PROBES(X)                                                      \
    X(settings, "the settings files and variables are right")               \
    X(database, "the database can be opened")                               \
    X(output_prefix, "job directories can be made")                         \
    X(perf, "the kernel lets a program count its own events")               \
    X(events, "the events of the settings can be counted here")             \
    X(preload, "a program runs under the library, and its record is there") \
    X(mpi, "the back ends for MPI can be loaded")                           \
    X(writer, "the program that writes job files works")                    \
    X(stage, "the place that jobs are staged to can be written to")         \
    X(scheduler, "which scheduler this shell runs under")

#define EPMT_PROBE_DECLARE(name, what) \
    void epmt_probe_##name(const struct epmt_cli *cli, struct epmt_probe *check);
EPMT_PROBES(EPMT_PROBE_DECLARE)
#undef EPMT_PROBE_DECLARE

// For these functions: what was found, and what to do.
void epmt_probe_pass(struct epmt_probe *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void epmt_probe_note(struct epmt_probe *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void epmt_probe_fail(struct epmt_probe *check, const char *advice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
