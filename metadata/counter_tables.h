// SPDX-License-Identifier: Apache-2.0
// The dictionary of the table of counters, in the form of metadata/mpi_tables.h. docs/counters.md
// explains it.
#ifndef EPMT_METADATA_COUNTER_TABLES_H
#define EPMT_METADATA_COUNTER_TABLES_H

#include "metadata/mpi_tables.h"

// clang-format off
// Per thread and event that was asked for: its count, or why there is none.
#define EPMT_COUNTER_COLUMNS(X) \
    X(image, KEY, UINT, "-", NONE, "the process's row", "key of the process image") \
    X(tid, KEY, INT, "-", NONE, "gettid(2)", "the thread") \
    X(start, KEY, INT, "us since epoch", NONE, "clock_gettime(2)", "its start, as in its row of the threads") \
    X(event, KEY, TEXT, "-", NONE, "setting events", "name of the event, as it was asked for") \
    X(value, VALUE, UINT, "as unit", MAX, "perf_event_open(2), PAPI", "its count in this thread; missing where it could not be counted") \
    X(enabled, VALUE, UINT, "ns", MAX, "perf_event_open(2), PAPI", "time for which the count stands") \
    X(running, VALUE, UINT, "ns", MAX, "perf_event_open(2)", "of that, time on a counter of the CPU") \
    X(scaled, VALUE, UINT, "-", MAX, "the library", "1: the CPU's counters were shared; value is the count times enabled / running") \
    X(excluded, VALUE, TEXT, "-", NONE, "perf_event_paranoid", "what is not in the value: kernel, user; missing: nothing") \
    X(unit, VALUE, TEXT, "-", NONE, "libpfm4, PAPI", "count, ns, or what PAPI says") \
    X(source, VALUE, TEXT, "-", NONE, "the library", "perf or papi") \
    X(reason, VALUE, TEXT, "-", NONE, "the library", "why the value is missing, and what to do")

// All tables beside processes and threads: X(LIST, kind, name, path, title). The name is the
// table's in the database, the path in the job file.
#define EPMT_FURTHER_TABLES(X) \
    EPMT_MPI_TABLES(X) \
    X(EPMT_COUNTER_COLUMNS, COUNTER, counters, "/counters", "counts of events by thread (setting events)")
// clang-format on

// Index of each column: EPMT_COUNTER_COL_value, ...
#define EPMT_COUNTER_ENUM(name, ...) EPMT_COUNTER_COL_##name,
enum { EPMT_COUNTER_COLUMNS(EPMT_COUNTER_ENUM) EPMT_COUNTER_COL_COUNT };

#endif
