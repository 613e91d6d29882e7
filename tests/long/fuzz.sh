#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The fuzz targets for as long as one likes, each round with other random numbers; and by libFuzzer,
# guided by coverage, where clang has it. What makes a target fail is left as a file.
# usage: tests/long/fuzz.sh [BUILD_DIR [SECONDS]]
set -u
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$source/build}" && pwd)
seconds=${2:-600}
out=${EPMT_FUZZ_OUT:-$build/fuzz}
mkdir -p "$out"
targets=(fragment list jobfile archive tags)
for target in "${targets[@]}"; do
    cmake --build "$build" --target "fuzz_$target" >/dev/null || exit 1
done
failed=0
export ASAN_OPTIONS=detect_leaks=0 # libhdf5 loses memory over damaged files
round=$(date +%s)
until=$((round + seconds / 2))
while [ "$(date +%s)" -lt $until ]; do
    round=$((round + 1))
    for target in "${targets[@]}"; do
        count=2000
        [ "$target" = jobfile ] && count=200 # each is read by a process of its own
        if ! timeout -s KILL 600 "$build/tests/fuzz/fuzz_$target" -n $count -r $round \
            -o "$out/last.$target" >"$out/said.$target" 2>&1 && ! grep -q ' inputs, ' "$out/said.$target"; then
            cp "$out/last.$target" "$out/crash.$target.$round"
            echo "fuzz_$target -r $round: see $out/crash.$target.$round"
            tail -n 20 "$out/said.$target"
            failed=1
        fi
    done
done

# libFuzzer: a build of its own, by clang.
if command -v clang >/dev/null; then
    if ! { cmake -S "$source" -B "$out/build" -DCMAKE_C_COMPILER=clang -DEPMT_LIBFUZZER=ON \
        -DEPMT_SANITIZE=ON -DEPMT_EXAMPLES=OFF &&
        cmake --build "$out/build" --target "${targets[@]/#/fuzz_}"; } \
        >"$out/cmake.log" 2>&1; then
        tail "$out/cmake.log"
        exit 1
    fi
    for target in "${targets[@]}"; do
        mkdir -p "$out/corpus.$target"
        "$build/tests/fuzz/fuzz_$target" -s "$out/corpus.$target" >/dev/null
        "$out/build/tests/fuzz/fuzz_$target" -max_total_time=$((seconds / 6)) -max_len=200000 \
            -detect_leaks=0 -rss_limit_mb=4096 -timeout=60 -artifact_prefix="$out/libfuzzer.$target." -print_final_stats=1 \
            "$out/corpus.$target" >"$out/libfuzzer.$target.log" 2>&1 || {
            echo "libFuzzer on $target: see $out/libfuzzer.$target.log"
            failed=1
        }
        grep -E 'number_of_executed_units' "$out/libfuzzer.$target.log" | sed "s/^/$target: /"
    done
fi
exit $failed
