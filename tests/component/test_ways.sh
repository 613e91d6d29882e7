#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# Further ways to end and to begin a process, a table: each behaves as without the preload, and
# leaves the rows that the table says.
. "$(dirname "$0")/../lib.sh"

bin=$EPMT_BUILD/tests/component
cd "$TEST_DIR" || exit 1
ulimit -c 0

# MODE PROGRAM:STATE:CODE OR SIGNAL:THREADS..., sorted; of several that are alike the number first.
table() {
    cat <<'T'
end_exit_minus_1            ways:exited:255:1
end_exit_0x1234             ways:exited:52:1
end_errx                    ways:exited:12:1
end_error_at_line           ways:exited:14:1
end_assert                  ways:signaled:6:1
end__exit_in_atexit         ways:exited:15:1
end__exit_in_at_quick_exit  ways:exited:15:1
end_abort_in_at_quick_exit  ways:signaled:6:1
end_exit_in_handler         ways:exited:16:1
end__exit_in_handler        ways:exited:17:1
end_handler_then_default    ways:signaled:15:1
end_fault_then_default      ways:signaled:11:1
end_handler_once            ways:signaled:15:1
end_failed_exec_and_kill    ways:killed:-:1
end_thrd_exit               ways:exited:0:2
begin_exec_family           9*ways:exec:-:1 sh:exited:20:1 sh:exited:21:1 sh:exited:22:1 sh:exited:23:1 sh:exited:24:1 sh:exited:25:1 sh:exited:26:1 sh:exited:27:1 sh:exited:28:1 ways:exited:20:1
begin_exec_bad_address      ways:exited:20:1
begin_exec_in_thread        sh:exited:21:1 ways:exec:-:5
begin__Fork                 ways:exited:0:1 ways:exited:22:1
begin_and_be_killed         4*ways:killed:9:- ways:exited:0:1
begin_clone_and_return      ways:exited:0:1 ways:exited:23:1
begin_without_environment   ways:exited:24:1
threads_that_work           ways:exited:25:4
T
}

export EPMT_DB_URL=sqlite:///$TEST_DB
while read -r mode expected; do
    export EPMT_JOB_ID=$mode
    run_both "$mode" "$bin/ways" "$mode"
    cp "$TEST_DIR/preloaded.out" "$TEST_DIR/$mode.out"
done < <(table)
check "submit" epmt submit "$EPMT_OUTPUT_PREFIX"
while read -r mode expected; do
    equal "$mode: rows" "$expected" "$(sql "
        select case count(*) when 1 then '' else count(*) || '*' end || exename || ':' || state || ':' ||
               coalesce(nullif(exitsignal, 0), exitcode, '-') || ':' || coalesce(numtids, '-')
        from (select p.* from processes p join jobs on jobs.id = job_id where jobid = '$mode')
        group by exename, state, exitcode, exitsignal, numtids order by 1" | LC_ALL=C sort | paste -sd ' ')"
done < <(table)

# One column of the one row of a mode.
of() { # MODE COLUMN
    sql "select $2 from (select p.* from processes p join jobs on jobs.id = job_id where jobid = '$1') p"
}

equal "a program that an exec left, and that exec's, are one process" 1 \
    "$(of begin_exec_in_thread 'count(distinct pid)')"
equal "children without us are counted where they were begun, those that failed are not" 4 \
    "$(of begin_without_environment uninstrumented)"
equal "nothing is added to a child's environment" 'A=1 A=1' \
    "$(grep A= "$TEST_DIR/begin_without_environment.out" | paste -sd ' ')"
equal "a record where no environment lacked us says nothing" 0 \
    "$(sql "select count(uninstrumented) from processes join jobs on jobs.id = job_id
            where jobid != 'begin_without_environment'")"
busy=$(sql "select count(*), count(distinct t.tid), min(t.usertime + t.systemtime) >= 40000,
                   max(t.usertime + t.systemtime) < 10000000, min(t.\"end\" - t.start) >= 40000
            from threads t join processes p on p.id = process_id join jobs on jobs.id = job_id
            where jobid = 'threads_that_work' and t.tid != p.pid")
equal "each thread's row has what that thread used: ended, detached, alive" '3|3|1|1|1' "$busy"

# Bounded memory: what has no row is counted.
for limit in "0 300" "1 20000"; do
    export EPMT_JOB_ID="overflow ${limit% *}" EPMT_THREAD_ROWS_MIB=${limit% *} threads=${limit#* }
    run_both "more threads than rows" "$bin/begins" threads_short "$threads"
    unset EPMT_THREAD_ROWS_MIB
    check "more threads than rows: submit" epmt submit
    equal "more threads than rows: those without are counted" "$((threads + 1))|$((threads + 1))|1" \
        "$(of "$EPMT_JOB_ID" "numtids, threads_lost > 0, threads_lost +
            (select count(*) from threads where process_id = p.id)" | awk -F '|' '{ print $1 "|" $3 "|" $2 }')"
done

# A program that goes elsewhere while the prefix is a relative one.
mkdir "$TEST_DIR/relative" "$TEST_DIR/elsewhere"
cd "$TEST_DIR/relative" || exit 1
export EPMT_JOB_ID=relative
EPMT_OUTPUT_PREFIX=out preload perl -e 'chdir "../elsewhere"; exit 19'
equal "a relative prefix is that of the beginning" "" "$(ls "$TEST_DIR/elsewhere")"
check "a relative prefix: submit" epmt submit out
equal "a relative prefix: row" 'exited|19' "$(of relative "state, exitcode")"

# Whoever ends the process beside a thread that does so already waits until that one's record is
# written, however long the journal is in use.
cd "$TEST_DIR" || exit 1
export EPMT_JOB_ID=end_two_at_once
preload "$bin/ways" end_two_at_once &
program=$!
for _ in $(seq 500); do
    journal=$(find "$EPMT_OUTPUT_PREFIX" -path '*end_two_at_once*' -name '*.journal' -size +0)
    [ -n "$journal" ] && break
    sleep 0.01
done
(
    flock -x 9
    : >go
    sleep 2.5
) 9<>"$journal"
wait $program
equal "two ends while the journal is in use: exit status" 18 $?
check "two ends while the journal is in use: submit" epmt submit
equal "two ends while the journal is in use: row" 'exited|18' "$(of end_two_at_once "state, exitcode")"
finish
