#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One room per file: sources of at most 500 lines, headers of at most 150. Tables are exempt.
. "$(dirname "$0")/../lib.sh"

tables="metadata/metrics.h pmpi/functions.h"

too_long() { # FILE...
    local file lines limit
    for file in "$@"; do
        case " $tables " in *" $file "*) continue ;; esac
        case $file in
        *.h) limit=150 ;;
        *) limit=500 ;;
        esac
        lines=$(wc -l <"$file")
        [ "$lines" -le $limit ] || echo "$file: $lines lines, the limit is $limit"
    done
}

cd "$EPMT_SOURCE" || exit 1
mapfile -t files < <(source_files c h sh)
check "there are sources to look at" test "${#files[@]}" -ge 10
equal "file sizes" "" "$(too_long "${files[@]}")"
for file in $tables; do
    check "the table $file exists" test -f "$file"
done

# Can it fail?
cd "$TEST_DIR" || exit 1
yes '' | head -n 151 >long.h
yes '' | head -n 501 >long.c
yes '' | head -n 500 >right.c
equal "long files are found" "2" "$(too_long long.h long.c right.c | wc -l)"
finish
