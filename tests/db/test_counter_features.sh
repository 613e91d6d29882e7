#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# databases: both
# Counts of events as features of outliers, models and root causes, and in comparisons: software
# events that were counted, and counts that were made for it.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/db/rows.sh
. "$EPMT_SOURCE/tests/db/rows.sh"

CLOCK=PERF_COUNT_SW_CPU_CLOCK
for i in 1 2 3 4 5; do
    # shellcheck disable=SC2016 # for the shell of the job
    EPMT_EVENTS=$CLOCK EPMT_JOB_ID=real-$i EPMT_JOB_TAGS=real epmt run -a \
        bash -c 'for ((i = 0; i < $1; i++)); do :; done' - $((i == 3 ? 400000 : 1000))
done
submit_ended "$EPMT_OUTPUT_PREFIX" >/dev/null
rows() { epmt outliers "$@" --format csv | tr -d '\r' | sed 1d | paste -sd ' '; }
equal "a software event of jobs" "real-3,counter:$CLOCK" \
    "$(rows --tag real -f counter:$CLOCK --columns jobid,feature -m modified_z_score | cut -d ' ' -f 1)"
equal "its values are those of the view" "$(sql "select value from counter_summary where event = '$CLOCK'
    and jobid = 'real-3'")" "$(rows --tag real -f counter:$CLOCK --columns value -m modified_z_score |
    cut -d ' ' -f 1)"
contains "real jobs compared" "$CLOCK" "$(epmt compare real-1 real-3 --format csv | grep '^counters,')"

# Nine jobs of four processes with four threads each; job 5 misses caches, in the second thread of its
# second process. Job 9 has no counts at all, job 8 none of the misses.
count() { # PROCESS TID EVENT VALUE
    echo "insert into counters (process_id, tid, start, event, value) values ($1, $2, $((day * 1000000)), '$3', $4);"
}
for job in 1 2 3 4 5 6 7 8 9; do job $((100 + job)) "m$job" 0 100 cpu_time=1000; done
{
    for job in 1 2 3 4 5 6 7 8 9; do
        job_tag $((100 + job)) made 1
        for process in 1 2 3 4; do
            id=$((1000 + job * 10 + process))
            process $id $((100 + job)) 0 100000 model "step='s$job'" mpirank=$process "tags='op:x'"
            process_tag $id op x
            for tid in 1 2 3 4; do
                echo "insert into threads (process_id, tid, start, \"end\") values
                    ($id, $tid, $((day * 1000000)), $((day * 1000000 + 5)));"
                [ $job = 9 ] && continue
                count $id $tid "it''s" $((10 + job))
                [ $job = 8 ] && continue
                count $id $tid cache-misses:u $((job == 5 && process == 2 && tid == 2 ? 7000 : 100 + job + tid))
            done
        done
    done
} | add_rows
misses=counter:cache-misses:u
equal "a counter of jobs" "m5,8613" "$(rows --tag made -f $misses --columns jobid,value)"
equal "what was not counted is left out" 7 "$(rows --tag made -f $misses --min-score 0 --columns jobid | wc -w)"
equal "of operations" "m5,x,8613" "$(rows operations --tag made -f $misses --columns jobid,operation,value)"
equal "of processes" "m5,7323" "$(rows processes --tag made -f $misses --columns jobid,value -m modified_z_score)"
equal "of ranks" "414 7323" "$(rows ranks m1 m5 -f $misses --min-score 0 --columns value | tr ' ' '\n' |
    sort -n | sed -n '1p;$p' | xargs)"
equal "of threads" "m5,2,7000" "$(rows threads --tag made -f $misses --min-score 0 --columns jobid,tid,value |
    tr ' ' '\n' | grep ,7000)"
equal "two features, one of them a counter" "m5,distance" \
    "$(rows --tag made -f "cpu_time,$misses" -m distance --columns jobid,feature)"
equal "all counters there are" "counter:cache-misses:u counter:it's" \
    "$(rows --tag made -f 'counter:*' --min-score 0 --columns feature | tr ' ' '\n' | sort -u | xargs -d '\n')"
equal "a name with a quote is a text" 8 "$(rows --tag made -f "counter:it's" --min-score 0 --columns value | wc -w)"
contains "an event that nobody counted" "nothing there has such a feature" \
    "$(epmt outliers --tag made -f counter:none 2>&1)"
contains "no name" "jobs have no feature counter:" "$(epmt outliers -f counter: 2>&1)"
contains "too long a name" "jobs have no feature counter:" "$(epmt outliers -f "counter:$(printf %200s x | tr ' ' y)" 2>&1)"
contains "no counters" "these jobs have no counters" "$(epmt outliers m9 -f 'counter:*' 2>&1)"
equal "the cause is a counter" "$misses" \
    "$(epmt outliers --root-cause m5 --tag made --format csv --columns feature | tr -d '\r' | sed -n 2p)"
check "a model knows counters" epmt models create usual m1 m2 m3 m4 -k op -f "cpu_time,counter:*"
contains "it shows them" "$misses" "$(epmt models show usual)"
contains "and judges by them" "$misses" "$(rows m5 --model usual --columns feature)"
contains "operations too" "$misses" "$(rows operations m5 --model usual -k op --columns feature)"
equal "compared: what differs most first" "counters,cache-misses:u,1656,8613" \
    "$(epmt compare m1 m5 --format csv --columns part,name,m1,m5 | tr -d '\r' | grep '^counters' | head -n 1)"
contains "compared for people" "counts of events" "$(epmt compare m1 m5)"
equal "all features still are those of the dictionary" 0 "$(rows --tag made -f all --min-score 0 --columns feature |
    grep -c counter:)"
finish
