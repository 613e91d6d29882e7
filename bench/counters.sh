#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What counters add to a process and to a thread, with 1 and 4 events: directly, beside the floor of
# open + read + close of the same events, and through PAPI; by turns in one run, medians, in time and
# in CPU time (which a busy machine disturbs less). Each is the difference to the same collector
# without events (for the floor: to none); "all" to no preload.
# EPMT_BENCH_PEER is another collector to measure beside: what stands in its LD_PRELOAD. It takes
# events from PAPIEX_OPTIONS, and finds where to write in PAPIEX_OUTPUT.
# usage: bench/counters.sh [BUILD_DIR [TURNS]]
set -eu
build=$(cd "${1:-build}" && pwd)
turns=${2:-15}
threads=${EPMT_BENCH_THREADS:-500}
runs=${EPMT_BENCH_RUNS:-60}
peer=${EPMT_BENCH_PEER:-}
cmake --build "$build" --target bench_counters bench_process floor_counters libepmt >/dev/null
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mkdir "$out/peer"
export EPMT_OUTPUT_PREFIX=$out/ USER=${USER:-$(id -un)} PAPIEX_OUTPUT=$out/peer/
unset EPMT_DISABLE EPMT_EVENTS PAPIEX_OPTIONS EPMT_EVENTS_ENCODED
direct=(perf::TASK-CLOCK perf::CPU-CLOCK perf::MINOR-FAULTS perf::MAJOR-FAULTS)
mkdir -p "$out/lib/epmt" # copies, as an installation has them (bench/run.sh)
cp "$build/lib/libepmt.so" "$build/bench/floor_counters.so" "$out/lib"
cp "$build"/lib/epmt/*.so "$out/lib/epmt"
lib=$out/lib/libepmt.so
papi=$lib:$out/lib/epmt/libepmt-papi.so

list() { # NUMBER [PREFIX]: that many events
    local i names=()
    for ((i = 0; i < $1; i++)); do names+=("${2:-}${direct[i]}"); done
    (IFS=, && echo "${names[*]}")
}

# Each prints microseconds and, of them, microseconds of CPU.
thread() { env "$@" "$build/bench/counters" "$threads"; }
process() { # ASSIGNMENT... LIBRARY
    env "${@:1:$#-1}" "$build/bench/process" "$runs" none= "it=${*: -1}" |
        awk '$1 == "it" { print $3, $4 }'
}
median() { # FILE COLUMN
    sort -n -k "$2" "$1" | sed -n "$((turns / 2 + 1))p" | cut -d ' ' -f "$2"
}

turn=0
measure() { # thread|process EVENTS
    local n=$2 plain perf components
    perf=$(list "$n")
    components=$(list "$n" perf_event:::)
    rm -f "$out"/turn.*
    for turn in $(seq "$turns"); do
        export EPMT_JOB_ID=$1$n$turn
        if [ "$1" = thread ]; then
            thread A=1 >>"$out/turn.none"
            thread FLOOR_EVENTS="$n" >>"$out/turn.floor"
            thread LD_PRELOAD="$lib" >>"$out/turn.without"
            thread LD_PRELOAD="$lib" EPMT_EVENTS="$perf" >>"$out/turn.epmt"
            [ ! -e "${papi#*:}" ] ||
                thread LD_PRELOAD="$papi" EPMT_EVENTS="$components" >>"$out/turn.papi"
            [ -z "$peer" ] || thread LD_PRELOAD="$peer" PAPIEX_OPTIONS=COLLATED_TSV >>"$out/turn.peer0"
            [ -z "$peer" ] ||
                thread LD_PRELOAD="$peer" PAPIEX_OPTIONS="COLLATED_TSV,$perf" >>"$out/turn.peer"
        else
            process FLOOR_EVENTS=0 "$out/lib/floor_counters.so" >>"$out/turn.none"
            process FLOOR_EVENTS="$n" "$out/lib/floor_counters.so" >>"$out/turn.floor"
            process A=1 "$lib" >>"$out/turn.without"
            process EPMT_EVENTS="$perf" "$lib" >>"$out/turn.epmt"
            [ ! -e "${papi#*:}" ] || process EPMT_EVENTS="$components" "$papi" >>"$out/turn.papi"
            [ -z "$peer" ] || process PAPIEX_OPTIONS=COLLATED_TSV "$peer" >>"$out/turn.peer0"
            [ -z "$peer" ] || process PAPIEX_OPTIONS="COLLATED_TSV,$perf" "$peer" >>"$out/turn.peer"
        fi
    done
    for plain in "$out"/turn.*; do
        echo "${plain##*.} $(median "$plain" 1) $(median "$plain" 2)"
    done | awk -v what="$1, $n event(s)" '{ for (i = 2; i <= 3; i++) us[$1, i] = $i } END {
        for (i = 2; i <= 3; i++) {
            floor = us["floor", i] - us["none", i]
            directly = us["epmt", i] - us["without", i]
            printf "%-20s %-4s added us: floor %7.1f  directly %7.1f  / floor %5.2f", what,
                i == 2 ? "time" : "CPU", floor, directly, directly / floor
            if (("papi", i) in us) printf "  through PAPI %8.1f (all %8.1f)",
                us["papi", i] - us["without", i], us["papi", i] - us["none", i]
            if (("peer", i) in us) printf "  peer %8.1f (all %8.1f)",
                us["peer", i] - us["peer0", i], us["peer", i] - us["none", i]
            print ""
        } }'
}

for events in 1 4; do
    measure process "$events"
    measure thread "$events"
done
