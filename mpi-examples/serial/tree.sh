#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A job that is a tree of small processes: commands one after another, a pipe, a subshell and a
# background process that is waited for.
set -eu

dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT

sleep 0.2 &
background=$!

seq 1 1000 >"$dir/numbers"
largest=$(sort -n "$dir/numbers" | tail -n 1)
(
    cd "$dir"
    cp numbers copy
    cmp numbers copy
)
wait "$background"

echo "largest number: $largest"
test "$largest" = 1000
