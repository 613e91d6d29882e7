#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the profile of MPI adds to a call: instructions by callgrind, nanoseconds by the median of
# batches; bare, under the preload, and under it with the profile off, beside a wrapper that only looks
# at the clock twice (bench/null_wrapper.c). Then the latency of 8 bytes between two ranks, and
# threads that call at the same time. What is compared runs by turns.
# EPMT_BENCH_PEER is another profiler of that MPI to measure beside: what stands in its LD_PRELOAD. What it
# leaves in its directory is thrown away; mpiP takes its options from MPIP.
# usage: bench/mpi_call.sh [BUILD_DIR [FAMILY [TURNS]]]
set -eu
build=$(cd "${1:-build}" && pwd)
family=${2:-openmpi}
turns=${3:-5}
peer=${EPMT_BENCH_PEER:-}
calls=1000
cmake --build "$build" --target bench_mpi >/dev/null
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export EPMT_OUTPUT_PREFIX=$out/ EPMT_JOB_ID=bench USER=${USER:-$(id -un)}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
unset EPMT_DISABLE
program=$build/bench/mpi_call_$family
preload=LD_PRELOAD=$build/lib/libepmt.so
ways=(bare epmt off null ${peer:+peer})
named="(${ways[*]})"
cd "$out"

# The last of the numbers: a child of the process (the job writer) has its own.
instructions() { # KIND ENVIRONMENT...
    local kind=$1
    shift
    env "$@" valgrind --tool=callgrind --toggle-collect=batch --callgrind-out-file=/dev/null \
        "$program" "$kind" $calls 2>&1 | sed -n 's/.*Collected : \([0-9]*\).*/\1/p' |
        sort -n | tail -n 1 | awk -v n=$calls '{ printf "%.0f", $1 / n }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }

numbers() { grep -E '^[0-9. ]+$'; } # without what a peer says of itself

# Of each way the median over the turns, in one line.
by_turns() { # COMMAND...
    local way
    rm -f "$out"/way.*
    for _ in $(seq "$turns"); do
        for way in "${ways[@]}"; do
            case $way in
            bare) env "$@" ;;
            epmt) env "$preload" "$@" ;;
            off) env "$preload" EPMT_MPI_PROFILE=0 "$@" ;;
            null) env "LD_PRELOAD=$build/bench/null_wrapper_$family.so" "$@" ;;
            peer) env "LD_PRELOAD=$peer" "$@" ;;
            esac 2>/dev/null | numbers >>"$out/way.$way"
        done
    done
    for way in "${ways[@]}"; do
        median <"$out/way.$way"
    done | paste -sd' '
}

# After the bare numbers what each way adds to them.
row() { # NAME INSTRUCTIONS... NANOSECONDS...
    local name=$1
    shift
    echo "$name $*" | awk -v n=$((${#ways[@]} - 1)) '{ printf "%-12s %10d", $1, $2
        for (i = 3; i < 2 + n; i++) printf " %10d", $i - $2
        printf "   %10.1f", $(2 + n)
        for (i = 3 + n; i <= NF; i++) printf " %10.1f", $i - $(2 + n)
        print "" }'
}

printf '%-12s %10s %10s %10s'"${peer:+ %10s}   %10s %10s %10s %10s${peer:+ %10s}\n" call instr \
    added off ${peer:+peer} ns added off null ${peer:+peer}
for kind in type_size iprobe allreduce sendrecv isend_irecv waitall; do
    counts=("$(instructions $kind EPMT_NONE=1)" "$(instructions $kind "$preload")"
        "$(instructions $kind "$preload" EPMT_MPI_PROFILE=0)")
    [ -z "$peer" ] || counts+=("$(instructions $kind "LD_PRELOAD=$peer")")
    row $kind "${counts[@]}" "$(by_turns "$program" $kind 200000)"
done

# shellcheck source=/dev/null
. "$build/tests/mpi.sh"
run=mpirun_$family
two=("${!run}" -n 2)
[ "$family" = openmpi ] && two+=(--oversubscribe --bind-to none)
echo
echo "8 bytes between two ranks, us: $(by_turns "${two[@]}" "$build/bench/mpi_pingpong_$family" 20000) $named"
for kind in type_size isend_irecv; do
    for threads in 1 8; do
        echo "$kind, $threads threads, CPU ns: $(by_turns "$build/bench/mpi_threads_$family" $kind \
            $threads 100000) $named"
    done
done
