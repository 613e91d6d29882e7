#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every source begins with its licence (scripts behind their #! or shellcheck line), and none holds a note to
# come back later.
. "$(dirname "$0")/../lib.sh"

# Split, so that this file does not find itself.
words="TO""DO|FIX""ME|XX""X|HA""CK"

without_licence() { # FILE...
    local file first
    for file in "$@"; do
        first=$(head -n 1 "$file")
        case $first in
        '#!'* | '# shellcheck '*) first=$(sed -n 2p "$file") ;;
        esac
        case $first in
        *"SPDX-License-Identifier: Apache-2.0"*) ;;
        *) echo "$file" ;;
        esac
    done
}

with_words() { grep -nwE "$words" "$@" /dev/null; } # FILE...

cd "$EPMT_SOURCE" || exit 1
mapfile -t files < <(source_files c h sh py f f90 cmake map && source_files txt | grep CMakeLists &&
    echo .ci/run)
check "there are sources to look at" test "${#files[@]}" -ge 10
equal "licence line first" "" "$(without_licence "${files[@]}")"
equal "no notes to come back later" "" "$(with_words "${files[@]}")"

# Can it fail?
echo "// ${words%%|*}: later" >"$TEST_DIR/bad.c"
equal "a source without a licence is found" "$TEST_DIR/bad.c" "$(without_licence "$TEST_DIR/bad.c")"
contains "such a note is found" "bad.c:1" "$(with_words "$TEST_DIR/bad.c")"
finish
