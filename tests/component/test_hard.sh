#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
# Programs that are hard on whoever shares a process with them: limits, races at the end, handlers
# in the wrong moment, little memory and small stacks. They behave as without the preload, and
# their rows are there.
. "$(dirname "$0")/../lib.sh"

program=$EPMT_BUILD/tests/component/hard
ulimit -c 0 # a core dump of each trap takes its time, and says no more

mode() { # NAME
    TEST_DB=$TEST_DIR/$1.db
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$1/ EPMT_JOB_ID=$1 EPMT_DB_URL=sqlite:///$TEST_DB
    run_both "$1" "$program" "$1"
    check "$1: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
}

rows() { # NAME STATE|CODE|SIGNAL ...
    mode "$1"
    equal "$1: rows" "$2" "$(sql "select group_concat(row, ' ') from
        (select state || '|' || coalesce(exitcode, '') || '|' || coalesce(exitsignal, '') as row
         from processes order by start, pid)")"
}

rows hard_trap 'signaled||5'
rows hard_file_size 'killed||'
rows hard_soft_file_size 'exited|45|0'
rows hard_no_descriptors 'exited|46|0 exited|46|0'
rows hard_all_keys 'exited|47|0'
equal "hard_all_keys: a thread without a row is counted" '2|1' \
    "$(sql 'select numtids, threads_lost from processes')"
rows hard_two_ends 'exited|32|0'
rows hard_atfork 'exited|33|0 exited|33|0'
mode hard_first_process
equal "hard_first_process: no row says that a signal ended it" 0 \
    "$(sql "select count(*) from processes where state != 'exited'")"
rows hard_jump_out 'exited|35|0'
rows hard_small_stack 'exited|36|0'
rows hard_no_memory 'exited|37|0'
equal "hard_no_memory: what has no row is counted" 401 \
    "$(sql 'select threads_lost + (select count(*) from threads) from processes')"
mode hard_daemon_killed
equal "hard_daemon_killed: the daemon has a row" 'exited|0 exited|38 killed|' "$(sql \
    "select group_concat(row, ' ') from (select state || '|' || coalesce(exitcode, '') as row
     from processes order by 1)")"
mode hard_forks_among_threads
equal "hard_forks_among_threads: a row for each child" 50 \
    "$(sql "select count(*) from processes where exitcode = 39 and numtids = 2")"
equal "hard_forks_among_threads: and for each thread" 805 \
    "$(sql "select count(*) from threads where process_id in
           (select id from processes where numtids > 2)")"
rows hard_cancelled 'exited|40|0'
equal "hard_cancelled: no more threads than there were" 1 \
    "$(sql 'select numtids > 1 and numtids <= 2001 from processes')"
rows hard_exits 'exited|41|0'

# The child has to wait for the journal; who its parent was it knows before.
export EPMT_OUTPUT_PREFIX=$TEST_DIR/gone/ EPMT_JOB_ID=gone EPMT_DB_URL=sqlite:///$TEST_DIR/gone.db
TEST_DB=$TEST_DIR/gone.db
env LD_PRELOAD="$PRELOAD" IN_USE="$TEST_DIR/in-use" "$program" hard_parent_gone 2>/dev/null &
parent=$!
until journal=$(find "$TEST_DIR/gone" -name '*.journal' -size +0 2>/dev/null) && [ -n "$journal" ]; do
    sleep 0.02
done
flock "$journal" sh -c "touch '$TEST_DIR/in-use'; until [ -e '$TEST_DIR/is-gone' ]; do sleep 0.02; done" &
wait $parent 2>/dev/null
equal "hard_parent_gone: the parent was killed" 137 $?
touch "$TEST_DIR/is-gone"
wait
check "hard_parent_gone: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
equal "hard_parent_gone: the child knows its parent" "exited|48|$parent" \
    "$(sql "select state, exitcode, ppid from processes where pid != $parent")"

# A limit on the size of files that stands before the program starts.
run_both "no file may be written" sh -c 'ulimit -f 0; exec /bin/true'

# Descriptors 0 to 2 are never ours, however the program left them.
env LD_PRELOAD="$PRELOAD" strace -f -o "$TEST_DIR/calls" -e trace=read,write,flock \
    sh -c 'exec <&- >&- 2>&-; /bin/true; exec /bin/true'
equal "closed descriptors: nothing is read or written by 0 to 2" "" \
    "$(grep -E '(write|flock)\([012],' "$TEST_DIR/calls")"
contains "closed descriptors: the records are written" "write(3," "$(cat "$TEST_DIR/calls")"

# A program that looks into every byte.
run_both "valgrind" valgrind -q --leak-check=full --show-leak-kinds=all --error-exitcode=9 /bin/true
finish
