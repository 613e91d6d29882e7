#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the preload costs a process, a fork and a thread, beside no preload and a floor: the reads and
# appends that no collector can do without; alternated in one run, medians. Machines are noisy: look
# at the ratios, and at the CPU time where the machine has other work.
# EPMT_BENCH_PEER is another collector to measure beside: what stands in its LD_PRELOAD. It alone
# finds PAPIEX_OPTIONS, and where to write in PAPIEX_OUTPUT: epmt would take both for its own.
# usage: bench/run.sh [BUILD_DIR [RUNS]]
set -eu
build=$(cd "${1:-build}" && pwd)
runs=${2:-500}
threads=${EPMT_BENCH_THREADS:-20000}
many=100000
forks=500
peer=${EPMT_BENCH_PEER:-}
cmake --build "$build" --target bench >/dev/null
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mkdir "$out/peer"
export EPMT_OUTPUT_PREFIX=$out/ EPMT_JOB_ID=bench USER=${USER:-$(id -un)}
options=${PAPIEX_OPTIONS:-COLLATED_TSV}
unset EPMT_DISABLE EPMT_EVENTS PAPIEX_OPTIONS PAPIEX_OUTPUT
# Copies, as an installation has them: what the linker writes piece by piece is in memory in pieces,
# and dearer to map.
cp "$build"/bench/{empty_preload,floor_process,floor_records}.so "$build/lib/libepmt.so" "$out"
epmt=LD_PRELOAD=$out/libepmt.so
FLOOR_FILE=$out/floor "$build/bench/process" "$runs" none= \
    "empty preload=$out/empty_preload.so" \
    "floor=$out/floor_process.so" "two records=$out/floor_records.so" \
    "epmt=$out/libepmt.so" \
    ${peer:+"peer=$peer,PAPIEX_OUTPUT=$out/peer/,PAPIEX_OPTIONS=$options"} |
    tee "$out/process"
awk '$1 == "floor" { floor = $3; cpu = $4 }
    $1 == "two" { records = $4; records_cpu = $5 }
    $1 == "epmt" || $1 == "peer" {
        printf "%s / floor: %.2f, in CPU time %.2f; / floor with an identity record too: %.2f, %.2f\n",
            $1, $3 / floor, $4 / cpu, $3 / records, $4 / records_cpu }' "$out/process"

ways=(none floor epmt ${peer:+peer})

# Runs a program by turns in all ways; medians of its first two numbers.
by_turns() { # TITLE TURNS FLOOR COMMAND...
    local title=$1 turns=$2 floor=$3 name turn
    shift 3
    rm -f "$out"/turn.*
    for turn in $(seq "$turns"); do
        "$@" >>"$out/turn.none"
        env "$floor" "$@" >>"$out/turn.floor"
        env "$epmt" EPMT_JOB_ID="$title$turn" "$@" >>"$out/turn.epmt"
        [ -z "$peer" ] ||
            env LD_PRELOAD="$peer" PAPIEX_OUTPUT="$out/peer/" PAPIEX_OPTIONS="$options" "$@" >>"$out/turn.peer"
    done
    printf '\n%-24s %10s %10s %10s %8s %8s\n' "$title" "median us" "added us" "added CPU" \
        "/ floor" "in CPU"
    for name in "${ways[@]}"; do
        echo "$name $(sort -n "$out/turn.$name" | sed -n "$((turns / 2 + 1))p")" \
            "$(sort -n -k 2 "$out/turn.$name" | sed -n "$((turns / 2 + 1))p" | cut -d ' ' -f 2)"
    done | awk '{ cpu = $NF; us[$1] = $2 - us["none"]; on[$1] = cpu - on["none"]
        added = $1 == "none" ? 0 : us[$1]; busy = $1 == "none" ? 0 : on[$1]
        printf "%-24s %10.1f %10.1f %10.1f", $1, $2, added, busy
        if ($1 != "none" && $1 != "floor")
            printf " %8.2f %8.2f", us[$1] / us["floor"], on[$1] / on["floor"]
        print "" }'
}

by_turns "fork + wait" 9 FLOOR_FILE="$out/floor" "$build/bench/fork" $forks
by_turns "thread create + join" 5 FLOOR=1 "$build/bench/thread" "$threads"

read -r _ _ kept_none <<<"$("$build/bench/thread" $many)"
read -r _ _ kept <<<"$(env "$epmt" EPMT_JOB_ID=kept "$build/bench/thread" $many)"
[ -x "$build/bin/epmt" ] || cmake --build "$build" --target epmt >/dev/null
export EPMT_DB_URL=sqlite:///$out/bench.db
"$build/bin/epmt" submit "$EPMT_OUTPUT_PREFIX" >/dev/null
printf '\n%s threads: %s B kept per ended thread (bare: %s), rows: %s, lost: %s\n' $many \
    $((kept * 1024 / many)) $((kept_none * 1024 / many)) \
    "$(sqlite3 "$out/bench.db" "select count(*) from threads join processes on processes.id = process_id
        join jobs on jobs.id = job_id where jobid = 'kept'")" \
    "$(sqlite3 "$out/bench.db" "select coalesce(threads_lost, 0) from processes join jobs
        on jobs.id = job_id where jobid = 'kept'")"

# Counted, not measured: the same on every machine.
if command -v strace >/dev/null; then
    count() { strace -f -o "$out/calls" "$@" && wc -l <"$out/calls"; }
    bare=$(count /bin/true)
    env "$epmt" /bin/true
    printf 'system calls added to a process: %s\n' $(($(count -E "$epmt" /bin/true) - bare))
fi
# The shell looks at itself. Pages of the library's file are in memory once for all; how many of them the
# kernel shows each process is as it has read the file (in pieces of 64 KiB and more).
memory() { env "$2" sh -c 'while read -r name value _; do
    [ "$name" = "$0:" ] && echo "$value"; done </proc/$$/smaps_rollup' "$1"; } # NAME VARIABLE
median() { for _ in 1 2 3 4 5 6 7 8 9; do memory "$@"; done | sort -n | sed -n 5p; }
added() { echo $(($(median "$1" "$epmt") - $(median "$1" NONE=))); }
printf 'memory added to a process: %s KiB of its own, %s KiB resident with shared pages of files\n' \
    "$(added Anonymous)" "$(added Rss)"
