#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/analysis.md: its jobs are run, its commands find in them what the page says, and so does its
# Python; its links and pictures are there, and small.
# timeout: 900
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slow_jobs.sh
. "$EPMT_SOURCE/tests/slow_jobs.sh"

python=/usr/bin/python3 # the distribution's, which has its packages
export PYTHONDONTWRITEBYTECODE=1
page=$EPMT_SOURCE/docs/analysis.md
read -r family _ <<<"$(families)"
# Four ranks on two cores: which of them wait for a core is chance, and may look like another reason. Of
# five sets of jobs one is to be as the page has it.
found=1
for _ in 1 2 3 4 5; do
    rm -rf "$EPMT_OUTPUT_PREFIX" "$TEST_DB"
    slow_jobs "$family" >"$TEST_DIR/jobs" 2>&1 || break
    $python "$EPMT_SOURCE/tests/db/analysis_page.py" "$page" commands >"$TEST_DIR/said" 2>&1 && found=0 && break
done
check "the jobs" test -e "$TEST_DIR/said"
[ $found = 0 ] || sed 's/^/# /' "$TEST_DIR/said"
equal "the commands find what the page says" 0 $found
sed 's/^\* Rank 2 /* Rank 1 /' "$page" >"$TEST_DIR/wrong.md"
fail_if "another rank is not found" $python "$EPMT_SOURCE/tests/db/analysis_page.py" "$TEST_DIR/wrong.md" commands

eval "$(epmt notebook --print)"
said=$($python "$EPMT_SOURCE/tests/db/analysis_page.py" "$page" python)
contains "Python: the late rank" "2 is the rank that the others wait for" "$said"
# Two cores for four ranks: the last but one has hardly less.
check "Python: a rank with much work" grep -q '^[23] waits least in MPI_Allreduce' <<<"$said"
contains "Python: the rank that reads" "0 waits for" "$said"
contains "Python: crowded threads" "times as long waiting for a CPU as on one" "$said"

for job in late uneven input crowded; do
    check "a report of $job" epmt report "$job" -o "$TEST_DIR/$job.html"
done
links=$(grep -oE '\]\([^)#:]+' "$page" | cut -c 3-)
equal "what the page links to is there" "" "$(for link in $links; do
    [ -e "$EPMT_SOURCE/docs/$link" ] || echo "$link"
done)"
equal "no picture is large" "" "$(find "$EPMT_SOURCE/docs/images" -name '*.png' -size +150k)"
equal "every picture is shown" "" "$(for file in "$EPMT_SOURCE"/docs/images/*.png; do
    grep -qF "images/${file##*/}" "$page" || echo "$file"
done)"
finish
