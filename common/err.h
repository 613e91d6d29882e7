// SPDX-License-Identifier: Apache-2.0
// Errors: one list gives the codes, the exit statuses and their sentences; one struct carries the
// text for people. Nothing here prints or allocates, so the guest code may use it too.
#ifndef EPMT_COMMON_ERR_H
#define EPMT_COMMON_ERR_H

#include <stddef.h>

// X(name, exit status of `epmt`, sentence for EXIT STATUS in the documentation)
#define EPMT_ERRORS(X)                                                          \
    X(OK, 0, "success")                                                         \
    X(FAIL, 1, "the command failed")                                            \
    X(USAGE, 2, "the command line is wrong")                                    \
    X(NOT_FOUND, 3, "no such job, file or directory")                           \
    X(BAD_INPUT, 4, "an input is damaged, truncated or not what it should be")  \
    X(VERSION, 5, "an input was made by another, incompatible version of epmt") \
    X(IO, 6, "reading or writing failed (permissions, full disk, ...)")         \
    X(DATABASE, 7, "the database refused or is not an epmt database")           \
    X(EXISTS, 8, "it is already there")                                         \
    X(MEMORY, 9, "out of memory, or over a limit of size")

enum epmt_err {
#define EPMT_ERR_ENUM(name, status, sentence) EPMT_ERR_##name = (status),
    EPMT_ERRORS(EPMT_ERR_ENUM)
#undef EPMT_ERR_ENUM
};

#define EPMT_ERROR_TEXT_MAX 512

// What went wrong: a code for programs and one line for people. A longer text is cut and ends
// in "...".
struct epmt_error {
    enum epmt_err code;
    char text[EPMT_ERROR_TEXT_MAX];
};

// Fills err (may be NULL) with code and a text formatted as by epmt_fmt (see fmt.h for the
// conversions understood). Keeps errno. Always returns -1, so that callers can return it.
int epmt_errf(struct epmt_error *err, enum epmt_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// As epmt_errf, and appends ": " and the name of errno's value (as it is on entry).
int epmt_errf_errno(struct epmt_error *err, enum epmt_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
