# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by a shell in a mount namespace of its own (test_faults.sh): arguments FAMILY PROGRAM.
# shellcheck disable=SC2154 # mpirun_<family> come from the build directory
PRELOAD=$EPMT_PREFIX/lib/libepmt.so
# shellcheck source=/dev/null
. "$EPMT_BUILD/tests/mpi.sh"
MPI_OPTIONS=()
MPI_TIMEOUT=120 mpi_run "$1" 2 "$2"
