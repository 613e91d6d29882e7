#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every row of docs/compatibility.md names the test that holds it: a test that there is, with such a
# check in it.
. "$(dirname "$0")/../lib.sh"

# Rows as lines `what it was|here|how|test`.
rows() { # FILE
    grep -E '^\| ' "$1" | grep -vE '^\| there ' | sed -e 's/\\|/!/g' -e 's/^| *//' -e 's/ *| */|/g' -e 's/|$//'
}

wrong_rows() { # FILE
    local what here how held name check script
    rows "$1" | while IFS='|' read -r what here how held; do
        case $here in
        same | better | otherwise | not) ;;
        *) echo "$what: neither same, better, otherwise nor not: $here" ;;
        esac
        case $here in
        same) ;;
        *) [ -n "$how" ] || echo "$what: does not say how, or why not" ;;
        esac
        name=${held%%: *} check=${held#*: }
        script=$EPMT_SOURCE/tests/${name%%_*}/test_${name#*_}.sh
        if [ ! -f "$script" ]; then
            echo "$what: there is no test $name"
        elif ! grep -qF -- "$check" "$script"; then
            echo "$what: $name checks nothing called: $check"
        fi
    done
}

file=$EPMT_SOURCE/docs/compatibility.md
check "there are rows to look at" test "$(rows "$file" | wc -l)" -ge 80
equal "rows without a test" "" "$(wrong_rows "$file")"

# Can it fail?
cat >"$TEST_DIR/bad.md" <<'M'
| there | here | how | test |
|---|---|---|---|
| a | same | | db_none: x |
| b | same | | db_session: no such check |
| c | perhaps | x | db_session: start |
| d | not | | db_session: start |
| e | same | | db_session: start |
M
equal "wrong rows are found" "a b c d" "$(wrong_rows "$TEST_DIR/bad.md" | cut -d : -f 1 | xargs)"
finish
