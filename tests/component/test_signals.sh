#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 120
# Signals as a program sees them are the same with and without the preload, also where stacks of crashes
# are asked for.
. "$(dirname "$0")/../lib.sh"

program=$EPMT_BUILD/tests/component/signals

# Runs one mode both ways; how many lines it must have printed shows that it did its work.
mode() { # NAME LINES STATE|SIGNAL
    TEST_DB=$TEST_DIR/$1-$EPMT_CRASH_STACK.db
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$1-$EPMT_CRASH_STACK/ EPMT_JOB_ID=$1
    export EPMT_DB_URL=sqlite:///$TEST_DB
    run_both "$1 ($EPMT_CRASH_STACK)" "$program" "$1"
    check "$1: it said much" [ "$(wc -l <"$TEST_DIR/preloaded.out")" -ge "$2" ]
    check "$1: submit" epmt submit "$EPMT_OUTPUT_PREFIX"
    equal "$1: how it ended" "$3" "$(sql "select state || '|' || exitsignal from processes
        where state != 'exec' and exename = 'signals' order by start, pid limit 1")"
}

for EPMT_CRASH_STACK in 0 2; do
    export EPMT_CRASH_STACK
    [ $EPMT_CRASH_STACK = 0 ] || PRELOAD=$PRELOAD:$EPMT_PREFIX/lib/epmt/libepmt-crash.so
    mode see_actions 8000 'exited|0'
    mode see_signal 1900 'exited|0'
    mode see_effects 7 'signaled|1'
    mode see_recovery 1 'exited|0'
    mode see_ends 180 'exited|0'
    # SIGKILL and the real-time ones are known from the wait alone.
    equal "see_ends: each fatal signal has its rows" "killed|32 signaled|22" "$(sql \
        "select state || '|' || count(*) from (select state from processes where exitsignal > 0
         group by state, exitsignal having count(*) = 3) group by state order by state" | paste -sd ' ')"
    mode see_exec 5 'signaled|10'
done
finish
