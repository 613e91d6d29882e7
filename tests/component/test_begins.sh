#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
# The remaining ways to begin a process or a thread, and each signal that can end one: the program
# behaves as without the preload, and its rows say what happened.
. "$(dirname "$0")/../lib.sh"

bin=$EPMT_BUILD/tests/component
program=$bin/begins
number=0

# Runs a command both ways; afterwards its rows are alone in the database.
job() { # DESCRIPTION COMMAND...
    local description=$1
    shift
    number=$((number + 1))
    TEST_DB=$TEST_DIR/$number.db
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$number/ EPMT_JOB_ID=$number EPMT_DB_URL=sqlite:///$TEST_DB
    run_both "$description" "$@"
    submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
    equal "$description: submit says nothing but what it did" 1 \
        "$(grep -c '^Imported successfully' "$TEST_DIR/said")"
}

# The rows as PROGRAM:STATE:CODE OR SIGNAL, sorted, with a number where there are several alike.
rows() {
    sql "select case count(*) when 1 then '' else count(*) || '*' end || exename || ':' || state
         || ':' || case when exitsignal > 0 then 'signal ' || exitsignal
                        else coalesce(exitcode, '-') end
         from processes group by exename, state, exitcode, exitsignal order by 1" | paste -sd ' '
}

has_rows() { # DESCRIPTION ROWS COMMAND...
    local description=$1 expected=$2
    shift 2
    job "$description" "$@"
    equal "$description: rows" "$expected" "$(rows)"
}

mkdir "$TEST_DIR/bin"
printf 'exit "$1"\n' >"$TEST_DIR/bin/plain-script"
chmod +x "$TEST_DIR/bin/plain-script"
PATH=$TEST_DIR/bin:$PATH
script=$TEST_DIR/bin/plain-script

# Processes.
has_rows forkpty 'begins:exited:0 begins:exited:30' "$program" begin_forkpty
has_rows "exec chain of 50" '49*begins:exec:- begins:exited:32' "$program" begin_exec_chain 0 49
equal "exec chain: each image is a generation, in order" "$(seq -s ' ' 0 49)" \
    "$(sql "select json_extract(args, '\$[1]') from processes order by generation" | paste -sd ' ')"
equal "exec chain: generations 0 to 49" '0|49|50' \
    "$(sql 'select min(generation), max(generation), count(distinct generation) from processes')"
equal "exec chain: one pid" 1 "$(sql 'select count(distinct pid) from processes')"
has_rows "exec that fails" 'begins:exited:31' "$program" begin_exec_fails "$script"
equal "exec that fails: still one image" 0 "$(sql 'select generation from processes')"
has_rows "execvp of a script without #!" 'begins:exec:- sh:exited:7' \
    "$program" begin_execvp plain-script 7
has_rows "posix_spawnp of a script without #!" 'begins:exited:0' \
    "$program" begin_spawnp plain-script 7
has_rows "system of a script without #!" 'begins:exited:0 sh:exec:- sh:exited:7' \
    "$program" begin_system "exec $script 7"
for shell in sh bash; do
    job "$shell: a script without #!" $shell -c "$script 7; echo \$?"
    equal "$shell: a script without #!: its exit code" 1 \
        "$(sql 'select count(*) from processes where exitcode = 7')"
done
has_rows "double fork" 'begins:exited:0 begins:exited:33 begins:exited:34' \
    "$program" begin_double_fork
equal "double fork: the last one's parent is the middle one" 1 "$(sql \
    'select p.exitcode = 33 from processes c join processes p on c.ppid = p.pid
     where c.exitcode = 34')"
has_rows setsid 'begins:exited:0 begins:exited:35' "$program" begin_setsid
equal "setsid: the child leads a session" 1 \
    "$(sql 'select sid = pid and pgid = pid from processes where exitcode = 35')"
has_rows "clone" 'begins:exited:0 begins:exited:39 true:exited:0' "$program" begin_clone
has_rows "fork in a thread while others run" '10*begins:exited:41 begins:exited:0' \
    "$program" begin_fork_from_thread
equal "fork in a thread: the children have one thread" '1|10' \
    "$(sql 'select numtids, count(*) from processes where exitcode = 41 group by 1')"
has_rows "fork in a signal handler" 'begins:exited:0 begins:exited:42' \
    "$program" begin_fork_from_handler

# Environments and arguments that change.
has_rows "a child without environment" 'begins:exec:- begins:exited:37' \
    "$program" begin_empty_environment /bin/true
has_rows "env -i" 'env:exec:-' env -i /bin/sh -c 'env; exit 3'
export EPMT_TAGS="of:the parent"
has_rows "a child with another environment" 'begins:exec:- begins:exited:0 true:exited:0' \
    "$program" begin_changed_environment true
equal "tags are those of each image's environment" \
    'begins=of:the parent begins=of:the parent true=of:the child' \
    "$(sql "select exename || '=' || tags from processes order by 1" | paste -sd ' ')"
job "arguments and environment written over" "$program" begin_overwritten_arguments one two
equal "arguments written over: the row has what there was" \
    'exited|["begin_overwritten_arguments","one","two"]|of:the parent' \
    "$(sql 'select state, args, tags from processes')"
unset EPMT_TAGS
export EPMT_OUTPUT_PREFIX=$TEST_DIR/gone/ EPMT_JOB_ID=gone
preload /bin/true
directory=$(dirname "$(find "$EPMT_OUTPUT_PREFIX" -name '*.journal')")
EPMT_LOG=$TEST_DIR/log preload "$program" begin_overwritten_and_gone "$directory"
equal "environment written over: a message is where it was to be" 1 \
    "$(grep -c 'cannot open' "$TEST_DIR/log")"

# Memory for a record that has long arguments.
LONG=$(head -c 120000 /dev/zero | tr '\0' x)
export LONG
job "long arguments" sh -c 'exec /bin/true "$LONG"'
equal "long arguments: the row has them" '120004|' \
    "$(sql "select length(args), texts_lost from processes where exename = 'true'")"
tight() { # MODE: with as much memory as it begins with, and less than a record needs more
    export TEST_DB=$TEST_DIR/$1.db EPMT_OUTPUT_PREFIX=$TEST_DIR/$1/ EPMT_JOB_ID=$1
    export EPMT_DB_URL=sqlite:///$TEST_DB
    for kib in $(seq 3000 128 20000); do
        preload sh -c 'ulimit -S -v $1; exec "$PROGRAM" "$2" $LONG $LONG $LONG $LONG $LONG $LONG' \
            sh "$kib" "$1" 2>/dev/null
        grep -rasq "$program" "$EPMT_OUTPUT_PREFIX" && break
    done
    submit_ended "$EPMT_OUTPUT_PREFIX" >/dev/null
    sql "select state, exitcode, args is null, texts_lost from processes
        where exename = 'begins' and state != 'exec'"
}
export PROGRAM=$program
equal "no memory for arguments: the row says so" 'exited|45|1|1' "$(tight begin_without_memory)"
equal "no memory for arguments at first: the last record has them" 'exited|46|0|0' \
    "$(tight begin_with_memory)"
unset LONG PROGRAM

# Shells and Python: vfork, and exec that fails.
missing="/nowhere/x 2>/dev/null; echo \$?; /bin/true; no-such-program 2>/dev/null; exit 9"
for shell in sh bash; do
    job "$shell: exec fails" $shell -c "$missing"
    equal "$shell: exec fails: the shell goes on, its child has a row" "$shell:9 true:0" "$(sql \
        "select exename || ':' || exitcode from processes
         where exitcode = 9 or exename = 'true' order by 1" | paste -sd ' ')"
    equal "$shell: exec fails: nobody is lost" 0 \
        "$(sql "select count(*) from processes where state in ('running', 'killed')")"
done
python=$(python3 -c 'import sys; print(sys.executable)')
for last in true 'exec true'; do
    job "a shell whose child writes, then $last" sh -c "head -c 1000000 /dev/zero; $last"
    equal "what the child wrote is its own, then $last" head \
        "$(sql 'select group_concat(exename) from processes where wchar >= 1000000')"
done

cat >"$TEST_DIR/children.py" <<'P'
import os, subprocess, sys
def attempt(*args, **more):
    try:
        print(subprocess.run(*args, **more).returncode, flush=True)
    except OSError as error:
        print(error, flush=True)
ways = ({}, {"close_fds": False}, {"start_new_session": True}, {"preexec_fn": os.setpgrp},
        {"env": {**os.environ, "MORE": "1"}}, {"stdout": subprocess.PIPE})
for way in ways:
    attempt(["/bin/true"], **way)
    attempt(["/nowhere/x"], **way)
    attempt(["no-such-program"], **way)
    attempt(["/bin/sh", "-c", "kill -9 $$"], **way)
sys.exit(10)
P
job "Python: subprocess" "$python" "$TEST_DIR/children.py"
equal "Python: each child has a row" 'sh:killed:6 true:exited:6' "$(sql \
    "select exename || ':' || state || ':' || count(*) from processes
     where exename in ('sh', 'true') group by exename, state order by 1" | paste -sd ' ')"
equal "Python: the parent has a row" 1 \
    "$(sql "select count(*) from processes where exitcode = 10")"

# Threads.
has_rows "2000 threads alive at the end" 'begins:exited:43' "$program" threads_alive 2000
equal "2000 threads alive: each has a row" '2001|2001|' "$(sql \
    'select numtids, (select count(distinct tid) from threads), threads_lost from processes')"
has_rows "10000 short threads" 'begins:exited:0' "$program" threads_short 10000
equal "10000 short threads: each has a row" '10001|10001|' "$(sql \
    'select numtids, (select count(*) from threads), threads_lost from processes')"
has_rows "a thread of a library's constructor" 'begins_early:exited:0' \
    "$bin/begins_early" threads_none
equal "a thread of a library's constructor has a row" '2|2' \
    "$(sql 'select numtids, (select count(*) from threads) from processes')"
if [ -x "$bin/openmp" ]; then
    has_rows OpenMP 'openmp:exited:0' "$bin/openmp"
    equal "OpenMP: a team of 4" '4|4' \
        "$(sql 'select numtids, (select count(*) from threads) from processes')"
else
    echo "# no OpenMP here"
fi

# Signals, with core dumps.
mkdir "$TEST_DIR/cores"
cd "$TEST_DIR/cores" || exit 1
ulimit -c unlimited 2>/dev/null
dies() { # DESCRIPTION SIGNAL MODE ARGUMENT
    job "$1" "$program" "$3" "$4"
    equal "$1: row" "signaled||$2" "$(sql \
        "select state, exitcode, exitsignal from processes where exitcode is null")"
    rm -f core*
}
for name in HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM XCPU XFSZ VTALRM \
    PROF IO SYS STKFLT PWR; do
    dies "raise(SIG$name)" "$(kill -l $name)" die_raise "$(kill -l $name)"
done
for name in TERM SEGV USR1; do
    dies "kill by another process: SIG$name" "$(kill -l $name)" die_by_other "$(kill -l $name)"
    dies "8 threads raise SIG$name" "$(kill -l $name)" die_many_threads "$(kill -l $name)"
done
for name in SEGV BUS FPE ILL; do
    dies "a fault: SIG$name" "$(kill -l $name)" die_fault $name
done
for name in XCPU ALRM PIPE ABRT; do
    dies "sent by the system: SIG$name" "$(kill -l $name)" die_limit $name
done
cd / || exit 1
ulimit -c 0
job "a file beyond its limit" "$program" die_limit XFSZ # the journal's too, then
equal "a file beyond its limit: the row is there" 1 "$(sql 'select count(*) from processes')"
job "a stack overflow" "$program" die_fault STACK
equal "a stack overflow: the row is there" 1 \
    "$(sql "select count(*) from processes where state in ('killed', 'signaled')
            and exename = 'begins'")"
for signal in 9 34 64; do # those that are never caught, or that are the program's business
    job "signal $signal" "$program" die_raise $signal
    equal "signal $signal: the row is there" killed "$(sql 'select state from processes')"
done

# On entry: ignored, blocked, and waiting while blocked.
cat >"$TEST_DIR/entry.pl" <<'P'
use POSIX;
my %ways = (ignored => [qw(HUP TERM USR1 SEGV)], blocked => [qw(TERM USR2 ALRM SEGV)]);
my ($way, $waiting, @command) = @ARGV;
if ($way eq 'ignored') {
    $SIG{$_} = 'IGNORE' for @{$ways{ignored}};
} else {
    my %number; @number{split ' ', $ENV{NAMES}} = split ' ', $ENV{NUMBERS};
    my $set = POSIX::SigSet->new(map { $number{$_} } @{$ways{blocked}});
    sigprocmask(SIG_BLOCK, $set);
    kill $waiting, $$ if $waiting;
}
exec @command;
P
export NAMES="TERM USR2 ALRM SEGV" NUMBERS="15 12 14 11"
has_rows "signals ignored on entry" 'begins:exited:44 perl:exec:-' \
    perl "$TEST_DIR/entry.pl" ignored '' "$program" see_entry
has_rows "signals blocked on entry" 'begins:exited:44 perl:exec:-' \
    perl "$TEST_DIR/entry.pl" blocked '' "$program" see_entry
has_rows "a signal that waits on entry" 'begins:signaled:signal 15 perl:exec:-' \
    perl "$TEST_DIR/entry.pl" blocked TERM "$program" see_entry

# Out of memory: by the kernel's hand in a memory cgroup, else by a limit and SIGKILL.
group=
for root in /sys/fs/cgroup/memory /sys/fs/cgroup; do
    [ -z "$group" ] && mkdir "$root/epmt-test-$$" 2>/dev/null && group=$root/epmt-test-$$
    [ -n "$group" ] || continue
    if echo 32M 2>/dev/null >"$group/memory.limit_in_bytes" ||
        echo 32M 2>/dev/null >"$group/memory.max"; then
        echo 0 2>/dev/null >"$group/memory.swap.max"
        break
    fi
    rmdir "$group"
    group=
done
if [ -n "$group" ]; then
    job "killed for want of memory" timeout 60 \
        sh -c "echo 0 >$group/cgroup.procs; exec $program eat_memory"
    equal "killed for want of memory: nothing was printed" "" "$(cat "$TEST_DIR/preloaded.out")"
    equal "killed for want of memory: its row has who it was" 'killed||["eat_memory"]|1|1' "$(sql \
        "select state, exitcode, args, ppid > 1, start > 1e15 from processes where exename = 'begins'")"
    rmdir "$group"
else
    echo "# no memory cgroup here: a limit instead"
fi
has_rows "no memory, then SIGKILL" 'begins:killed:- sh:exec:-' \
    sh -c "ulimit -v 200000; exec $program eat_memory"
# What a journal says of its host's first pid namespace is not true in others, whichever /proc is
# mounted there.
if can_mount; then
    job "pid namespaces" sh -c '/bin/true; /bin/true
        unshare --pid --fork sh -c "/bin/true; :"; unshare --pid --fork --mount-proc sh -c "/bin/true; :"'
    equal "pid namespaces: each process has its own one's" "2 1 1" "$(sql "select count(*) from processes
        where exename = 'true' group by pidns order by min(start), min(pid)" | paste -sd ' ')"
    equal "pid namespaces: the first one's" "$(stat -L -c %i /proc/self/ns/pid)" \
        "$(sql "select pidns from processes where exename = 'true' order by start limit 1")"
fi
finish
