#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A small job file cut off at every byte, and with a bit flipped in every byte: a minute or two. (A
# sample of them is a test, fuzz_damage_jobfile.)
# usage: tests/long/damage.sh [BUILD_DIR]
set -u
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$source/build}" && pwd)
cmake --build "$build" --target damage_jobfile >/dev/null || exit 1
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
exec "$build/tests/fuzz/damage_jobfile" 1
