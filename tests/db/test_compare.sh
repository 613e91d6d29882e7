#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# epmt compare: two jobs, two groups, three; the largest differences first, by numbers made by hand.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/db/rows.sh
. "$EPMT_SOURCE/tests/db/rows.sh"

make_tables
job 1 a 0 100 "user='alice'" cpu_time=50000000 rssmax=1024 failed=0 write_bytes=2048 efficiency=0.5
job 2 b 0 150 "user='alice'" cpu_time=50000000 rssmax=4096 failed=1 write_bytes=1024 efficiency=0.25
job 3 c 0 350 "user='bob'" cpu_time=50000000 rssmax=4096 failed=1 write_bytes=1024
{
    process 1 1 0 1000 model cpu_time=30000000
    process 2 1 0 1000 model cpu_time=10000000
    process 3 1 0 1000 sh cpu_time=5000000
    process 4 1 0 1000 mpirun cpu_time=7000000 launcher=1
    process 5 2 0 1000 model cpu_time=20000000
    process 6 2 0 1000 gzip cpu_time=30000000
    process 7 2 0 1000 sh cpu_time=5000000
    process 8 3 0 1000 sh cpu_time=15000000
    # op cp of job 1: [0 10] [5 12]: 12 s; of job 2: [0 20]: 20 s.
    process 11 1 0 10000 cp
    process 12 1 5000 12000 cp
    process 13 2 0 20000 cp
    process 14 2 0 20000 cp
    for i in 11 12 13 14; do process_tag $i op cp; done
    job_tag 1 exp x
    job_tag 2 exp x
    job_tag 3 exp y
    for m in "1, 's', 'MPI_Send', 4, 1000000000" "2, 's', 'MPI_Send', 4, 3000000000" "1, 's', 'all', 4, 5"; do
        echo "insert into mpi_imbalance (job_id, step, function, measure, ranks, mean) values
            (${m%%, 4*}, 'time', 4${m##*, 4});"
    done
} | add_rows
rows() { epmt compare "$@" --format csv 2>&1 | tr -d '\r' | sed 1d; }
near() { awk -F, '{ for (i = 3; i <= NF; i++) if ($i != "") $i = sprintf("%.4g", $i); print }' OFS=, | xargs; }

equal "metrics: what differs by most times first" "metrics,failed,0,1, metrics,rssmax,1024,4096,3 \
metrics,efficiency,0.5,0.25,-0.5 metrics,write_bytes,2048,1024,-0.5 metrics,duration,1e+08,1.5e+08,0.5" \
    "$(rows a b | grep ^metrics | near)"
equal "programs: the most CPU time first, no launcher, nothing that is the same" \
    "programs,gzip,,3e+07, programs,model,4e+07,2e+07,-0.5" "$(rows a b | grep ^programs | near)"
equal "operations: without what overlaps" "operations,cp,1.2e+07,2e+07,0.6667" "$(rows a b | grep ^operations | near)"
equal "functions of MPI: of all ranks" "functions,MPI_Send,4e+09,1.2e+10,2" "$(rows a b | grep ^functions | near)"
equal "a group: the mean of its jobs" "metrics,duration,1.25e+08,3.5e+08,1.8" \
    "$(rows tag=exp:x --group user=bob | grep ,duration, | near)"
equal "jobs with commas between them: a group too" "metrics,duration,1.25e+08,3.5e+08,1.8" \
    "$(rows a,b c | grep ,duration, | near)"
equal "programs of a group: by job" "programs,sh,5e+06,1.5e+07,2" "$(rows a,b c | grep ',sh,' | near)"
equal "conditions of a group: all of them" "metrics,duration,1e+08,1.5e+08,0.5" \
    "$(rows user=alice,exit=ok user=alice,exit=failed | grep ,duration, | near)"
equal "three: what differs most from the first" "metrics,duration,1e+08,1.5e+08,3.5e+08,2.5" \
    "$(rows a b c | grep ,duration, | near)"
equal "what one side alone has comes first" "efficiency failed rssmax" \
    "$(rows a c | grep ^metrics | cut -d , -f 2 | head -3 | xargs)"
out=$(epmt compare a b)
equal "people see units" "rssmax 1.00 MiB 4.00 MiB +300 %" "$(grep ^rssmax <<<"$out" | xargs)"
equal "and signs" "model 40.0 s 20.0 s -50 %" "$(grep ^model <<<"$out" | xargs)"
equal "more than ten times" "processes a,b c" "$(sql "update jobs set processes = 2 where id < 3; update jobs set processes = 40
    where id = 3"; epmt compare a,b c | grep -q 'x20$' && echo 'processes a,b c')"
contains "how many jobs a side has" "a,b: the mean of 2 jobs" "$(epmt compare a,b c)"
equal "a job and itself" "They do not differ." "$(epmt compare a a)"
check "json" python3 -c 'import json, sys
d = json.loads(sys.argv[1])
assert {r["name"]: r["change"] for r in d["metrics"]}["rssmax"] == 3, d
assert d["programs"][0] == {"name": "gzip", "a": None, "b": 30000000, "change": None}, d' "$(epmt compare a b --format json)"
group='user=alice,name=*,host=*,program=*,exit=0,after=2000-01-01,before=2100-01-01'
for i in {1..16}; do group+=",tag=exp:x*"; done
groups=()
for i in {1..8}; do groups+=(--group "$group"); done
sql "update jobs set jobname = 'n', exitcode = 0"
sql "update processes set hostname = 'h'"
contains "as many conditions as there may be" "They do not differ." "$(epmt compare "${groups[@]}" 2>&1)"
contains "one tag more" "more than 16 tags" "$(epmt compare a "$group,tag=exp" 2>&1)"
equal "one side" 2 "$(epmt compare a >/dev/null 2>&1; echo $?)"
equal "no such job" 3 "$(epmt compare a nothing >/dev/null 2>&1; echo $?)"
contains "an empty group" "side 2 of the comparison has no jobs" "$(epmt compare a user=nobody 2>&1)"
contains "a group by nothing" "not by colour" "$(epmt compare a colour=red 2>&1)"
finish
