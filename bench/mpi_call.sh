#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the profile of MPI adds to a call: instructions by callgrind, nanoseconds by the median of
# batches; bare, under the preload, under it with the profile off, and under other tools' preloads
# that the environment names (TOOL_<name>=/path/to/its/preload.so, % stands for the family). All ways
# by turns; medians of the turns.
# usage: [TOOL_mpip=...] bench/mpi_call.sh [BUILD_DIR [FAMILY [TURNS]]]
set -eu
build=$(cd "${1:-build}" && pwd)
family=${2:-openmpi}
turns=${3:-3}
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

median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }

ways=("bare EPMT_NONE=1" "epmt $preload" "off $preload EPMT_MPI_PROFILE=0")
for name in $(compgen -e | grep '^TOOL_' || true); do
    ways+=("${name#TOOL_} LD_PRELOAD=${!name//%/$family}")
done

printf '%-12s %-8s %10s %10s %10s %10s\n' call tool instr added ns added
for kind in type_size iprobe allreduce sendrecv isend_irecv waitall; do
    rm -f "$out"/ns.*
    for _ in $(seq "$turns"); do
        for way in "${ways[@]}"; do
            read -r name environment <<<"$way"
            # shellcheck disable=SC2086
            (cd "$out" && nanoseconds $kind $environment) | grep -E '^[0-9.]+$' >>"$out/ns.$name"
        done
    done
    for way in "${ways[@]}"; do
        read -r name environment <<<"$way"
        # shellcheck disable=SC2086
        instr=$(cd "$out" && instructions $kind $environment)
        ns=$(median <"$out/ns.$name")
        [ "$name" = bare ] && bare_instr=$instr bare_ns=$ns
        echo "$kind $name $instr $bare_instr $ns $bare_ns" | awk '{
            printf "%-12s %-8s %10d %10d %10.1f %10.1f\n", $1, $2, $3, $3 - $4, $5, $5 - $6 }'
    done
done
