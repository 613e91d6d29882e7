// SPDX-License-Identifier: Apache-2.0
// SQL that the views and the analyses have from here.
#ifndef EPMT_STORAGE_COMMON_SQL_H
#define EPMT_STORAGE_COMMON_SQL_H

// Sums of numbers that may be too many for the integers of SQLite, where an overflow of sum() is an
// error: as a real number, exact up to 2^53 there; or exact where it fits, else real, for what is
// shown as a whole number.
#define EPMT_SQL_SUM_REAL(number) "sum(" number " * 1.0)"
#define EPMT_SQL_SUM(number)                          \
    "(sum((" number ") / 1000000000) * 1000000000 + " \
    "sum((" number ") % 1000000000))"

// Of a process p that is a rank (jobsum.c computes the same): its time outside MPI, us; 0 where
// several threads were in MPI at the same time. NULL where MPI was not profiled.
#define EPMT_SQL_OUTSIDE_MPI                                            \
    "(CASE WHEN p.\"mpitime\" / 1000 > p.\"end\" - p.\"start\" THEN 0 " \
    "ELSE p.\"end\" - p.\"start\" - p.\"mpitime\" / 1000 END)"

// The same, or its CPU time where MPI was not profiled.
#define EPMT_SQL_BUSY_OR(cpu)                                                \
    "(CASE WHEN p.\"mpitime\" IS NULL OR p.\"end\" <= p.\"start\" THEN " cpu \
    " ELSE " EPMT_SQL_OUTSIDE_MPI " END)"

#endif
