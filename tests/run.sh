#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the missing packages, builds with warnings as errors and runs all tests. Fails where one
# fails, where one was skipped, and where none ran. BUILD_DIR is the build directory (default:
# build/), arguments go to ctest: tests/run.sh -L unit.
set -u

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
build=${BUILD_DIR:-$source_dir/build}
jobs=$(nproc)

. "$source_dir/tests/packages.sh"
install_packages "${packages_build[@]}" "${packages_test[@]}" ||
    echo "Going on with the tools that are here." >&2

cmake -S "$source_dir" -B "$build" -DEPMT_WERROR=ON -DEPMT_TESTS=ON -DEPMT_EXAMPLES=ON || exit 1
cmake --build "$build" -j "$jobs" || exit 1

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
ctest --test-dir "$build" -j "$jobs" --output-on-failure --no-tests=error "$@" </dev/null |
    tee "$log"
status=${PIPESTATUS[0]}

if ! grep -qE '^[0-9]+% tests passed, [0-9]+ tests? failed out of [1-9]' "$log"; then
    echo "tests/run.sh: no test ran" >&2
    exit 1
fi
if grep -q '^The following tests did not run:' "$log"; then
    echo "tests/run.sh: some tests were skipped" >&2
    exit 1
fi
exit "$status"
