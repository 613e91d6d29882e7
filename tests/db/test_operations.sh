#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# epmt operations: durations by three methods, runs, costs and shares, against numbers that were
# computed by hand.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/db/rows.sh
. "$EPMT_SOURCE/tests/db/rows.sh"

make_tables
job 1 one 0 100 "user='alice'" cpu_time=20000000
job 2 two 0 100 "user='bob'" cpu_time=30000000
job 3 three 0 50 "user='bob'" cpu_time=1000000
# Of job 1, op cp, in seconds:   [0 10]  [5 12]  [6 8]  [12 15]  [20 21]  and one of no length [40 40]
#   sum 10 + 7 + 2 + 3 + 1 = 23; joined [0 15] [20 21] [40 40]: 16 in three runs; 40 from end to end.
# Of job 1, op compute: [10 60]. Of job 2, op cp: [0 4] [1 2]; joined [0 4].
{
    process 1 1 0 10000 cp cpu_time=1000000 usertime=600000 systemtime=400000 rssmax=100 write_bytes=1000
    process 2 1 5000 12000 cp cpu_time=2000000 usertime=2000000 systemtime=0 rssmax=300 write_bytes=24
    process 3 1 6000 8000 cp cpu_time=500000 exitcode=1 state="'exited'"
    process 4 1 12000 15000 cp cpu_time=0
    process 5 1 20000 21000 cp cpu_time=500000 state="'killed'"
    process 6 1 40000 40000 cp
    process 7 1 10000 60000 model cpu_time=16000000
    process 8 2 0 4000 cp cpu_time=3000000
    process 9 2 1000 2000 cp cpu_time=3000000
    process 10 2 0 9000 other cpu_time=100
    process 11 3 0 50000 other cpu_time=100
    for i in 1 2 3 4 5 6 8 9; do process_tag $i op cp; done
    process_tag 7 op compute
    process_tag 7 phase main
    process_tag 10 phase main
    process_tag 11 phase main
} | add_rows
line() { # OPERATION ARGUMENTS...: without its header
    local operation=$1
    shift
    epmt operations "$@" --format csv 2>&1 | tr -d '\r' | grep "^$operation,"
}
columns=operation,jobs,processes,runs,sum,sum-minus-overlap,finish-minus-start
equal "durations of one job" "cp,1,6,3,23000000,16000000,40000000" "$(line cp one --columns $columns)"
equal "of a single process" "compute,1,1,1,50000000,50000000,50000000" "$(line compute one --columns $columns)"
equal "of two jobs: what each has, together" "cp,2,8,4,28000000,20000000,44000000" "$(line cp one two --columns $columns)"
equal "of all jobs" "cp,2,8,4,28000000,20000000,44000000" "$(line cp --columns $columns)"
equal "of a user's" "cp,1,2,1,5000000,4000000,4000000" "$(line cp --user bob --columns $columns)"
equal "for each job" "cp,one,6,16000000 cp,two,2,4000000" \
    "$(line cp -p --columns operation,jobid,processes,sum-minus-overlap | xargs)"
equal "costs" "cp,4000000,300,,1024,2,1" \
    "$(line cp one --columns operation,cpu_time,rssmax,read_bytes,write_bytes,failed,moves_data)"
share() { line "$@" | cut -d , -f 2- | tr , '\n' | awk '{ printf "%s%.4f", (NR > 1 ? " " : ""), $1 }'; }
equal "shares of a job: 16 of 100 s, 4 of 20 s of CPU" "0.1600 0.2000" "$(share cp one --columns operation,of_jobs,of_cpu)"
equal "by another method: 23 of 100 s" "0.2300" "$(share cp one --method sum --columns operation,of_jobs)"
equal "and the third: 40 of 100 s" "0.4000" "$(share cp one --method finish-minus-start --columns operation,of_jobs)"
equal "shares of several jobs: 20 of 250 s, 10 of 51 s" "0.0800 0.1961" "$(share cp --columns operation,of_jobs,of_cpu)"
equal "the longest first" "compute cp" "$(epmt operations one --format csv --columns operation | tr -d '\r' | sed 1d | xargs)"
equal "by another tag" "main,3,3" "$(line main --key phase --columns operation,jobs,processes)"
contains "moving data: 4 of 20 s of CPU, 16 of 100 s" "4.00 s of CPU time, 20 % of what these jobs used; 16.0 s, 16 %" \
    "$(epmt operations one | tail -n 1)"
contains "what moves is a choice" "Moving data (compute): 16.0 s of CPU time, 80 %" \
    "$(epmt operations one --moving compute | tail -n 1)"
contains "people see units" "cp 1 6 3 23.0 s 16.0 s 40.0 s 16 % 4.00 s 20 % 300 KiB 1.00 KiB 2 1" \
    "$(epmt operations one | grep '^cp' | xargs)"
check "json" python3 -c 'import json, sys
rows = json.loads(sys.argv[1])
assert [r["sum"] for r in rows] == [50000000, 23000000], rows
assert rows[1]["read_bytes"] is None, rows' "$(epmt operations one --format json)"
contains "no such tag: those there are" "a tag nothing; there are op, phase" "$(epmt operations one --key nothing 2>&1)"
contains "no tag at all" "a tag op; there are phase" "$(epmt operations three 2>&1)"
equal "no such job" 3 "$(epmt operations nothing >/dev/null 2>&1; echo $?)"
contains "no such method" "not quick" "$(epmt operations --method quick 2>&1)"

# Stretches joined by the database are those that a plain walk joins.
{
    job_sql() { echo "insert into jobs (id, uuid, digest, jobid, start) values (9, 'nine', 9, 'many', 1);"; }
    job_sql
    awk 'BEGIN { srand(7); for (i = 0; i < 300; i++) { s = int(rand() * 20000); print s, s + int(rand() * 120) } }' \
        >"$TEST_DIR/stretches"
    n=1000
    while read -r start end; do
        process $n 9 "$start" "$end" p
        process_tag $n op x
        n=$((n + 1))
    done <"$TEST_DIR/stretches"
} | add_rows
walk=$(sort -n -k 1,1 -k 2,2 "$TEST_DIR/stretches" | awk 'NR == 1 || $1 > reached { n++; reached = $1; }
    { sum += $2 - $1; if ($2 > reached) { joined += $2 - reached; reached = $2 } }
    END { printf "x,%d,%d,%d", n, sum * 1000, joined * 1000 }')
equal "300 stretches" "$walk" "$(line x many --columns operation,runs,sum,sum-minus-overlap)"
finish
