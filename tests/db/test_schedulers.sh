#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Jobs by the documented variables of each scheduler; starts and stops that meet: twice, of nothing,
# of another user, many at once.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

cd "$TEST_DIR" || exit 1
user=${USER:-$(id -un)}
status_of() { # COMMAND...
    "$@" >/dev/null 2>&1
    echo $?
}
printf 'n1\nn1\nn2\nn3\n' >nodes
printf 'n1 4 all.q@n1 UNDEFINED\nn2 4 all.q@n2 UNDEFINED\n' >pe

# NAME, expected jobid|scheduler|jobname|user|account|queue|cluster|nodes|nodelist, VARIABLES...
job() {
    local name=$1 expected=$2
    shift 2
    rm -f "$TEST_DB"
    check "$name: a job" env "$@" epmt -a run true
    check "$name: submit" env "$@" epmt submit
    equal "$name: what the scheduler tells" "$expected" "$(sql "select jobid, scheduler, jobname,
        user, account, queue, cluster, nodes, (select value from job_attributes where key = 'nodelist') from jobs")"
}
job Slurm '4711|slurm|model|alice|physics|batch|big|2|n[1-2]' SLURM_JOB_ID=4711 SLURM_JOBID=4711 \
    SLURM_JOB_NAME=model SLURM_JOB_USER=alice SLURM_JOB_ACCOUNT=physics SLURM_JOB_PARTITION=batch \
    SLURM_CLUSTER_NAME=big SLURM_JOB_NUM_NODES=2 SLURM_NNODES=2 'SLURM_JOB_NODELIST=n[1-2]' \
    QUEUE=nobody JOB_NAME=nobody
job Torque '12.server|pbs|model|alice||long|server|3|n1,n2,n3' PBS_JOBID=12.server PBS_JOBNAME=model \
    PBS_O_LOGNAME=alice PBS_QUEUE=long PBS_SERVER=server PBS_NUM_NODES=3 PBS_NODEFILE=nodes \
    PBS_ENVIRONMENT=PBS_BATCH
job "PBS Pro" '13[1].server|pbs|model|alice|physics|long||3|n1,n2,n3' 'PBS_JOBID=13[1].server' \
    PBS_JOBNAME=model PBS_O_LOGNAME=alice PBS_ACCOUNT=physics PBS_QUEUE=long PBS_NODEFILE=nodes
job Moab '14|pbs|moab|bob|chem|gold|||' PBS_JOBID=14 MOAB_JOBNAME=moab MOAB_USER=bob \
    MOAB_ACCOUNT=chem MOAB_CLASS=gold
job LSF '15|lsf|model|alice|physics|normal||2|n1 4 n2 4' LSB_JOBID=15 LSB_JOBNAME=model \
    LSFUSER=alice LSB_PROJECT_NAME=physics LSB_QUEUE=normal 'LSB_MCPU_HOSTS=n1 4 n2 4'
job SGE '16|sge|model|alice|physics|all.q|default|2|n1,n2' JOB_ID=16 JOB_NAME=model \
    SGE_O_LOGNAME=alice SGE_ACCOUNT=physics QUEUE=all.q SGE_CLUSTER_NAME=default NHOSTS=2 PE_HOSTFILE=pe
job Flux "fABC|flux||$user||||4|" FLUX_JOB_ID=fABC FLUX_JOB_NNODES=4
job LoadLeveler '17.0|loadleveler|model|alice|physics|large||2|n1 n1 n2' LOADL_STEP_ID=17.0 \
    LOADL_JOB_NAME=model LOADL_STEP_OWNER=alice LOADL_STEP_ACCT=physics LOADL_STEP_CLASS=large \
    'LOADL_PROCESSOR_LIST=n1 n1 n2'
job OAR '18|oar|model|alice|physics|||3|n1,n2,n3' OAR_JOB_ID=18 OAR_JOB_NAME=model OAR_USER=alice \
    OAR_PROJECT_NAME=physics OAR_NODEFILE=nodes
job Cobalt "19|cobalt||$user||||3|n1,n2,n3" COBALT_JOBID=19 COBALT_NODEFILE=nodes
job none "mine|||$(id -un)|||||" EPMT_JOB_ID=mine QUEUE=nobody NHOSTS=3 USER= LOGNAME=
job "a job id of one's own under Slurm" "mine2|slurm|model|$user|||||" EPMT_JOB_ID=mine2 \
    SLURM_JOB_ID=5 SLURM_JOB_NAME=model
unset -f job

# The environment, its changes, tags, the script.
rm -f "$TEST_DB"
cat >script.sh <<'S'
#!/bin/bash
export BEFORE=1 GOES=1 CHANGES=1 MY_TOKEN=geheim EPMT_JOB_TAGS=a:1
epmt start
export COMES=1 CHANGES=2 EPMT_JOB_TAGS=a:2
unset GOES
epmt run true
epmt stop
epmt submit
S
EPMT_JOB_ID=environment bash script.sh >/dev/null
attribute() { sql "select value from job_attributes where scope = '$1' and key = '$2'"; }
equal "environment" 1 "$(attribute env BEFORE)"
equal "environment: a secret" "(hidden)" "$(attribute env MY_TOKEN)"
equal "environment: what changed" "2" "$(attribute 'env stop' CHANGES)"
equal "environment: what came" "1" "$(attribute 'env stop' COMES)"
equal "environment: what went" 1 \
    "$(sql "select count(*) from job_attributes where scope = 'env unset' and key = 'GOES'")"
equal "environment: what stayed is no change" "" "$(attribute 'env stop' BEFORE)"
equal "tags as the job has set them at its end" a:2 "$(sql 'select tags from jobs')"
equal "the script" "$TEST_DIR/script.sh" "$(sql 'select script from jobs')"
export EPMT_JOB_ID=filter
export EPMT_ENV_HIDE='MINE*' EPMT_ENV_KEEP='MINE_NOT' EPMT_ENV_DROP='NOISE*'
env MINE_A=x MINE_NOT=x NOISE=x \
    MY_TOKEN=open epmt -a run true
equal "patterns of one's own" "(hidden) x open" "$(for key in MINE_A MINE_NOT NOISE MY_TOKEN; do
    epmt dump -k $key "$EPMT_OUTPUT_PREFIX$user/filter" 2>/dev/null; done | xargs)"
unset EPMT_ENV_HIDE EPMT_ENV_KEEP EPMT_ENV_DROP
equal "who reads it hides what he has to" "(hidden)" "$(epmt dump -k MY_TOKEN "$EPMT_OUTPUT_PREFIX$user/filter")"

# Twice, and of nothing.
export EPMT_JOB_ID=twice
check "start" epmt start
contains "start again: a warning" "already started, ignoring" "$(epmt start 2>&1)"
equal "start -e again" 8 "$(status_of epmt start -e)"
check "stop" epmt stop
contains "stop again: a warning" "already stopped" "$(epmt stop 2>&1)"
equal "stop -e again" 8 "$(status_of epmt stop -e)"
contains "start of what is complete: a warning" "already complete, ignoring" "$(epmt start 2>&1)"
equal "start -e of what is complete" 8 "$(status_of epmt start -e)"
equal "stop of nothing" 0 "$(EPMT_JOB_ID=none status_of epmt stop)"
equal "stop -e of nothing" 3 "$(EPMT_JOB_ID=none status_of epmt stop -e)"

# A job whose session is gone, and one of another boot.
export EPMT_JOB_ID=stale
setsid -w epmt start
contains "a stale job: a warning that says so" "by a session that is gone" "$(epmt start 2>&1)"
equal "a stale job with -e" 8 "$(status_of epmt start -e)"
check "a stale job can be stopped" epmt stop -e

# A session that began outside of the pid namespace, as of a command in a container: it is 0.
from_outside() {
    local namespace=(unshare -pf --mount-proc)
    [ "$(id -u)" = 0 ] || namespace=(unshare -rpf --mount-proc)
    if [ "$(ps -o sid= -p $$)" -eq 0 ]; then "$@"; else "${namespace[@]}" "$@"; fi
}
cat >"$TEST_DIR/outside" <<'END'
epmt start 2>/dev/null
epmt start
epmt daemon --once --keep "$EPMT_OUTPUT_PREFIX" >/dev/null 2>&1
epmt stop -e
END
unset EPMT_JOB_ID
if from_outside true 2>/dev/null; then
    equal "a session of outside: its job is open until it is stopped" \
        "epmt: start: job 0 is already started, ignoring" "$(from_outside sh "$TEST_DIR/outside" 2>&1)"
else
    echo "# no pid namespaces for users here: a session of outside is left out"
fi

# Another user's directory.
export EPMT_JOB_ID=foreign
dir=$EPMT_OUTPUT_PREFIX$user/foreign
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$dir"
    chown nobody "$dir"
    contains "another user's directory: a warning" "another user's" "$(epmt start 2>&1)"
    equal "start of it" 0 "$(status_of epmt start)"
    equal "start -e of it" 6 "$(status_of epmt start -e)"
    equal "stop of it" 0 "$(status_of epmt stop)"
    equal "stop -e of it" 6 "$(status_of epmt stop -e)"
    equal "a program runs all the same" 5 "$(status_of epmt -a run sh -c 'exit 5')"
    equal "nothing was written there" "" "$(ls -A "$dir")"
    chmod 777 "$dir" # as somebody would who waits for another's job
    check "a program under the preload" preload true
    "$EPMT_PREFIX/libexec/epmt/epmt-jobwriter" -d "$dir" -j foreign </dev/null
    equal "the writer of the job file refuses" 6 $?
    equal "nothing is written there, although it could be" "" "$(ls -A "$dir")"
    rm -rf "$dir"
    chown nobody "${dir%/*}"
    chmod 777 "${dir%/*}"
    check "a program where the user's directory is somebody else's" preload true
    contains "start there: a warning" "another user's" "$(epmt start 2>&1)"
    equal "nothing is made there" "" "$(find "${dir%/*}" -path "*foreign*")"
    chown 0 "${dir%/*}"
    chmod 700 "${dir%/*}"
fi

# Many at once, as the prologs of many nodes.
export EPMT_JOB_ID=many
for i in $(seq 20); do
    (epmt start -e >/dev/null 2>&1; echo $?) >"start.$i" &
done
wait
equal "20 starts at once: one wins" "19 of 8, 1 of 0" \
    "$(cat start.* | sort | uniq -c | awk '{ print $1 " of " $2 }' | sort -rn | paste -sd, | sed 's/,/, /')"
equal "nothing is left but the metadata" job_metadata.json "$(ls -A "$EPMT_OUTPUT_PREFIX$user/many")"
check "they are whole" python3 -m json.tool "$EPMT_OUTPUT_PREFIX$user/many/job_metadata.json"
epmt run true
for i in $(seq 20); do
    (epmt stop -e >/dev/null 2>&1; echo $?) >"stop.$i" &
done
wait
equal "20 stops at once: no failure but of those that came late" "" \
    "$(cat stop.* | grep -vE '^(0|8)$')"
check "20 stops at once: one job file" epmt dump -k jobid "$EPMT_OUTPUT_PREFIX$user/many/many.h5"
equal "nothing but it is left" many.h5 "$(ls -A "$EPMT_OUTPUT_PREFIX$user/many")"
export EPMT_JOB_ID=many2
for i in $(seq 20); do
    (epmt start >/dev/null 2>&1; echo $?) >"start.$i" &
done
wait
equal "20 starts without -e: all are well" "20 0" "$(cat start.* | sort | uniq -c | xargs)"
finish
