#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A program without MPI finds the MPI functions of the preload: Initialized and Finalized say no,
# the others fail, nothing is recorded of MPI.
. "$(dirname "$0")/../lib.sh"

program=$EPMT_BUILD/tests/component/no_mpi
equal "without the preload there is no MPI" "no MPI" "$("$program")"
export EPMT_JOB_ID=none
line="0 0, 0 0, error 9, error, error"
equal "with it there is one that nobody has started" "$line
$line
$line" "$(preload "$program")"
check "submit" epmt submit "$EPMT_OUTPUT_PREFIX"
equal "no rank, no calls of MPI" "1|0|0|0" "$(sql "select count(*), count(mpirank), count(mpicalls),
    (select count(*) from mpi_functions) from processes where exename = 'no_mpi'")"
finish
