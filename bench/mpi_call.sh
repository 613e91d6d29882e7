#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the profile of MPI adds to a call: instructions by callgrind, nanoseconds by the median of
# batches; bare, under the preload, and under it with the profile off.
# usage: bench/mpi_call.sh [BUILD_DIR [FAMILY]]
set -eu
build=$(cd "${1:-build}" && pwd)
family=${2:-openmpi}
calls=1000
cmake --build "$build" --target bench_mpi >/dev/null
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export EPMT_OUTPUT_PREFIX=$out/ EPMT_JOB_ID=bench USER=${USER:-$(id -un)}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
unset EPMT_DISABLE
program=$build/bench/mpi_call_$family
preload=LD_PRELOAD=$build/lib/libepmt.so

# The last of the numbers: a child of the process (the job writer) has its own.
instructions() { # KIND ENVIRONMENT...
    local kind=$1
    shift
    env "$@" valgrind --tool=callgrind --toggle-collect=batch --callgrind-out-file=/dev/null \
        "$program" "$kind" $calls 2>&1 | sed -n 's/.*Collected : \([0-9]*\).*/\1/p' |
        sort -n | tail -n 1 | awk -v n=$calls '{ printf "%.0f", $1 / n }'
}

nanoseconds() { # KIND ENVIRONMENT...
    local kind=$1
    shift
    env "$@" "$program" "$kind" 200000
}

printf '%-12s %10s %10s %10s   %10s %10s %10s\n' call instr added off ns added off
for kind in type_size iprobe allreduce sendrecv isend_irecv waitall; do
    numbers=()
    for what in instructions nanoseconds; do
        numbers+=("$($what $kind EPMT_NONE=1)" "$($what $kind "$preload")"
            "$($what $kind "$preload" EPMT_MPI_PROFILE=0)")
    done
    echo "$kind ${numbers[*]}" | awk '{ printf "%-12s %10d %10d %10d   %10.1f %10.1f %10.1f\n", $1,
        $2, $3 - $2, $4 - $2, $5, $6 - $5, $7 - $5 }'
done
