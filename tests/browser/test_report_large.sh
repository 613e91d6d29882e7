#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The page of a job of 10,000 ranks, 40,000 threads and 2,000 short processes: bounded, drawn, with
# the numbers of the database, and the same from both databases; so is the page of a small job with
# everything in it.
. "$(dirname "$0")/../lib.sh"

python=/usr/bin/python3 # the distribution's, which has its packages
family=$(families | cut -d' ' -f1)
jobdir=$EPMT_OUTPUT_PREFIX${USER:-$(id -un)}
export TEST_DIR PYTHONPATH=$EPMT_SOURCE/tests/browser PYTHONDONTWRITEBYTECODE=1

export EPMT_JOB_ID=small EPMT_JOB_TAGS=exp:a EPMT_EVENTS=CONTEXT-SWITCHES,TASK-CLOCK
EPMT_MPI_SIZES=1 EPMT_MPI_MESSAGES=1 EPMT_MPI_CALLSITES=2 mpi_run "$family" 3 \
    "$(examples "$family")/imbalance" >/dev/null 2>&1
# shellcheck disable=SC2016 # $$ is that shell's
EPMT_CRASH_STACK=2 epmt run -a sh -c 'kill -SEGV $$' 2>/dev/null
unset EPMT_JOB_ID EPMT_JOB_TAGS EPMT_EVENTS
for kind in sqlite postgresql; do
    use_db $kind
    check "$kind: submit" submit_ended "$jobdir/small" # makes the tables
    epmt report small -o "$TEST_DIR/small.$kind.html"
    sql "select 1; $(cat "$EPMT_SOURCE/tests/browser/ranks.sql")" >/dev/null
    check "$kind: a report" epmt report large -o "$TEST_DIR/$kind.html"
    mean=$(sql "select round(cast(avg(m.\"time\") as numeric) / 1000000000.0, 9) from processes p
        join mpi_functions m on m.process_id = p.id where p.job_id = 1000000
        and m.function = 'MPI_Function_14' and p.mpirank between 150 and 199")
    # Ranks are what a file claims.
    sql "update processes set mpirank = -200 - mpirank where job_id = 1000000"
    check "$kind: a report of ranks below 0" epmt report large -o "$TEST_DIR/below.$kind.html"
done
for job in "" small. below.; do
    check "the same page from both" $python "$EPMT_SOURCE/tests/browser/same_data.py" \
        "$TEST_DIR/${job}sqlite.html" "$TEST_DIR/${job}postgresql.html"
done
check "less than 1 MB" test "$(stat -c %s "$TEST_DIR/sqlite.html")" -lt 1000000

cat >"$TEST_DIR/ask.py" <<'EOF'
import json, sys
from browser import Browser

def say(name, value):
    print(name, json.dumps(value) if not isinstance(value, str) else value)

with Browser() as browser:
    browser.open(f"file://{sys.argv[1]}/small.sqlite.html")
    say("steps", browser.texts("[data-step] summary"))
    say("counters", browser.texts("#counters tbody td:first-child"))
    say("small", browser.complaints())
    say("ready", browser.open(f"file://{sys.argv[1]}/sqlite.html"))
    charts = {one["title"].split(":")[0]: one for one in browser.charts()}
    say("ranks", len(charts["Balance of the ranks"]["labels"]))
    say("label", charts["Balance of the ranks"]["labels"][3])
    heat = charts["Time in MPI by rank and function"]
    say("functions", len(heat["sets"]))
    say("mean", "%.9f" % next(one["values"][3] for one in heat["sets"]
                              if one["label"] == "MPI_Function_14"))
    say("threads", [len(charts["CPU time of the threads"]["sets"]),
                    len(charts["CPU time of the threads"]["labels"])])
    say("lanes", len(charts["When what ran"]["labels"]))
    say("bars", sum(len(one["values"]) for one in charts["When what ran"]["sets"]))
    say("slowest", browser.js("return document.querySelector('[data-step] table tbody tr')"
                              ".cells[0].textContent"))
    say("finding", any("7777" in text for text in browser.texts("#findings li")))
    say("elements", browser.js("return document.querySelectorAll('*').length < 10000"))
    say("complaints", browser.complaints())
EOF
check "a browser" sh -c "timeout -s KILL 250 $python '$TEST_DIR/ask.py' '$TEST_DIR' \
    >'$TEST_DIR/answers'"
answer() { sed -n "s/^$1 //p" "$TEST_DIR/answers"; }
for table in "Call sites" "Who sent most to whom" "Calls by size"; do
    contains "a small job: $table" "\"$table\"" "$(answer steps)"
done
contains "a small job: counters" CONTEXT-SWITCHES "$(answer counters | tr '[:lower:]' '[:upper:]')"
equal "a small job: the console" "[]" "$(answer small)"
equal "the page is ready" yes "$(answer ready)"
equal "columns of ranks" 200 "$(answer ranks)"
equal "ranks in a column" "150–199" "$(answer label)"
equal "functions" 12 "$(answer functions)"
equal "the mean of a column" "$(printf '%.9f' "$mean")" "$(answer mean)"
equal "threads and columns of processes" "[4, 100]" "$(answer threads)"
equal "lanes of the time line" 26 "$(answer lanes)"
check "bars of the time line" test "$(answer bars)" -le 500
equal "the slowest rank" 7777 "$(answer slowest)"
equal "it stands out" true "$(answer finding)"
equal "elements of the page" true "$(answer elements)"
equal "the console" "[]" "$(answer complaints)"
finish
