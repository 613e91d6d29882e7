#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
# Ways to begin and to end a process or a thread: the program behaves as without the preload, and
# its rows say what happened.
. "$(dirname "$0")/../lib.sh"

program=$EPMT_BUILD/tests/component/ends

# Runs one mode both ways; afterwards its rows are alone in the database.
mode() { # NAME
    TEST_DB=$TEST_DIR/$1.db
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$1/ EPMT_JOB_ID=$1 EPMT_DB_URL=sqlite:///$TEST_DB
    run_both "$1" "$program" "$1"
    check "$1: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
}

ended() { # NAME STATE|CODE|SIGNAL|THREADS
    mode "$1"
    equal "$1: row" "$2" \
        "$(sql "select state, exitcode, exitsignal, numtids from processes where exename = 'ends'")"
}

ended end_return 'exited|3|0|1'
ended end_exit 'exited|4|0|1'
ended end__exit 'exited|5|0|1'
ended end__Exit 'exited|6|0|1'
ended end_quick_exit 'exited|7|0|1'
ended end_err 'exited|8|0|1'
ended end_error 'exited|9|0|1'
ended end_abort 'signaled||6|1'
ended end_segv 'signaled||11|1'
ended end_term 'signaled||15|1'
ended end_kill 'killed|||'
ended end_syscall 'exited|10|0|1'
ended end_syscall_exit 'exited|12|0|1'
ended end_syscall_exit_in_thread 'exited|13|0|2'
ended end_syscall_in_vfork_child 'exited|14|0|1'
mode see_syscall
contains "syscall: six arguments" "the second page, errno 7" "$(cat "$TEST_DIR/preloaded.out")"
ended end_exit_in_thread 'exited|11|0|2'
ended end_pthread_exit 'exited|0|0|2'
ended end_while_threads_run 'exited|0|0|4'
equal "threads that still run have a row" 4 "$(sql 'select count(*) from threads')"
ended end_before_threads_run 'exited|0|0|201'
equal "threads that have not run yet have a row" 201 "$(sql 'select count(distinct tid) from threads')"
ended end_c11_threads 'exited|0|0|5'
equal "C11 threads have a row" 5 "$(sql 'select count(distinct start) from threads')"
ended end_cancelled_threads 'exited|0|0|5'
equal "cancelled threads have a row" 5 "$(sql 'select count(*) from threads')"
ended end_many_threads 'exited|0|0|2001'
equal "each of 2000 threads has a row" 2001 "$(sql 'select count(*) from threads')"
equal "the process is the sum of its threads" 1 "$(sql \
    'select p.usertime = sum(t.usertime) and p.vol_ctxsw = sum(t.vol_ctxsw)
     from processes p join threads t on t.process_id = p.id')"

mode begin_fork
equal "fork: two rows, the child under its parent" 'exited|20' "$(sql \
    'select c.state, c.exitcode from processes c join processes p on c.ppid = p.pid')"
mode begin_vfork
equal "vfork: the parent, and the program that the child became" 'ends|0 true|0' "$(sql \
    "select group_concat(exename || '|' || exitcode, ' ')
     from (select * from processes order by exename)")"
mode begin_spawn
equal "posix_spawn, system, popen" 'ends,sh,sh,true' "$(sql \
    'select group_concat(exename) from (select exename from processes order by 1)')"
equal "system: exit code" 1 "$(sql "select count(*) from processes where exitcode = 22")"
mode begin_exec
equal "exec chain: each image a row, in order" 'ends|exec|0 sh|exec|1 sh|exited|2' "$(sql \
    "select group_concat(exename || '|' || state || '|' || generation, ' ')
     from (select * from processes order by generation)")"
# Children that no wrapper sees: by what the kernel knows of the thread, and by a page that it wipes.
for tunables in "" glibc.pthread.rseq=0; do
    export GLIBC_TUNABLES=$tunables
    mode begin_raw_clone
    equal "clone without the C library: the child has a row ($tunables)" 24 "$(sql \
        'select c.exitcode from processes c join processes p on c.ppid = p.pid')"
    mode begin_raw_vfork
    equal "vfork without the C library: only who shares no memory has a row ($tunables)" \
        'ends|signaled|10 true|exited|0' "$(sql "select group_concat(exename || '|' || state || '|' ||
            exitsignal, ' ') from (select * from processes order by exename)")"
    if can_mount; then
        run_both namespaces unshare --pid --fork --mount-proc "$program" begin_raw_namespace
        check "namespaces: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
        equal "clone into a pid namespace, from the first process of another ($tunables)" "0 29" \
            "$(sql "select group_concat(exitcode, ' ') from (select * from processes
                where exename = 'ends' and args like '%namespace%' order by exitcode)")"
    fi
    rm -rf "$TEST_DIR"/begin_raw_*
done
unset GLIBC_TUNABLES
equal "one page is wiped where the kernel knows nothing of the thread" 1 "$(strace -E \
    LD_PRELOAD="$PRELOAD" -E GLIBC_TUNABLES=glibc.pthread.rseq=0 /bin/true 2>&1 | grep -c WIPEONFORK)"
mode begin_daemon
equal "daemon: each process has a row" 'ends|0 ends|25 ends|26' "$(sql \
    "select group_concat(exename || '|' || exitcode, ' ')
     from (select * from processes order by exitcode)")"
mode see_signals
mode see_eintr
mode see_descriptors

# Ignored signals stay ignored across exec.
for how in "trap '' TERM HUP; exec sh -c 'kill -TERM \$\$; kill -HUP \$\$; echo survived'" \
    "trap 'echo caught' USR1; kill -USR1 \$\$; echo done" "kill -PIPE \$\$" \
    "nohup sh -c 'kill -HUP \$\$; echo survived' 2>/dev/null"; do
    run_both "sh -c \"$how\"" sh -c "$how"
    run_both "bash -c \"$how\"" bash -c "$how"
done

# EPMT_DISABLE: nothing is written.
export EPMT_OUTPUT_PREFIX=$TEST_DIR/disabled/ EPMT_DISABLE=1
run_both "disabled" "$program" begin_fork
equal "disabled: nothing is written" "" "$(find "$TEST_DIR/disabled" -type f 2>/dev/null)"
finish
