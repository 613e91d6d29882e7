#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the profile of MPI adds to a call: instructions by callgrind, nanoseconds by the median of
# batches; bare, under the preload, and under it with the profile off, beside a wrapper that only looks
# at the clock twice (bench/null_wrapper.c). Then the latency of 8 bytes between two ranks, and
# threads that call at the same time. What is compared runs by turns.
# usage: bench/mpi_call.sh [BUILD_DIR [FAMILY [TURNS]]]
set -eu
build=$(cd "${1:-build}" && pwd)
family=${2:-openmpi}
turns=${3:-5}
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

median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }

# Of each way the median over the turns, in one line.
by_turns() { # COMMAND...
    local way
    rm -f "$out"/way.*
    for _ in $(seq "$turns"); do
        for way in bare epmt off null; do
            case $way in
            bare) env "$@" ;;
            epmt) env "$preload" "$@" ;;
            off) env "$preload" EPMT_MPI_PROFILE=0 "$@" ;;
            null) env "LD_PRELOAD=$build/bench/null_wrapper_$family.so" "$@" ;;
            esac >>"$out/way.$way" 2>/dev/null
        done
    done
    for way in bare epmt off null; do
        median <"$out/way.$way"
    done | paste -sd' '
}

printf '%-12s %10s %10s %10s   %10s %10s %10s %10s\n' call instr added off ns added off null
for kind in type_size iprobe allreduce sendrecv isend_irecv waitall; do
    numbers=("$(instructions $kind EPMT_NONE=1)" "$(instructions $kind "$preload")"
        "$(instructions $kind "$preload" EPMT_MPI_PROFILE=0)"
        "$(by_turns "$program" $kind 200000)")
    echo "$kind ${numbers[*]}" | awk '{ printf "%-12s %10d %10d %10d   %10.1f %10.1f %10.1f %10.1f\n",
        $1, $2, $3 - $2, $4 - $2, $5, $6 - $5, $7 - $5, $8 - $5 }'
done

# shellcheck source=/dev/null
. "$build/tests/mpi.sh"
run=mpirun_$family
two=("${!run}" -n 2)
[ "$family" = openmpi ] && two+=(--oversubscribe --bind-to none)
echo
echo "8 bytes between two ranks, us: $(by_turns "${two[@]}" "$build/bench/mpi_pingpong_$family" 20000) (bare, epmt, off, null)"
for kind in type_size isend_irecv; do
    for threads in 1 8; do
        echo "$kind, $threads threads, CPU ns: $(by_turns "$build/bench/mpi_threads_$family" $kind \
            $threads 100000) (bare, epmt, off, null)"
    done
done
