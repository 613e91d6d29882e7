#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 120
# Crashes: the process dies as without the preload, in the same frame, and its row has the stack.
. "$(dirname "$0")/../lib.sh"

program=$EPMT_BUILD/tests/component/crash
export EPMT_CRASH_STACK=2
installed=$PRELOAD
PRELOAD=$PRELOAD:$EPMT_PREFIX/lib/epmt/libepmt-crash.so # as epmt run does it

# One way both ways; then its row: the end, and functions of the stack, innermost first.
crash() { # WAY STATE|SIGNAL FUNCTIONS
    local job=$1-${EPMT_CRASH_STACK:-default}
    TEST_DB=$TEST_DIR/$job.db
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$job/ EPMT_JOB_ID=$job EPMT_DB_URL=sqlite:///$TEST_DB
    run_both "$1" "$program" "$1"
    check "$1: submit" epmt submit "$EPMT_OUTPUT_PREFIX"
    equal "$1: how it ended" "$2" "$(sql "select distinct state || '|' || coalesce(exitsignal, '')
        from processes where exename = 'crash'")"
    equal "$1: stack" "$3" "$(sql "select crashstack from processes where crashstack is not null
        order by pid desc limit 1" | grep -oE '(crash|divide|abort|overflow)_[a-z]+' | uniq |
        paste -sd' ')"
}

crash segv 'signaled|11' 'crash_inner crash_outer'
contains "segv: a frame is module and offset" "tests/component/crash+0x" \
    "$(sql 'select crashstack from processes')"
crash fpe 'signaled|8' 'divide_inner'
crash aborts 'signaled|6' 'abort_inner'
crash overflow 'signaled|11' 'overflow_inner'
crash thread_segv 'signaled|11' 'crash_inner crash_outer'
crash thread_overflow 'signaled|11' 'overflow_inner'
crash fork_overflow 'signaled|11' 'overflow_inner'
crash handled_segv 'signaled|11' 'crash_inner crash_outer'
crash handled_once 'signaled|11' 'crash_inner crash_outer'
crash handled_overflow 'signaled|11' 'overflow_inner'
crash handled_thread_overflow 'signaled|11' 'overflow_inner'
crash handled_and_lives 'exited|0' ''
# The program's stacks are its own: what is to end the process runs on one of these if it is large.
crash own_stack_overflow 'signaled|11' 'overflow_inner'
crash own_small_stack_overflow 'killed|' ''

# A core dump is of this frame.
for way in segv fpe overflow; do
    run_both "frame of $way" "$program" frame $way
    equal "frame of $way: it is the function's" "dies in the function: 1" \
        "$(head -n 1 "$TEST_DIR/preloaded.out")"
done
(ulimit -c unlimited && cd "$TEST_DIR" && run_both "with a core dump" "$program" segv)

# By default a process that is no MPI rank has none, and loads nothing for it.
unset EPMT_CRASH_STACK
PRELOAD=$installed
crash segv 'signaled|11' ''

# epmt run loads what it takes, once, and takes it away again; the environment stays whole.
TEST_DB=$TEST_DIR/run.db
export EPMT_OUTPUT_PREFIX=$TEST_DIR/run/ EPMT_JOB_ID=run EPMT_DB_URL=sqlite:///$TEST_DB EPMT_CRASH_STACK=2
equal "epmt run: the status" 139 "$(epmt run epmt run "$program" segv >/dev/null 2>&1; echo $?)"
equal "epmt run: the environment" "$(env | grep -vE '^(_|SHLVL)=' | sort)" \
    "$(epmt run env | grep -vE '^(LD_PRELOAD|_|SHLVL)=' | sort)"
equal "epmt run: each library once" "2" \
    "$(epmt run epmt run sh -c 'echo "$LD_PRELOAD"' | tr ':' '\n' | grep -c libepmt)"
epmt submit >/dev/null 2>&1
contains "epmt run: the stack" crash_inner "$(sql "select crashstack from processes")"
unset EPMT_CRASH_STACK

# Fortran's own report.
cat >"$TEST_DIR/report.f90" <<'F'
program report
    integer, pointer :: nothing
    nullify(nothing)
    print *, 'before'
    nothing = 1
end program report
F
if command -v gfortran >/dev/null; then
    (cd "$TEST_DIR" && gfortran -g -O0 -o report report.f90)
    for stack in 0 2; do
        export EPMT_CRASH_STACK=$stack EPMT_JOB_ID=report$stack
        [ $stack = 0 ] || PRELOAD=$installed:$EPMT_PREFIX/lib/epmt/libepmt-crash.so
        wait_status "$TEST_DIR/status" env LD_PRELOAD="$PRELOAD" "$TEST_DIR/report" >"$TEST_DIR/out" 2>"$TEST_DIR/err"
        contains "Fortran, crash_stack $stack: its own report" "Program received signal SIGSEGV" \
            "$(cat "$TEST_DIR/err")"
        contains "Fortran, crash_stack $stack: with its backtrace" "#1  0x" "$(cat "$TEST_DIR/err")"
    done
fi
finish
