#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 120
# Several MPI steps in one job: one after the other, at the same time, and inside `epmt start ...
# epmt stop` among serial processes. One job file holds all of it in the end.
. "$(dirname "$0")/../lib.sh"

fresh() { # NAME
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$1/ EPMT_JOB_ID=$1
    TEST_DB=$TEST_DIR/$1.db
    export EPMT_DB_URL=sqlite:///$TEST_DB
}

step() { # FAMILY NP PROGRAM
    MPI_OPTIONS=()
    [ "$1" = openmpi ] && MPI_OPTIONS=(-x EPMT_JOB_ID)
    MPI_TIMEOUT=60 mpi_run "$1" "$2" "$(examples "$1")/$3" >/dev/null 2>"$TEST_DIR/err"
}

files() { (cd "$EPMT_OUTPUT_PREFIX" && find . -type f | sed 's|.*/||' | sort | tr '\n' ' '); }

for family in $(families); do
    what="$family, one after the other"
    fresh "$family-after"
    for np in 2 3 4; do
        step "$family" $np fork_exec
        equal "$what: $np ranks: exit status" 0 $?
        equal "$what: $np ranks: the job file alone is there" "$EPMT_JOB_ID.h5 " "$(files)"
    done
    check "$what: submit" submit_ended
    equal "$what: three steps, each complete" "2|2|1,3|3|1,4|4|1" "$(sql \
        "select group_concat(n) from (select numranks || '|' || ranks_reported || '|' || complete n
         from steps order by numranks)")"
    equal "$what: ranks and their children, in one job" "1|9|9" "$(sql \
        "select count(distinct job_id), count(mpirank), sum(exename = 'true') from processes")"

    what="$family, at the same time, within start and stop"
    fresh "$family-inside"
    check "$what: start" epmt start
    preload sh -c '/bin/true; /bin/echo one >/dev/null'
    pids=()
    for np in 2 3; do
        step "$family" $np fork_exec &
        pids+=($!)
    done
    preload /usr/bin/expr 1 + 1 >/dev/null
    for pid in "${pids[@]}"; do
        wait "$pid"
        equal "$what: exit status of a step" 0 $?
    done
    step "$family" 4 hello
    equal "$what: exit status of a further step" 0 $?
    preload /bin/cat /dev/null
    check "$what: stop" epmt stop
    equal "$what: one job file, and nothing else" "$EPMT_JOB_ID.h5 " "$(files)"
    check "$what: submit" submit_ended
    equal "$what: one job, three steps of 2, 3 and 4 ranks, all complete" "1|9|3|1" "$(sql \
        "select count(distinct processes.job_id), count(mpirank),
             (select count(*) from steps), (select min(complete) from steps) from processes")"
    equal "$what: the job is complete" "9|9|1" \
        "$(sql 'select ranks_reported, ranks_expected, complete from jobs')"
    equal "$what: serial processes, before, meanwhile and after" "cat,echo,expr,sh" "$(sql \
        "select group_concat(exename) from (select distinct exename from processes
         where mpirank is null and exename in ('sh', 'echo', 'expr', 'cat') order by 1)")"
    equal "$what: nothing twice" 0 "$(sql "select count(*) - count(distinct pid || '-' || generation)
        from processes")"
    equal "$what: every process has ended" 0 \
        "$(sql "select count(*) from processes where state in ('running', 'killed')")"
done
finish
