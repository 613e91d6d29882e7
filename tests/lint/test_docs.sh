#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The documentation that comes from tables is what `epmt help markdown` prints today.
. "$(dirname "$0")/../lib.sh"

up_to_date() { # TOPIC FILE
    epmt help markdown "$1" >"$TEST_DIR/$1.md" && diff -u "$2" "$TEST_DIR/$1.md"
}

for topic in metrics settings commands errors schema; do
    file=$EPMT_SOURCE/docs/$topic.md
    case $topic in
    errors | schema) [ -f "$file" ] || continue ;; # may stand in another document
    esac
    check "docs/$topic.md (epmt help markdown $topic > docs/$topic.md)" up_to_date "$topic" "$file"

    # Can it fail?
    sed '$d' "$file" >"$TEST_DIR/shorter.md"
    fail_if "a missing line in docs/$topic.md is found" up_to_date "$topic" "$TEST_DIR/shorter.md"
done
fail_if "an unknown topic is refused" epmt help markdown no-such-topic
finish
