#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# Serial programs and job scripts: start, run, stop, source and `epmt -a run`.
. "$(dirname "$0")/../lib.sh"

cat >"$TEST_DIR/job.sh" <<'EOF'
#!/bin/sh
/bin/echo one | /bin/cat
(exit 3)
/bin/true &
wait
exit 5
EOF
chmod +x "$TEST_DIR/job.sh"

new_job() { # ID
    TEST_DB=$TEST_DIR/$1.db
    export EPMT_JOB_ID=$1 EPMT_DB_URL=sqlite:///$TEST_DB
}

new_job auto
out=$(epmt -a run "$TEST_DIR/job.sh" a 'b  c' '' '$HOME' 2>"$TEST_DIR/err")
equal "-a run: the program's exit status" 5 $?
equal "-a run: the program's output" one "$out"
equal "-a run: nothing else is said" "" "$(cat "$TEST_DIR/err")"
user=$(basename "$(dirname "$(dirname "$(find "$EPMT_OUTPUT_PREFIX" -name auto.h5)")")")
equal "-a run: one file is left" "auto.h5" "$(ls -A "$EPMT_OUTPUT_PREFIX$user/auto")"
check "-a run: submit" epmt submit
equal "-a run: a row for each image of the tree" \
    'cat echo job.sh job.sh job.sh job.sh job.sh true' "$(sql \
        "select group_concat(exename, ' ') from (select exename from processes order by 1)")"
equal "-a run: arguments keep their boundaries" '["a","b  c","","$HOME"]' "$(sql \
    "select distinct args from processes where exitcode = 5")"
equal "-a run: exit code of the job" 5 "$(sql 'select exitcode from jobs')"
out=$(epmt submit)
equal "submit again: exit status" 0 $?
contains "submit again: says so" auto "$out"
equal "submit again: adds nothing" 1 "$(sql 'select count(*) from jobs')"

new_job short
epmt run -a sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done; :'
check "short programs: submit" epmt submit
# Of so short a run the kernel's own ticks know nothing: it has to be asked for the time of this moment.
equal "short programs: their CPU time is there" 10 "$(sql "select count(*) from processes
    where exename = 'true' and usertime + systemtime > 0.8 * time_oncpu / 1000")"

new_job auto2
epmt run -a sh -c 'kill -TERM $$'
equal "run -a: a signal as 128 + its number" 143 $?

new_job steps
check "start" epmt start
check "start again is no error" epmt start
fail_if "start -e again is one" epmt start -e
epmt run /bin/sh -c 'exit 7'
equal "run: the program's exit status" 7 $?
epmt run /bin/true
equal "run: once more" 0 $?
epmt run "$TEST_DIR/no-such-program" 2>"$TEST_DIR/err"
equal "run: no such program" 127 $?
equal "run: one line says so" 1 "$(wc -l <"$TEST_DIR/err")"
check "stop" epmt stop
check "stop again is no error" epmt stop
fail_if "stop -e again is one" epmt stop -e
check "submit" epmt submit
equal "start, run, run, stop: both programs are there" 'sh|7 true|0' "$(sql \
    "select group_concat(exename || '|' || exitcode, ' ')
     from (select * from processes order by exename)")"

new_job sourced
epmt start
# shellcheck disable=SC2016
bash -c 'eval `epmt source`; /bin/true; epmt_uninstrument; /bin/false; exit 0'
epmt stop
epmt submit >/dev/null
equal "source in bash: what ran between" true \
    "$(sql "select exename from processes where exename in ('true', 'false')")"
new_job sourced-csh
epmt start
cat >"$TEST_DIR/job.csh" <<'EOF'
eval `epmt source --csh`
/bin/true
epmt_uninstrument
/bin/false
EOF
csh -f "$TEST_DIR/job.csh"
epmt stop
epmt submit >/dev/null
equal "source in csh: what ran between" true \
    "$(sql "select exename from processes where exename in ('true', 'false')")"

# Without a job id: the session's. start, run, stop and submit share nothing but the session.
unset EPMT_JOB_ID
TEST_DB=$TEST_DIR/session.db
export EPMT_DB_URL=sqlite:///$TEST_DB EPMT_OUTPUT_PREFIX=$TEST_DIR/session/
for n in 1 2; do
    setsid -w bash -c 'epmt start && epmt run /bin/true && epmt stop && epmt submit' \
        >"$TEST_DIR/said" 2>&1
    equal "session $n: exit status" 0 $?
done
equal "two sessions, two jobs" 2 "$(sql 'select count(*) from jobs')"
setsid -w bash -c 'epmt -a run /bin/true; epmt -a run /bin/false; epmt submit' >/dev/null 2>&1
equal "two jobs in one session: <session> and <session>-2" 2 "$(sql \
    "select count(*) from jobs join processes on job_id = jobs.id
     where user = user and jobid in (select jobid || '-2' from jobs) and exename = 'false'
        or jobid || '-2' in (select jobid from jobs) and exename = 'true'")"

# A job that crashed before stop, and one that still runs.
export EPMT_OUTPUT_PREFIX=$TEST_DIR/crashed/
new_job crashed
preload sh -c 'kill -9 $$' 2>/dev/null
check "a crashed job is submitted without stop" epmt submit
equal "the job is of the directory's owner" "$(id -un)" "$(sql 'select user from jobs')"
equal "its process was killed" killed "$(sql 'select state from processes')"
new_job running
env LD_PRELOAD="$PRELOAD" sleep 30 >/dev/null 2>&1 &
sleeper=$!
for _ in $(seq 100); do
    find "$EPMT_OUTPUT_PREFIX" -path '*running*' -name '*.journal' -size +0 | grep -q . && break
    sleep 0.05
done
unset EPMT_JOB_ID
epmt submit >"$TEST_DIR/said" 2>&1
equal "a running job is left alone" 0 "$(find "$EPMT_OUTPUT_PREFIX" -path '*running*.h5' | wc -l)"
kill $sleeper
finish
