// SPDX-License-Identifier: Apache-2.0
// The dictionaries of the MPI tables, one list macro per table, as metadata/metrics.h has the one
// of processes and threads. docs/mpi.md explains each.
//
// X(name, scope, type, unit, fold, source, description)
//   scope  KEY rows with the same keys are one row; VALUE the rest; WIRE not stored
//   fold   how two records of the same row merge: what is counted only grows, so that the later
//          record has the greater value (MAX; a minimum the lesser, MIN), whichever comes first;
//          NONE: a text, the longer and then the greater one stands
// A value that was not observed is missing (validity bit, NULL), never 0.
#ifndef EPMT_METADATA_MPI_TABLES_H
#define EPMT_METADATA_MPI_TABLES_H

#include "metadata/dictionary.h"

// clang-format off
// Per process image and MPI function it called.
#define EPMT_MPI_FUNCTION_COLUMNS(X) \
    X(image, KEY, UINT, "-", NONE, "the process's row", "key of the process image") \
    X(function, KEY, TEXT, "-", NONE, "the wrapper", "MPI function, as MPI_Send, in whichever language it was called") \
    X(class, VALUE, TEXT, "-", NONE, "the table of MPI functions", "p2p, collective, rma, io, request or other") \
    X(calls, VALUE, UINT, "count", MAX, "the wrapper", "calls by the program, of all threads; not those that MPI made inside") \
    X(time, VALUE, UINT, "ns", MAX, "monotonic clock", "time in these calls, summed over the threads") \
    X(time_min, VALUE, UINT, "ns", MIN, "monotonic clock", "shortest call") \
    X(time_max, VALUE, UINT, "ns", MAX, "monotonic clock", "longest call") \
    X(bytes_out, VALUE, UINT, "B", MAX, "counts and datatype sizes", "bytes this process handed to MPI") \
    X(bytes_in, VALUE, UINT, "B", MAX, "counts, datatype sizes, statuses", "bytes this process received from MPI")

// Per step, function ("all": all of them) and measure: statistics over the ranks.
#define EPMT_MPI_IMBALANCE_COLUMNS(X) \
    X(step, KEY, TEXT, "-", NONE, "launcher's environment", "launcher's key of the MPI world") \
    X(function, KEY, TEXT, "-", NONE, "mpi_functions", "MPI function, or all") \
    X(measure, KEY, TEXT, "-", NONE, "mpi_functions", "what the numbers are of: calls, time (ns), bytes_out or bytes_in (B)") \
    X(ranks, VALUE, UINT, "count", MAX, "counted in the reduction", "ranks in these statistics; one that did not call counts as 0") \
    X(min, VALUE, UINT, "as measure", NONE, "reduction over the ranks", "least value of a rank") \
    X(max, VALUE, UINT, "as measure", NONE, "reduction over the ranks", "greatest value of a rank") \
    X(mean, VALUE, REAL, "as measure", NONE, "reduction over the ranks", "mean over the ranks") \
    X(m2, WIRE, REAL, "measure squared", NONE, "reduction over the ranks", "sum of squared distances from the mean") \
    X(stddev, VALUE, REAL, "as measure", NONE, "reduction over the ranks", "standard deviation over the ranks (of the population)") \
    X(min_rank, VALUE, INT, "-", NONE, "reduction over the ranks", "rank with the least value, the lowest of several") \
    X(max_rank, VALUE, INT, "-", NONE, "reduction over the ranks", "rank with the greatest value, the lowest of several")

// Per process image and rank it sent to.
#define EPMT_MPI_MESSAGE_COLUMNS(X) \
    X(image, KEY, UINT, "-", NONE, "the process's row", "key of the sender's process image") \
    X(peer, KEY, INT, "-", NONE, "MPI_Group_translate_ranks", "receiver's rank in the world; missing where it is in another world") \
    X(messages, VALUE, UINT, "count", MAX, "the wrapper", "messages sent point to point") \
    X(bytes, VALUE, UINT, "B", MAX, "counts and datatype sizes", "bytes sent")

// Per process image, function and stack it was called from.
#define EPMT_MPI_CALLSITE_COLUMNS(X) \
    X(image, KEY, UINT, "-", NONE, "the process's row", "key of the process image") \
    X(function, KEY, TEXT, "-", NONE, "the wrapper", "MPI function") \
    X(stack, KEY, LIST, "-", NONE, "libunwind", "callers, innermost first: module+offset") \
    X(names, VALUE, LIST, "-", NONE, "symbol tables of the modules", "of each caller the function+offset; empty where unknown. Made by epmt") \
    X(calls, VALUE, UINT, "count", MAX, "the wrapper", "calls from there") \
    X(time, VALUE, UINT, "ns", MAX, "monotonic clock", "time in these calls") \
    X(bytes_out, VALUE, UINT, "B", MAX, "counts and datatype sizes", "bytes handed to MPI there") \
    X(bytes_in, VALUE, UINT, "B", MAX, "counts, datatype sizes, statuses", "bytes received from MPI there")

// Per process image, function and range of sizes.
#define EPMT_MPI_SIZE_COLUMNS(X) \
    X(image, KEY, UINT, "-", NONE, "the process's row", "key of the process image") \
    X(function, KEY, TEXT, "-", NONE, "the wrapper", "MPI function") \
    X(bucket, KEY, UINT, "B", NONE, "counts and datatype sizes", "largest size of the range, a power of two; 0: empty messages") \
    X(calls, VALUE, UINT, "count", MAX, "the wrapper", "calls with a size above half the bucket, up to it") \
    X(bytes, VALUE, UINT, "B", MAX, "counts and datatype sizes", "bytes of these calls")

// What is known about the MPI library of a step, or of one process.
#define EPMT_MPI_VARIABLE_COLUMNS(X) \
    X(step, KEY, TEXT, "-", NONE, "launcher's environment", "launcher's key of the MPI world") \
    X(image, KEY, UINT, "-", NONE, "the process's row", "key of the process image; missing: the same on all ranks, of rank 0") \
    X(kind, KEY, TEXT, "-", NONE, "the library", "control, performance, environment, count or fact") \
    X(name, KEY, TEXT, "-", NONE, "MPI_T, environment", "name of the variable") \
    X(value, VALUE, TEXT, "-", NONE, "MPI_T, environment", "its value at MPI_Finalize")

// X(LIST, kind, name, path, title). The name is the table's in the database, the path in the job
// file.
#define EPMT_MPI_TABLES(X) \
    X(EPMT_MPI_FUNCTION_COLUMNS, MPI_FUNCTION, mpi_functions, "/mpi/functions", "what each process spent in each MPI function it called") \
    X(EPMT_MPI_IMBALANCE_COLUMNS, MPI_IMBALANCE, mpi_imbalance, "/mpi/imbalance", "each MPI function over the ranks of each step") \
    X(EPMT_MPI_MESSAGE_COLUMNS, MPI_MESSAGE, mpi_messages, "/mpi/messages", "who sent to whom (setting mpi_messages)") \
    X(EPMT_MPI_CALLSITE_COLUMNS, MPI_CALLSITE, mpi_callsites, "/mpi/callsites", "from where MPI was called (setting mpi_callsites)") \
    X(EPMT_MPI_SIZE_COLUMNS, MPI_SIZE, mpi_sizes, "/mpi/sizes", "sizes of the messages (setting mpi_sizes)") \
    X(EPMT_MPI_VARIABLE_COLUMNS, MPI_VARIABLE, mpi_variables, "/mpi/variables", "facts about the MPI library (setting mpi_tvars)")
// clang-format on

// Index of each column: EPMT_MPI_FUNCTION_COL_calls, ...
#define EPMT_MPI_FUNCTION_ENUM(name, ...) EPMT_MPI_FUNCTION_COL_##name,
enum { EPMT_MPI_FUNCTION_COLUMNS(EPMT_MPI_FUNCTION_ENUM) EPMT_MPI_FUNCTION_COL_COUNT };
#define EPMT_MPI_IMBALANCE_ENUM(name, ...) EPMT_MPI_IMBALANCE_COL_##name,
enum { EPMT_MPI_IMBALANCE_COLUMNS(EPMT_MPI_IMBALANCE_ENUM) EPMT_MPI_IMBALANCE_COL_COUNT };
#define EPMT_MPI_MESSAGE_ENUM(name, ...) EPMT_MPI_MESSAGE_COL_##name,
enum { EPMT_MPI_MESSAGE_COLUMNS(EPMT_MPI_MESSAGE_ENUM) EPMT_MPI_MESSAGE_COL_COUNT };
#define EPMT_MPI_CALLSITE_ENUM(name, ...) EPMT_MPI_CALLSITE_COL_##name,
enum { EPMT_MPI_CALLSITE_COLUMNS(EPMT_MPI_CALLSITE_ENUM) EPMT_MPI_CALLSITE_COL_COUNT };
#define EPMT_MPI_SIZE_ENUM(name, ...) EPMT_MPI_SIZE_COL_##name,
enum { EPMT_MPI_SIZE_COLUMNS(EPMT_MPI_SIZE_ENUM) EPMT_MPI_SIZE_COL_COUNT };
#define EPMT_MPI_VARIABLE_ENUM(name, ...) EPMT_MPI_VARIABLE_COL_##name,
enum { EPMT_MPI_VARIABLE_COLUMNS(EPMT_MPI_VARIABLE_ENUM) EPMT_MPI_VARIABLE_COL_COUNT };

#endif
