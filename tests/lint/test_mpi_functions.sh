#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever an MPI exports as MPI_X is either wrapped or on the list of what is not, with the reason;
# the table's rows fit together.
. "$(dirname "$0")/../lib.sh"

list=$EPMT_SOURCE/tests/lint/mpi_not_wrapped.txt

# Rows of the table, as the compiler sees them: name, number of arguments, roles.
table() {
    cat >"$TEST_DIR/rows.c" <<'C'
#include "pmpi/functions.h"
#define ROW(name, count, class, kind, roles) @ name count class kind roles
EPMT_MPI_WRAPPED(ROW)
C
    "${CC:-cc}" -E -P -I "$EPMT_SOURCE" "$TEST_DIR/rows.c" | tr '@' '\n' |
        awk 'NF == 5 && $2 ~ /^[0-9]+$/ { print $1, $2, $3, $4, $5 }'
}

# The library behind an example of that family.
library() { ldd "$(examples "$1")/hello" | awk '$1 ~ /^libmpi(ch)?\.so/ { print $3 }'; } # FAMILY

functions() { # LIBRARY
    nm -D --defined-only "$1" | awk '$2 ~ /^[TW]$/ && $3 ~ /^P?MPI_/ { sub(/^P/, "", $3); print $3 }' |
        sort -u
}

listed() { # names on standard input that stand in the list
    sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$list" >"$TEST_DIR/patterns"
    while read -r name; do
        while read -r pattern; do
            # shellcheck disable=SC2254
            case $name in
            $pattern) echo "$name" && break ;;
            esac
        done <"$TEST_DIR/patterns"
    done
}

table >"$TEST_DIR/table"
sed 's/^\([^ ]*\) .*/MPI_\1/' "$TEST_DIR/table" | sort >"$TEST_DIR/wrapped"
check "the table has its rows" test "$(wc -l <"$TEST_DIR/table")" -gt 500
equal "as many roles as arguments" "" \
    "$(awk '{ gsub(/"/, "", $5); if (length($5) != $2) print }' "$TEST_DIR/table")"
equal "none is wrapped and on the list of those that are not" "" "$(listed <"$TEST_DIR/wrapped")"
for family in $(families); do
    functions "$(library "$family")" >"$TEST_DIR/exported"
    check "$family exports MPI functions" test "$(wc -l <"$TEST_DIR/exported")" -gt 300
    comm -23 "$TEST_DIR/exported" "$TEST_DIR/wrapped" >"$TEST_DIR/rest"
    listed <"$TEST_DIR/rest" | sort >"$TEST_DIR/known"
    equal "$family: neither wrapped nor on the list" "" \
        "$(comm -23 "$TEST_DIR/rest" "$TEST_DIR/known")"
done

# Can it fail?
echo 'int MPI_Sent(void); int MPI_Sent(void) { return 0; }' >"$TEST_DIR/stray.c"
"${CC:-cc}" -shared -fPIC -o "$TEST_DIR/stray.so" "$TEST_DIR/stray.c"
equal "a function that is in no list is found" MPI_Sent \
    "$(functions "$TEST_DIR/stray.so" | comm -23 - "$TEST_DIR/wrapped" | grep -vxFf <(
        functions "$TEST_DIR/stray.so" | listed
    ))"
finish
