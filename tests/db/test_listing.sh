#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# epmt list: what can be listed, of which jobs, narrowed by values and by a number.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

export EPMT_JOB_ID=one
EPMT_JOB_TAGS=exp:a epmt start
EPMT_TAGS=op:x epmt run sh -c '/bin/true; :'
epmt run /bin/false
epmt stop
EPMT_JOB_ID=two epmt -a run true
epmt submit "$EPMT_OUTPUT_PREFIX" >/dev/null
column() { epmt list "$@" --format csv | tr -d '\r' | sed 1d | paste -sd ' '; }

for kind in jobs steps processes procs threads thread_metrics hosts programs tags job_proc_tags users; do
    for format in table json csv; do
        check "list $kind as $format" epmt list "$kind" --format "$format"
        check "list $kind of a job as $format" epmt list "$kind" one --format "$format"
    done
done
equal "jobs" "one two" "$(column --columns jobid)"
equal "jobs by name" "two" "$(column jobs two --columns jobid)"
equal "hosts" "$(uname -n)" "$(column hosts --columns hostname)"
equal "hosts: processes" "$(sql 'select count(*) from processes')" "$(column hosts --columns processes)"
equal "programs" "false sh true" "$(column programs --columns exename)"
equal "programs of a job" "true" "$(column programs two --columns exename)"
equal "programs: how many jobs" "2" "$(column programs exename=true --columns jobs)"
equal "tags" "op:x" "$(column tags --columns tags)"
equal "users" "$(id -un)" "$(column users --columns user)"
equal "narrowed" "sh true" "$(column processes tags=op:x --columns exename)"
equal "narrowed by a pattern" "true true" "$(column procs 'exename=t*' --columns exename)"
equal "narrowed by two" "false" "$(column procs exitcode=1 'exename=?????' --columns exename)"
equal "a percent sign is none" "" "$(column procs 'exename=tru%' --columns exename)"
equal "for people, by a column that only programs are shown" "$(sql "select uuid from jobs where tags = 'exp:a'")" \
    "$(epmt list jobs tags=exp:a --columns uuid | sed 1d)"
equal "for people, by one of theirs" "jobid one" "$(epmt list jobs jobid=one --columns jobid | xargs)"
equal "limit" 1 "$(column procs --limit 1 --columns pid | wc -w)"
equal "limit=N" 2 "$(column procs limit=2 --columns pid | wc -w)"
equal "limit 0" "" "$(column procs limit=0 --columns pid)"
fail_if "a limit that is none" epmt list --limit x
fail_if "an unknown column to select by" epmt list 'no_such=1'
fail_if "no injection" epmt list 'jobid" = "jobid=1'
contains "a kind that was mistyped" "did you mean hosts?" "$(epmt list hots 2>&1)"
contains "an unknown job" "there is no job 4711" "$(epmt list processes 4711 2>&1)"
finish
