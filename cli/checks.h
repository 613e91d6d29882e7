// SPDX-License-Identifier: Apache-2.0
// The checks of an installation: what `epmt check` says when no file is named.
#ifndef EPMT_CLI_CHECKS_H
#define EPMT_CLI_CHECKS_H

#include "cli/cmd.h"
#include "cli/table.h"

enum epmt_check_verdict { EPMT_CHECK_PASS, EPMT_CHECK_NOTE, EPMT_CHECK_FAIL };

// What a check found, and what to do where it failed.
struct epmt_check {
    enum epmt_check_verdict verdict;
    char found[1024];
    char advice[512];
};

// Runs every check and prints a line for each. Returns the exit status: FAIL where one failed; or
// -1 with err where the output failed.
int epmt_checks_run(const struct epmt_cli *cli, enum epmt_format format, struct epmt_error *err);

// X(name, what is checked): function epmt_check_<name>, in cli/checks_*.c.
#define EPMT_CHECKS(X)                                                      \
    X(settings, "the settings files and variables are right")               \
    X(database, "the database can be opened")                               \
    X(output_prefix, "job directories can be made")                         \
    X(perf, "the kernel lets a program count its own events")               \
    X(preload, "a program runs under the library, and its record is there") \
    X(mpi, "the back ends for MPI can be loaded")                           \
    X(writer, "the program that writes job files works")                    \
    X(stage, "the place that jobs are staged to can be written to")         \
    X(scheduler, "which scheduler this shell runs under")

#define EPMT_CHECK_DECLARE(name, what) \
    void epmt_check_##name(const struct epmt_cli *cli, struct epmt_check *check);
EPMT_CHECKS(EPMT_CHECK_DECLARE)
#undef EPMT_CHECK_DECLARE

// For these functions: what was found, and what to do.
void epmt_check_pass(struct epmt_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void epmt_check_note(struct epmt_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void epmt_check_fail(struct epmt_check *check, const char *advice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
