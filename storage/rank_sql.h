// SPDX-License-Identifier: Apache-2.0
// What a rank does for itself, as SQL about a process p: the views, and every analysis, have it
// from here (jobsum.c computes the same).
#ifndef EPMT_STORAGE_RANK_SQL_H
#define EPMT_STORAGE_RANK_SQL_H

// Its time outside MPI, us; 0 where several threads were in MPI at the same time. NULL where MPI
// was not profiled.
#define EPMT_SQL_OUTSIDE_MPI                                            \
    "(CASE WHEN p.\"mpitime\" / 1000 > p.\"end\" - p.\"start\" THEN 0 " \
    "ELSE p.\"end\" - p.\"start\" - p.\"mpitime\" / 1000 END)"

// The same, or its CPU time where MPI was not profiled.
#define EPMT_SQL_BUSY_OR(cpu)                                                \
    "(CASE WHEN p.\"mpitime\" IS NULL OR p.\"end\" <= p.\"start\" THEN " cpu \
    " ELSE " EPMT_SQL_OUTSIDE_MPI " END)"

#endif
