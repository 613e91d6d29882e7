#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# epmt outliers and epmt models: which rows, by which method and feature, with the same numbers from
# both databases; what models know, for how long, and who may be deleted. Rows with values made for
# it are put in by SQL.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

complaint() { { "$@" >/dev/null; } 2>&1; }
# Rows of CSV without the head, lines as words.
rows() { epmt outliers "$@" --format csv | tr -d '\r' | sed 1d | paste -sd ' '; }

EPMT_JOB_ID=real epmt -a run true

# Jobs 1..12: durations as in the example of the old tool's tests, CPU times near each other, number
# 12 with another tag. Each has an operation `copy` (job 11's takes long) and one `think`.
fill() {
    local durations=(1 2 1 1 1 1 2 1 0 2 100 1) i rows="" processes="" tags="" cpu
    for i in {1..12}; do
        cpu=$((1000 + i % 4))
        rows+="${rows:+,} ($i, 'uuid-$i', 0, 'a$i', ${durations[i - 1]}, $cpu, 2, 1000000, 2000000)"
        processes+="${processes:+,} ($((10 * i)), $i, 'cp', 'op:copy', 0, $((i == 11 ? 900 : 50 + i)), $cpu)
            , ($((10 * i + 1)), $i, 'model', 'op:think', 0, 70, 20)"
        tags+="${tags:+,} ($((10 * i)), 'op', 'copy'), ($((10 * i + 1)), 'op', 'think')"
    done
    sql "insert into jobs (id, uuid, digest, jobid, duration, cpu_time, processes, start, \"end\")
         values $rows"
    sql "insert into job_tags select id, 'exp', 'a' from jobs where id between 1 and 11"
    sql "insert into job_tags values (12, 'exp', 'b')"
    sql "insert into processes (id, job_id, exename, tags, start, \"end\", cpu_time) values $processes"
    sql "insert into process_tags (process_id, \"key\", value) values $tags"
    # Job 20: 8 ranks in a step of which rank 5 is slow, threads of it, and a launcher.
    sql "insert into jobs (id, uuid, digest, jobid) values (20, 'uuid-20', 0, 'mpi')"
    processes="" rows=""
    for i in {0..7}; do
        processes+="${processes:+,} ($((200 + i)), 20, 's', $i, 'x', 'h', $((50 + i)), 0, 1000000,
            $((i == 5 ? 900000 : 500000 + i)), $((i == 5 ? 80000000 : 480000000 - i * 1000)))"
        rows+="${rows:+,} ($((300 + i)), 205, $((50 + i)), $((i == 2 ? 900 : 100 + i)), 7)"
    done
    sql "insert into processes (id, job_id, step, mpirank, exename, hostname, pid, start, \"end\",
         cpu_time, mpitime) values $processes"
    sql "insert into processes (id, job_id, exename, start, \"end\", launcher, cpu_time)
         values (250, 20, 'x', 0, 99000000, 1, 1)"
    sql "insert into threads (id, process_id, tid, usertime, systemtime) values $rows"
}

ask() { # KIND
    local kind=$1
    equal "$kind: the old tool's example: three methods" "a11 duration 100 us 1.00 us 3 iqr,z_score,modified_z_score" \
        "$(epmt outliers --tag exp:a | sed 1d | xargs)"
    equal "$kind: with all that no method flags" 33 "$(rows --tag exp:a --min-score 0 --columns score | wc -w)"
    equal "$kind: two methods flag it where there are two" 2 \
        "$(sql "update jobs set duration = 100 where id = 12"; rows a{1..12} --columns score | cut -d ' ' -f 1)"
    sql "update jobs set duration = 1 where id = 12"
    equal "$kind: one method" "1,modified_z_score" "$(rows --tag exp:a -m modified_z_score --columns score,methods)"
    equal "$kind: another threshold" "" "$(rows --tag exp:a -m z_score --threshold z_score=3.2)"
    equal "$kind: by a feature" "" "$(rows --tag exp:a -f cpu_time)"
    equal "$kind: all features at once" "a11,distance,1,distance" \
        "$(rows --tag exp:a -m distance -f duration,cpu_time --columns jobid,feature,score,methods)"
    equal "$kind: words select too" "a11" "$(rows tag=exp:a --columns jobid)"
    equal "$kind: operations by their tags" "a11,op:copy,duration,900" \
        "$(rows operations --tag exp:a -k all --columns jobid,operation,feature,value)"
    equal "$kind: operations by one tag" "a11,copy,duration,900" \
        "$(rows ops --tag exp:a --columns jobid,operation,feature,value)"
    equal "$kind: one operation" "" "$(rows ops --tag exp:a -k op:think)"
    equal "$kind: processes of the same program" "a11,cp,110,duration,900" \
        "$(rows processes --tag exp --columns jobid,exename,id,feature,value)"
    equal "$kind: ranks of the same step, without the launcher" "5,outside_mpi,920000 5,mpitime,80000000 5,cpu_time,900000" \
        "$(rows ranks mpi --columns rank,feature,value --min-score 2 | tr ' ' '\n' | sort -r | xargs)"
    equal "$kind: threads of the same process" "5,52,usertime,900" \
        "$(rows threads mpi --columns rank,tid,feature,value)"
    equal "$kind: at most so many" "1" "$(rows ranks mpi --min-score 0 -l 1 --columns rank 2>/dev/null | wc -w)"
    contains "$kind: which is said" "1 most unusual of 24" "$(complaint epmt outliers ranks mpi --min-score 0 -l 1)"
    equal "$kind: jobs that look comparable: no word about it" "" "$(complaint epmt outliers --tag exp:a)"
    sql "insert into job_tags select id, 'exp_name', 'n' || (id / 12) from jobs where id <= 12"
    contains "$kind: jobs of several experiments" "differ in the tag exp_name" "$(complaint epmt outliers --tag exp)"
    equal "$kind: jobs of one of them" "" "$(complaint epmt outliers --tag exp_name:n0)"
    sql "delete from job_tags where \"key\" = 'exp_name'"
    contains "$kind: nothing to compare" "no 4 or more" "$(complaint epmt outliers processes a1 a2)"
    contains "$kind: too few jobs" "4 are needed" "$(complaint epmt outliers a1 a2 a3)"
}

ask_models() { # KIND
    local kind=$1
    check "$kind: create" epmt models create usual a{1..10} --key op -f duration,cpu_time
    equal "$kind: list" "usual yes 10 10 2" "$(epmt models --columns name,enabled,jobs,there,operations |
        sed 1d | xargs)"
    contains "$kind: show: what is usual" "copy duration 10 51.0 us 55.5 us 60.0 us" \
        "$(epmt models show usual | tr -s ' ')"
    equal "$kind: show: the limits" "1.25,0.75" "$(epmt models show usual --format csv | tr -d '\r' |
        awk -F, '$1 == "" && $2 == "duration" { print $12 "," $11 }')"
    equal "$kind: none of its own is unusual" "" "$(rows a{1..10} --model usual)"
    equal "$kind: others are" "a11,duration,100,3" "$(rows a11 a12 --model usual -m iqr,z_score,modified_z_score \
        --columns jobid,feature,value,score)"
    equal "$kind: by all features at once too" "a11,distance,1" \
        "$(rows a11 a12 --model usual -m distance --columns jobid,feature,score)"
    equal "$kind: operations of a model" "a11,copy,900,3" "$(rows ops a11 --model usual --columns \
        jobid,operation,value,score -m iqr,z_score,modified_z_score)"
    # Median 1, mean absolute deviation 0.5 (the median one is 0): 0.6745 * 99 / 0.5 against 1.349.
    equal "$kind: root cause" "duration,99.0 cpu_time,1.0" \
        "$(epmt outliers --root-cause a11 --model usual --format csv --columns feature,ratio | tr -d '\r' |
            sed 1d | awk -F, '{ printf "%s,%.1f ", $1, $2 }' | xargs)"
    contains "$kind: root cause among jobs" "duration 100 us 1.00 us" \
        "$(epmt outliers --root-cause a11 --tag exp:a | tr -s ' ' | sed -n 2p)"
    equal "$kind: root cause by operation" "copy,duration" "$(epmt outliers ops --root-cause a11 \
        --tag exp:a --format csv --columns operation,feature | tr -d '\r' | sed -n 2p)"
    check "$kind: disable" epmt models disable usual
    contains "$kind: a disabled one" "usual is disabled" "$(complaint epmt outliers a11 --model usual)"
    check "$kind: enable" epmt models enable usual
    check "$kind: it may be used again" epmt outliers a11 --model usual
    check "$kind: by all features" epmt models create everything a{1..10} --key op -f all
    contains "$kind: of operations too" "copy sum_minus_overlap 10 " "$(epmt models show everything | tr -s ' ')"
    check "$kind: a feature twice" epmt models create twice a{1..10} --key op \
        -f duration,duration,num_procs,processes
    equal "$kind: counts once" "duration,processes" "$(epmt models show twice --format csv | tr -d '\r' |
        awk -F, '$1 == "copy" { print $2 }' | xargs | tr ' ' ,)"
    check "$kind: and may go" sh -c "epmt models delete everything && epmt models delete twice"
}

ask_bad() { # KIND
    local kind=$1
    contains "$kind: the name is taken" "is a model usual already" "$(complaint epmt models create usual a{1..3})"
    contains "$kind: too few" "3 jobs or more" "$(complaint epmt models create two a1 a2)"
    contains "$kind: without jobs" "say which jobs" "$(complaint epmt models create none)"
    contains "$kind: a wrong name" "a line of UTF-8" "$(complaint epmt models create $'a\nb' a{1..3})"
    contains "$kind: no value" "there are 3 values" "$(complaint epmt models create none a{1..3} -f efficiency)"
    contains "$kind: an unknown model" "no model nothing" "$(complaint epmt outliers a1 --model nothing)"
    contains "$kind: an unknown feature" "have no feature speed" "$(complaint epmt outliers -f speed)"
    contains "$kind: an unknown method" "median is none of" "$(complaint epmt outliers -m median)"
    contains "$kind: a wrong threshold" "METHOD=NUMBER" "$(complaint epmt outliers --threshold iqr=x)"
    contains "$kind: of which jobs" "say of which jobs" "$(complaint epmt outliers ranks)"
    contains "$kind: models are of jobs" "not of ranks" "$(complaint epmt outliers ranks mpi --model usual)"
    contains "$kind: another operation" "of the tag op" "$(complaint epmt outliers ops a11 -k exp --model usual)"
    contains "$kind: no job with the tag" "no such job" "$(complaint epmt outliers --tag exp:none)"
    contains "$kind: nothing to compare the cause with" "nothing to compare" \
        "$(complaint epmt outliers --root-cause a11 a11 a1)"
    contains "$kind: an operation that is none" "no process there has such a tag" \
        "$(complaint epmt outliers ops --tag exp:a -k "x' or '1'='1")"
    fail_if "$kind: an unknown verb" epmt models make
    equal "$kind: no injection" 1 "$(epmt models create "x'; drop table models; --" a{1..3} >/dev/null
        epmt models delete "x'; drop table models; --" >/dev/null; sql 'select count(*) from models')"
    equal "$kind: one model left, nothing of others" "usual usual" \
        "$(sql 'select distinct name from models m join model_values v on v.model_id = m.id
            union all select distinct name from models m join model_jobs k on k.model_id = m.id' | xargs)"
}

# Job 3 has a second copy within the first, job 4 one behind a gap.
ask_overlap() { # KIND
    local kind=$1
    sql "insert into processes (id, job_id, exename, start, \"end\") values (500, 3, 'cp', 10, 30), (501, 4, 'cp', 100, 110)"
    sql "insert into process_tags (process_id, \"key\", value) values (500, 'op', 'copy'), (501, 'op', 'copy')"
    equal "$kind: three durations of an operation" \
        "a3,duration,73 a3,finish_minus_start,53 a3,sum_minus_overlap,53 a4,duration,64 a4,finish_minus_start,110 a4,sum_minus_overlap,64" \
        "$(rows ops a{2..7} -k op:copy -f duration,sum_minus_overlap,finish_minus_start --min-score 0 \
            --columns jobid,feature,value | tr ' ' '\n' | grep 'a[34]' | sort | xargs)"
    equal "$kind: as epmt operations has them" "53 64" "$(epmt operations -p a3 a4 --format csv | tr -d '\r' |
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /overlap|union/) at = i } /copy/ { print $at }' |
        sort | xargs)"
}

# Jobs go, models stay: and the other way round.
ask_deletion() { # KIND
    local kind=$1
    contains "$kind: a job of a model is not deleted" "model usual" "$(complaint epmt delete a1)"
    equal "$kind: it is still there" 1 "$(sql "select count(*) from jobs where jobid = 'a1'")"
    check "$kind: by force" epmt delete -f a1
    equal "$kind: the model knows what it knew" "10,9,a11" "$(epmt models --format csv --columns jobs,there |
        tr -d '\r' | sed 1d),$(rows a11 --model usual -f duration -m iqr --columns jobid)"
    contains "$kind: and that the job is gone" "a1 uuid-1 no" "$(epmt models show usual | tr -s ' ')"
    equal "$kind: retire leaves those of models" "2 3 4 5 6 7 8 9 10 20" "$(epmt retire --days 1 >/dev/null
        sql 'select id from jobs where id < 1000 order by id' | xargs)"
    equal "$kind: models are kept for ever" 1 "$(epmt retire >/dev/null; sql 'select count(*) from models')"
    sql "update models set created_at = 1000000"
    export EPMT_RETIRE_MODELS_NDAYS=30
    contains "$kind: or as long as the setting says" "Would be retired - model: usual" "$(epmt retire -n)"
    contains "$kind: it is only told" "1 models" "$(epmt retire -n)"
    local told
    told=$(epmt retire -n --days 1 | grep -- '- job:' | sort)
    contains "$kind: the jobs of a model that goes are told of" "Would be retired - job: a2" "$told"
    contains "$kind: models go" "Retired - model: usual" "$(epmt retire --days 1)"
    unset EPMT_RETIRE_MODELS_NDAYS
    equal "$kind: and then their jobs" "0 20" \
        "$(sql 'select count(*) from model_values union all select id from jobs where id < 1000' | xargs)"
    contains "$kind: delete of what is gone" "no model usual" "$(complaint epmt models delete usual)"
}

for kind in sqlite postgresql; do
    use_db $kind
    epmt submit "$EPMT_OUTPUT_PREFIX/$(id -un)/real/real.h5" >/dev/null
    sql "update jobs set id = 1000, jobid = 'real'" >/dev/null 2>&1
    sql 'delete from jobs'
    fill
    ask $kind
    ask_models $kind
    for what in jobs operations "processes --tag exp" "threads mpi" "ranks mpi"; do
        # shellcheck disable=SC2086 # words
        epmt outliers $what -m all -f all --min-score 0 --format json
    done >"$TEST_DIR/all.$kind" 2>&1
    epmt outliers ops --root-cause a11 --tag exp:a --format json >>"$TEST_DIR/all.$kind"
    epmt models show usual --format csv >>"$TEST_DIR/all.$kind"
    ask_bad $kind
    ask_overlap $kind
    ask_deletion $kind
done
check "there are numbers to compare" test "$(wc -l <"$TEST_DIR/all.sqlite")" -gt 200
check "the same from both databases" cmp "$TEST_DIR/all.sqlite" "$TEST_DIR/all.postgresql"
finish
