#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# A real Slurm of four nodes, with the task prolog and epilog and the node epilog of slurm/: serial
# steps, several steps of both MPIs, mpirun in a batch script, job arrays, a job that its time limit
# ends, scancel and a requeue. One job each, with all its steps, and the true end.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/cluster.sh"

if [ "$(id -u)" != 0 ]; then
    echo "# a Slurm of one's own needs root: checked by the continuous integration"
    check "the other tests run without" true
    finish
fi
scripts=$EPMT_PREFIX/share/epmt/slurm

# The epilog of a node has slurmd's own environment; a site's settings are in /etc/epmt/epmt.conf.
cat >"$TEST_DIR/epilog" <<S
#!/bin/sh
EPMT_OUTPUT_PREFIX=$EPMT_OUTPUT_PREFIX exec $scripts/slurm_epilog_epmt.sh
S
chmod +x "$TEST_DIR/epilog"
SLURM_MORE="TaskProlog=$scripts/slurm_task_prolog_epmt.sh
TaskEpilog=$scripts/slurm_task_epilog_epmt.sh
Prolog=$scripts/slurm_prolog_epmt.sh
Epilog=$TEST_DIR/epilog"
trap 'slurm_down; test_exit' EXIT
check "Slurm comes up" slurm_up 4
cd "$TEST_DIR" || exit 1

batch() { # NAME OPTION... <SCRIPT: prints the job id
    local name=$1
    shift
    cat >"$name.sbatch"
    sbatch --parsable --job-name "$name" --output "$name.out" "$@" "$name.sbatch"
}
of_job() { # COLUMN JOBID
    sql "select $1 from jobs where jobid = '$2'"
}
rows() { # JOBID: programs with their ends, launchers left out
    sql "select group_concat(what, ' ') from (select exename || ':' || coalesce(p.exitcode,
        'signal ' || nullif(exitsignal, 0), state) what from processes p join jobs j on
        j.id = p.job_id where j.jobid = '$1' and not p.launcher and state != 'exec' order by what)"
}

limit=$(batch limit -N1 -t 0:01 <<'S'
#!/bin/bash
sleep 200
S
)
again=$(batch again -N1 --requeue <<'S'
#!/bin/bash
if [ "${SLURM_RESTART_COUNT:-0}" = 0 ]; then
    touch started
    sleep 200
fi
: >begun_again
uname >/dev/null
exit 4
S
)
cancelled=$(batch cancelled -N1 <<'S'
#!/bin/bash
touch running
srun sleep 200
S
)
array=$(batch array --array=1-2 -N1 <<'S'
#!/bin/bash
exit "$SLURM_ARRAY_TASK_ID"
S
)
srun -N1 -n1 --quiet bash -c 'echo "to stdout $1"; echo "to stderr" >&2; exit 5' bash a >serial.out 2>serial.err
equal "srun: the exit status is the task's" 5 $?
equal "srun: standard output" "to stdout a" "$(cat serial.out)"
equal "srun: standard error" "to stderr
srun: error: nN: task 0: Exited with exit code 5" "$(sed 's/ n[1-4]:/ nN:/' serial.err)"
serial=$(scontrol -o show job | sed -n 's/JobId=\([0-9]*\) JobName=bash .*/\1/p')

several=$(batch several -N2 -n4 <<S
#!/bin/bash
export EPMT_JOB_TAGS=exp_name:several
srun -N2 -n2 hostname | sort
EPMT_TAGS=op:openmpi srun -N2 -n4 --mpi=pmix $(examples openmpi)/hello
EPMT_TAGS=op:mpich srun -N2 -n4 --mpi=pmi2 $(examples mpich)/hello
srun -N1 -n2 --mpi=pmix $(examples openmpi)/hello >first.out &
srun -N1 -n2 --mpi=pmix $(examples openmpi)/hello >second.out &
wait
exit 3
S
)
# shellcheck disable=SC2154
mpirun=$(batch mpirun -N2 -n4 <<S
#!/bin/bash
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
$mpirun_openmpi --oversubscribe --mca btl_tcp_if_include lo --mca oob_tcp_if_include lo -n 4 $(examples openmpi)/hello
S
)

for _ in $(seq 300); do [ -e running ] && [ -e started ] && break; sleep 0.1; done
sleep 0.5 # the step of the one that is cancelled
check "scancel" scancel "$cancelled"
check "requeue" scontrol requeue "$again"
for _ in $(seq 300); do # it is put off by two minutes
    scontrol update jobid="$again" StartTime=now 2>/dev/null
    [ -e begun_again ] && break
    sleep 0.2
done
for job in "$serial" "$cancelled" "$again" "$array" "$several" "$mpirun" "$limit"; do
    check "job $job ends" slurm_wait "$job"
done
check "submit" epmt submit "$EPMT_OUTPUT_PREFIX$(id -un)"

equal "srun: one job with its exit code" "1|bash|5|exited" \
    "$(sql "select count(*), jobname, exitcode, reason from jobs where jobid = '$serial'")"
equal "srun: its one process" "bash:5" "$(rows "$serial")"

equal "several steps: one job" "1" "$(of_job 'count(*)' "$several")"
equal "several steps: exit code and reason" "3|exited" \
    "$(of_job "exitcode || '|' || reason" "$several")"
equal "several steps: name, cluster, tags" "several|test|exp_name:several" \
    "$(of_job "jobname || '|' || cluster || '|' || tags" "$several")"
equal "several steps: every one is complete" "4|12|12" "$(sql "select count(*), sum(s.numranks),
    sum(s.ranks_reported) from steps s join jobs j on j.id = s.job_id where jobid = '$several' and
    s.complete = 1 and numranks in (2, 4)")"
equal "several steps: each rank once, on two nodes" \
    "op:mpich|4|4|2
op:openmpi|4|4|2" "$(sql "select p.tags, count(*), count(distinct mpirank), count(distinct p.hostname)
    from processes p join jobs j on j.id = p.job_id where jobid = '$several' and p.tags is not null
    and mpirank is not null and numranks = 4 group by p.tags order by p.tags")"
equal "several steps: programs of the batch script and of its steps" \
    "hello:12 hostname:2 slurm_script:1 sort:1" "$(sql "select group_concat(what, ' ') from (
    select exename || ':' || count(*) what from processes p join jobs j on j.id = p.job_id
    where jobid = '$several' and not launcher and state != 'exec' group by exename order by 1)")"
equal "several steps: srun is there as a launcher" "srun" "$(sql "select group_concat(distinct exename)
    from processes p join jobs j on j.id = p.job_id where jobid = '$several' and launcher = 1")"
equal "several steps: no program's output is changed" "2 8 2 2" "$(grep -c '^n[1-4]$' several.out) $(grep \
    -c ' of 4' several.out) $(grep -c . first.out) $(grep -c . second.out)"

equal "several steps: people do not see launchers, programs do" "0 yes" "$(epmt show "$several" |
    grep -c ' srun ') $(epmt show "$several" --format csv | grep -q ',srun,' && echo yes)"

equal "mpirun in a batch script: its ranks" "4|4|2" "$(sql "select count(*), count(distinct mpirank),
    count(distinct p.hostname) from processes p join jobs j on j.id = p.job_id where
    jobid = '$mpirun' and numranks = 4")"
equal "mpirun in a batch script: launchers are marked" "mpirun.openmpi,orted,srun" "$(sql "select
    group_concat(exename) from (select distinct exename from processes p join jobs j on j.id = p.job_id
    where jobid = '$mpirun' and launcher = 1 order by exename)")"

equal "job array: a job for each task" "2|1,2" "$(sql "select count(*), group_concat(exitcode) from
    (select exitcode from jobs where jobname = 'array' order by exitcode)")"
equal "several steps: it was submitted before it began" 1 "$(of_job 'submit <= start + 1000000 and
    submit > start - 600000000' "$several")"
equal "time limit: reason" "TIMEOUT" "$(of_job reason "$limit")"
contains "time limit: epmt show" ": TIMEOUT" "$(epmt show "$limit" | head -n 1)"
equal "time limit: its processes" "sleep:signal 15 slurm_script:signal 15" "$(rows "$limit")"
equal "scancel: reason" "CANCELLED" "$(of_job reason "$cancelled")"
equal "requeue: one job that was begun twice" "1|1|4|exited" "$(sql "select count(*), restart, exitcode,
    reason from jobs where jobid = '$again'")"
equal "requeue: both runs are in it" "2" "$(sql "select count(*) from processes p join jobs j on
    j.id = p.job_id where jobid = '$again' and exename = 'slurm_script' and state != 'exec'")"
equal "no prolog, no epilog, no epmt" "" "$(sql "select group_concat(distinct exename) from processes
    where exename like '%epmt%' or exename like '%prolog%' or exename like '%epilog%' or
    exename in ('scontrol', 'dirname', 'readlink', 'sed')")"
equal "submit again adds nothing" "" "$(epmt submit "$EPMT_OUTPUT_PREFIX$(id -un)" | grep Imported)"
finish
