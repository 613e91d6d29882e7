#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the preload costs a process, a fork and a thread, beside no preload and a floor: the reads and
# appends that no collector can do without; alternated in one run, medians. Machines are noisy: look
# at the ratios.
# usage: bench/run.sh [BUILD_DIR [RUNS]]
set -eu
build=$(cd "${1:-build}" && pwd)
runs=${2:-500}
threads=20000
many=100000
forks=500
cmake --build "$build" --target bench >/dev/null
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export EPMT_OUTPUT_PREFIX=$out/ EPMT_JOB_ID=bench USER=${USER:-$(id -un)}
unset EPMT_DISABLE
epmt=LD_PRELOAD=$build/lib/libepmt.so
FLOOR_FILE=$out/floor "$build/bench/process" "$runs" none= \
    "empty preload=$build/bench/empty_preload.so" \
    "floor=$build/bench/floor_process.so" "epmt=$build/lib/libepmt.so"

# Runs a program by turns in the three ways; medians of its first number.
by_turns() { # TITLE TURNS FLOOR COMMAND...
    local title=$1 turns=$2 floor=$3 name turn
    shift 3
    rm -f "$out"/turn.*
    for turn in $(seq "$turns"); do
        "$@" >>"$out/turn.none"
        env "$floor" "$@" >>"$out/turn.floor"
        env "$epmt" EPMT_JOB_ID="$title$turn" "$@" >>"$out/turn.epmt"
    done
    printf '\n%-24s %10s %10s %8s\n' "$title" "median us" "added us" "/ floor"
    for name in none floor epmt; do
        echo "$name $(sort -n "$out/turn.$name" | sed -n "$((turns / 2 + 1))p")"
    done | awk '{ us[$1] = $2 + 0; added = $2 - us["none"]
        printf "%-24s %10.1f %10.1f %8s\n", $1, $2, added,
            $1 == "epmt" ? sprintf("%.2f", added / (us["floor"] - us["none"])) : "" }'
}

by_turns "fork + wait" 9 FLOOR_FILE="$out/floor" "$build/bench/fork" $forks
by_turns "thread create + join" 5 FLOOR=1 "$build/bench/thread" $threads

read -r _ kept_none <<<"$("$build/bench/thread" $many)"
read -r _ kept <<<"$(env "$epmt" EPMT_JOB_ID=kept "$build/bench/thread" $many)"
[ -x "$build/bin/epmt" ] || cmake --build "$build" --target epmt >/dev/null
export EPMT_DB_URL=sqlite:///$out/bench.db
"$build/bin/epmt" submit "$EPMT_OUTPUT_PREFIX" >/dev/null
printf '\n%s threads: %s B kept per ended thread (bare: %s), rows: %s, lost: %s\n' $many \
    $((kept * 1024 / many)) $((kept_none * 1024 / many)) \
    "$(sqlite3 "$out/bench.db" "select count(*) from threads join processes on processes.id = process_id
        join jobs on jobs.id = job_id where jobid = 'kept'")" \
    "$(sqlite3 "$out/bench.db" "select coalesce(threads_lost, 0) from processes join jobs
        on jobs.id = job_id where jobid = 'kept'")"
