#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a tool adds to MPI_Init and MPI_Finalize, and what it leaves behind: no tool, epmt, and those
# that the environment names (TOOL_<name>=/path/to/its/preload.so; % stands for openmpi or mpich), by
# turns; medians. Machines are noisy, and more ranks than cores make them noisier: look at many turns.
# usage: [TOOL_mpip=... TOOL_darshan=...] bench/mpi_life.sh [BUILD_DIR [TURNS [RANKS...]]]
set -eu
build=$(cd "${1:-build}" && pwd)
turns=${2:-5}
shift $(($# < 2 ? $# : 2))
ranks=("$@")
[ $# -gt 0 ] || ranks=(2 8 32 64)
source=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mpi_families=
# shellcheck source=/dev/null
. "$build/tests/mpi.sh"
[ -r "$build/stage/lib/libepmt.so" ] || {
    echo "nothing is installed in $build/stage: cmake --install $build --prefix $build/stage" >&2
    exit 1
}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
unset EPMT_DISABLE EPMT_JOB_ID

libraries=("none=" "epmt=$build/stage/lib/libepmt.so")
for name in $(compgen -e | grep '^TOOL_' || true); do
    libraries+=("${name#TOOL_}=${!name}")
done

run() { # FAMILY NP LIBRARY
    local run=mpirun_$1 options=()
    [ "$1" = openmpi ] && options=(--oversubscribe --bind-to none)
    case $1.$3 in
    *.) ;;
    openmpi.*) options+=(-x "LD_PRELOAD=$3" -x EPMT_OUTPUT_PREFIX) ;;
    mpich.*) options+=(-genv LD_PRELOAD "$3") ;;
    esac
    cd "$out/turn"
    timeout -s KILL 300 "${!run}" "${options[@]}" -n "$2" "$out/life-$1" \
        </dev/null 2>/dev/null | grep -E '^[0-9.]+ [0-9.]+$' || true
    cd "$out"
}

median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }

for family in $mpi_families; do
    compiler=mpirun_$family
    compiler=${!compiler/mpirun/mpicc}
    "$compiler" -O2 "$source/mpi_life.c" -o "$out/life-$family"
    printf '%-8s %6s %-10s %10s %10s %14s %14s %7s %10s\n' "MPI" ranks tool "Init ms" "added %" \
        "Finalize ms" "added ms" files "B / rank"
    for np in "${ranks[@]}"; do
        rm -f "$out"/turn.*
        for _ in $(seq "$turns"); do
            for entry in "${libraries[@]}"; do
                name=${entry%%=*} library=${entry#*=}
                rm -rf "$out/turn"
                mkdir "$out/turn"
                export EPMT_OUTPUT_PREFIX=$out/turn/out/
                run "$family" "$np" "${library//%/$family}" >>"$out/turn.$name"
                find "$out/turn" -type f -printf '%s\n' |
                    awk -v np="$np" '{ s += $1 } END { print NR, s / np }' >"$out/files.$name"
            done
        done
        for entry in "${libraries[@]}"; do
            name=${entry%%=*}
            init=$(cut -d' ' -f1 "$out/turn.$name" | median)
            finalize=$(cut -d' ' -f2 "$out/turn.$name" | median)
            read -r files bytes <"$out/files.$name"
            [ "$name" = none ] && bare_init=$init bare_finalize=$finalize
            awk -v f="$family" -v np="$np" -v t="$name" -v i="$init" -v bi="$bare_init" \
                -v fi="$finalize" -v bf="$bare_finalize" -v n="$files" -v b="$bytes" 'BEGIN {
                printf "%-8s %6d %-10s %10.1f %10.1f %14.1f %14.1f %7d %10.0f\n", f, np, t, i,
                    (i / bi - 1) * 100, fi, fi - bf, n, b }'
        done
    done
done
