#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
# Counters of events: the program behaves as without them, and each thread has its count or the
# reason why there is none.
. "$(dirname "$0")/../lib.sh"

bin=$EPMT_BUILD/tests/component
PAPI=$EPMT_PREFIX/lib/epmt/libepmt-papi.so
CLOCK=PERF_COUNT_SW_CPU_CLOCK
number=0

# The next job; afterwards its rows are in a database of its own.
fresh() {
    number=$((number + 1))
    TEST_DB=$TEST_DIR/$number.db
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$number/ EPMT_JOB_ID=$number EPMT_DB_URL=sqlite:///$TEST_DB
}
# Runs a command both ways.
job() { # DESCRIPTION COMMAND...
    fresh
    run_both "$@"
    submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
}

counted() { # DESCRIPTION THREADS EVENT [CONDITION]: that many threads have a count
    equal "$1: threads with $3" "$2" "$(sql "select count(*) from counters
        where event = '$3' and value is not null and reason is null and ${4:-1}")"
}
missing() { # DESCRIPTION THREADS EVENT WHY
    equal "$1: threads without $3" "$2" "$(sql "select count(*) from counters
        where event = '$3' and value is null and reason like '%$4%'")"
}

# A clock that counts while the thread runs, beside the time that the kernel's scheduler has.
plausible() { # DESCRIPTION THREADS [EVENT]
    equal "$1: ${3:-$CLOCK} is the time on the CPU" "$2" "$(sql "select count(*) from counters c
        join threads t on t.process_id = c.process_id and t.tid = c.tid and t.start = c.start
        where c.event = '${3:-$CLOCK}' and c.unit is not null
        and c.value between t.time_oncpu * 0.8 - 15e6 and t.time_oncpu * 1.02 + 2e6")"
}

# Nothing where nothing is asked for: not even an empty table.
job "no events" "$bin/counters" threads
equal "no events: no rows" 0 "$(sql 'select count(*) from counters')"
equal "no events: rdtsc_duration without PAPI, in every thread" 7 \
    "$(sql 'select count(*) from threads where rdtsc_duration > 0')"
equal "rdtsc_duration is as long as the thread" 0 "$(sql "select count(*) from threads a, threads b
    where a.rdtsc_duration / (a.end - a.start + 1.0) > 1.2 * b.rdtsc_duration / (b.end - b.start + 1.0)
    and b.end - b.start > 15000 and a.end - a.start > 15000")"
strace -f -o "$TEST_DIR/calls" env LD_PRELOAD="$PRELOAD" "$bin/counters" spin
fail_if "no events: perf_event_open is not called" grep perf_event_open "$TEST_DIR/calls"

export EPMT_EVENTS="$CLOCK,perf::TASK-CLOCK,page-faults,COLLATED_TSV"
job "spin" "$bin/counters" spin
counted spin 1 $CLOCK "unit = 'ns' and source = 'perf' and scaled = 0 and running = enabled"
counted spin 1 perf::TASK-CLOCK "abs(value - enabled) < 1e6"
counted spin 1 page-faults "unit = 'count'"
plausible spin 1
plausible spin 1 perf::TASK-CLOCK
equal "words of PAPIEX_OPTIONS are no events" 3 "$(sql 'select count(*) from counters')"

job "threads that end, and threads that live on" "$bin/counters" threads
counted threads 7 $CLOCK
plausible threads 7
job "the main thread leaves first" "$bin/counters" main_leaves
plausible "the main thread leaves first" 2
job "fork" "$bin/counters" fork
plausible fork 2
job "exec" "$bin/counters" exec
plausible exec 2
equal "exec: both images have their own" 2 \
    "$(sql "select count(distinct process_id) from counters where event = '$CLOCK' and value > 2e7")"
job "an exec that fails" "$bin/counters" failed_exec
plausible "an exec that fails" 1
job "a shell with children" sh -c 'for i in 1 2 3; do /bin/true; done; (exit 0)'
equal "a shell with children: each has its counts" 0 "$(sql "select count(*) from processes p where
    (select count(*) from counters c where c.process_id = p.id and c.value is not null) <> 3")"
job "threads of constructors" "$bin/begins_early" threads_none
equal "threads of constructors: each thread has its counts" 0 "$(sql "select count(*) from threads t
    where not exists (select 1 from counters c where c.process_id = t.process_id and c.tid = t.tid
    and c.event = '$CLOCK' and (c.value is not null or c.reason like '%before the thread%'))")"
if [ -x "$bin/openmp" ]; then
    OMP_NUM_THREADS=3 job "a pool of threads" "$bin/openmp"
    equal "a pool of threads: each thread has its counts" 0 "$(sql "select count(*) from threads t
        where not exists (select 1 from counters c where c.process_id = t.process_id
        and c.tid = t.tid and c.event = '$CLOCK' and c.value is not null)")"
fi

# The program's descriptors stay its own.
job "numbers of descriptors" "$bin/counters" numbers
plausible "numbers of descriptors" 1
job "a program that closes all descriptors" "$bin/counters" closes
missing "a program that closes all descriptors" 1 $CLOCK 'closed its descriptor'
job "a program whose counters take the numbers of ours" sh -c "ulimit -n 2048; $bin/counters takes_numbers"
equal "counters with the numbers of ours: the child has its counts" 1 "$(sql "select count(*)
    from processes p join counters c on c.process_id = p.id where p.exename = 'counters'
    and c.event = '$CLOCK' and c.value > 3e7")"
missing "counters with the numbers of ours" 1 $CLOCK 'closed its descriptor'
job "few descriptors" sh -c "ulimit -n 64; exec $bin/counters many"
# The shell has its counts too.
equal "few descriptors: every thread has its count or the reason" 306 "$(sql "select count(*)
    from counters where value is not null or reason like '%ulimit -n%'")"
check "few descriptors: some are counted" [ "$(sql "select count(value) from counters")" -ge 10 ]
check "few descriptors: some are not" [ "$(sql "select count(reason) from counters")" -ge 100 ]

# Somebody else who counts.
job "a program that counts itself" "$bin/counters" counts
counted "a program that counts itself" 1 $CLOCK
fresh
if perf stat -x, -e task-clock -o "$TEST_DIR/perf" env LD_PRELOAD="$PRELOAD" "$bin/counters" spin 2>&1; then
    check "under perf: perf has its count" awk -F, '/task-clock/ {found = $1 > 39} END {exit !found}' \
        "$TEST_DIR/perf"
    submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
    plausible "under perf" "$(sql 'select count(*) from threads')"
else
    check "perf can be used here" false
fi
fresh
gdb -nx -batch -ex "set environment LD_PRELOAD $PRELOAD" -ex 'set startup-with-shell off' \
    -ex 'break spin_40' -ex 'run' -ex 'continue' --args "$bin/counters" spin >"$TEST_DIR/gdb" 2>&1
contains "under gdb: it ends as it does" "exited normally" "$(cat "$TEST_DIR/gdb")"
submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
equal "under gdb: it is counted" 1 "$(sql "select count(*) from counters c join processes p
    on p.id = c.process_id where exename = 'counters' and event = '$CLOCK' and value > 2e7")" # under strace it counts less

# Events that need an encoding: from a program once, kept in the job's directory for all that follow.
export EPMT_EVENTS="r00c0:u,$CLOCK,no-such-event"
fresh
for _ in 1 2; do preload "$bin/counters" spin; done
equal "encodings are kept in the job's directory" 1 \
    "$(find "$EPMT_OUTPUT_PREFIX" -name '.*.events' -exec grep -c 'r00c0:u' {} +)"
submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
equal "they go with the job's journal" "" "$(find "$EPMT_OUTPUT_PREFIX" -name '.*')"
missing "an unknown name" 2 no-such-event 'unknown event'
equal "a raw event is counted, or not here" 2 "$(sql "select count(*) from counters
    where event = 'r00c0:u' and (value > 0 or reason like 'the CPU does not offer it%')")"
fresh
mv "$EPMT_PREFIX/libexec/epmt/epmt-events" "$TEST_DIR/events"
preload "$bin/counters" spin
mv "$TEST_DIR/events" "$EPMT_PREFIX/libexec/epmt/epmt-events"
submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
missing "without epmt-events" 1 r00c0:u 'its encoding is not known'
counted "without epmt-events" 1 $CLOCK

# `epmt run` hands the encodings over, and says what is not counted and why.
fresh
epmt run -v "$bin/counters" spin 2>"$TEST_DIR/said" >/dev/null
equal "epmt run -v: a line for what is not counted" 1 \
    "$(grep -c '^epmt: run: event no-such-event is not counted: unknown event; `epmt events`' "$TEST_DIR/said")"
fail_if "epmt run -v: nothing of what is" grep $CLOCK "$TEST_DIR/said"
epmt run strace -f -o "$TEST_DIR/calls" "$bin/counters" spin
fail_if "after epmt run no program is asked" grep epmt-events "$TEST_DIR/calls"
submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
equal "epmt run: it is counted" 2 "$(sql "select count(*) from counters c join processes p
    on p.id = c.process_id where exename = 'counters' and event = '$CLOCK' and value > 2e7")" # under strace it counts less
contains "epmt source exports encodings" "EPMT_EVENTS_ENCODED='0:4:6:192:0:0:r00c0:u" "$(epmt source)"

# Settings: by host and by CPU, and the old variable.
unset EPMT_EVENTS
cpu=$(awk -F: '/cpu family|^model\t|stepping/ {sub(/ /, "", $2); printf "%s%s", n++ ? "/" : "", $2}
    /^$/ {exit}' /proc/cpuinfo)
mkdir -p "$XDG_CONFIG_HOME/epmt"
ini=$XDG_CONFIG_HOME/epmt/epmt.ini
wanted() { epmt run -n true | sed -n "s/.*EPMT_EVENTS='\([^']*\)'.*/\1/p"; }
host=$(uname -n)
settings() { printf '[epmt]\n%s\n' "$1" >"$ini"; } # LINES
settings "events = cycles
events_byhost = no-host*=faults;${host%?}*=CS,cycles;*=none
events_bycpu = $cpu=$CLOCK"
if [ -n "$(wanted)" ]; then
    equal "events of settings, by host and by CPU" "cycles,CS,$CLOCK" "$(wanted)"
else
    say "the settings file is read" false
fi
equal "the environment comes before the file" "faults,CS,cycles,$CLOCK" \
    "$(env EPMT_EVENTS=faults epmt source | sed -n "s/^EPMT_EVENTS='\(.*\)';$/\1/p")"
# A section sets what `events` is on this host; the patterns add to that, wherever they stand.
settings "events = cycles
events_byhost = ${host%?}*=CS
[host ${host%?}*]
events = faults
[host no-host*]
events = none"
equal "events of a section, and by host" "faults,CS" "$(wanted)"
rm "$ini"
fresh
PAPIEX_OPTIONS="COLLATED_TSV,DEBUG, QUIET,$CLOCK" preload "$bin/counters" spin
submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
plausible "PAPIEX_OPTIONS" 1
equal "PAPIEX_OPTIONS: its words are no events" 1 "$(sql 'select count(*) from counters')"
fresh
EPMT_EVENTS='' PAPIEX_OPTIONS=$CLOCK preload "$bin/counters" spin
submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
equal "EPMT_EVENTS comes before PAPIEX_OPTIONS" 0 "$(sql 'select count(*) from counters')"

# Through PAPI, which a child of fork begins anew.
export EPMT_EVENTS=perf_event:::perf::TASK-CLOCK
fresh
epmt run "$bin/counters" fork >/dev/null
submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
counted "through PAPI, fork" 2 "$EPMT_EVENTS" "value > 1e6"

# Through PAPI: the same numbers for the same events in one run.
same="perf_event:::perf::TASK-CLOCK"
export EPMT_EVENTS="perf::TASK-CLOCK,$same,page-faults,perf_event:::perf::PAGE-FAULTS,PAPI_NO_SUCH"
fresh
epmt run "$bin/counters" threads
epmt run "$bin/counters" fork
submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
counted "through PAPI" 9 $same "source = 'papi'"
equal "through PAPI and directly: the same number within noise" 9 "$(sql "select count(*)
    from counters a join counters b on a.process_id = b.process_id and a.tid = b.tid
    and a.start = b.start and a.event = 'perf::TASK-CLOCK' and b.event = '$same'
    where abs(a.value - b.value) < a.value * 0.05 + 2e6")"
equal "faults through PAPI and directly" 9 "$(sql "select count(*) from counters a join counters b
    on a.process_id = b.process_id and a.tid = b.tid and a.start = b.start
    and a.event = 'page-faults' and b.event = 'perf_event:::perf::PAGE-FAULTS'
    where abs(a.value - b.value) <= 10 + a.value * 0.1")"
missing "through PAPI, an unknown name" 9 PAPI_NO_SUCH 'unknown event'
job "without the helper of PAPI" "$bin/counters" spin
missing "without the helper of PAPI" 1 $same 'epmt run'
PRELOAD_ALONE=$PRELOAD
PRELOAD=$PRELOAD:$PAPI
job "PAPI in a program that uses it itself" "$bin/counters_papi"
equal "PAPI in a program that uses it itself: it is left alone" 2 "$(sql "select count(*)
    from counters where event = '$same' and reason like 'the program uses PAPI itself%'")"
counted "PAPI in a program that uses it itself" 2 perf::TASK-CLOCK
job "PAPI and a program that closes all descriptors" "$bin/counters" closes
missing "PAPI and a program that closes all descriptors" 1 $same 'closed its descriptor'
job "PAPI and a program that counts itself" "$bin/counters" switches
counted "PAPI and a program that counts itself" 1 $same
# What PAPI does first for events of the CPU, most of its time, is done for these alone.
for events in sde:::none:0 PAPI_TOT_CYC:1 $same:1 no_such:::x:1 sde:::none,PAPI_TOT_CYC:1; do
    strace -f -o "$TEST_DIR/calls" env LD_PRELOAD="$PRELOAD" EPMT_EVENTS="${events%:*}" /bin/true
    check "PAPI was loaded for ${events%:*}" grep -q 'libpapi\.so.* = [0-9]' "$TEST_DIR/calls"
    equal "PAPI initializes what ${events%:*} needs" "${events##*:}" \
        "$(grep -c '"/proc/sys/kernel/nmi_watchdog"' "$TEST_DIR/calls")"
done
PRELOAD=$PRELOAD_ALONE
readelf -dW "$PRELOAD" >"$TEST_DIR/needed"
fail_if "libepmt.so does not need PAPI" grep -E 'papi|pfm' "$TEST_DIR/needed"

# Ranks, of a bare mpirun too: their rows come up the tree.
export EPMT_EVENTS="$CLOCK,page-faults,no-such-event"
for family in $(families); do
    fresh
    unset EPMT_JOB_ID
    MPI_OPTIONS=()
    [ "$family" = openmpi ] && MPI_OPTIONS=(-x EPMT_EVENTS)
    mpi_run "$family" 3 "$(examples "$family")/hello" >"$TEST_DIR/said" 2>&1
    submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
    equal "$family: each rank has its counts" 3 "$(sql "select count(distinct mpirank)
        from processes p join counters c on c.process_id = p.id where event = '$CLOCK'
        and value > 1e6 and numranks = 3")"
    equal "$family: every thread has its counts, or the reason" 0 "$(sql "select count(*)
        from threads t where 3 <> (select count(*) from counters c where c.tid = t.tid
        and c.process_id = t.process_id and c.start = t.start
        and (c.value is not null or c.reason is not null))")"
done

# Hardware: its numbers where there is some, else the reason.
sane() { # DESCRIPTION INSTRUCTIONS CYCLES: names of events
    counted "$1" 1 "$2" "value > 1e6"
    counted "$1" 1 "$3" "value > 1e6"
    equal "$1: instructions per cycle" 1 "$(sql "select count(*) from counters a
        join counters b where a.event = '$2' and b.event = '$3'
        and a.value * 1.0 / b.value between 0.05 and 8")"
    contains "$1: epmt show has the ratio" "instructions per cycle" "$(epmt show -c "$EPMT_JOB_ID")"
}
export EPMT_EVENTS="cycles:u,instructions:u,PAPI_TOT_CYC"
fresh
epmt run "$bin/counters" spin
submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
if [ "$(sql "select count(value) from counters where event = 'cycles:u'")" = 1 ]; then
    echo "# this machine has counters of the CPU: their numbers are tested"
    sane "hardware" instructions:u cycles:u
else
    echo "# this machine has no counters of the CPU: the way without them is tested"
    missing "no hardware" 1 cycles:u 'virtual machines'
    missing "no hardware" 1 instructions:u 'virtual machines'
    missing "no hardware, PAPI" 1 PAPI_TOT_CYC 'virtual machines'
    contains "epmt show has the reason" "virtual machines" "$(epmt show -c "$EPMT_JOB_ID")"
fi

# The same numbers where there is no such hardware: names as libpfm4 has them, encoded as clocks.
fresh
EPMT_EVENTS=RETIRED_INSTRUCTIONS:u,zen::CYCLES:u \
    EPMT_EVENTS_ENCODED=0:1:0:0:0:0:RETIRED_INSTRUCTIONS:u,0:1:0:1:0:0:zen::CYCLES:u, \
    preload "$bin/counters" spin
submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
sane "made-up hardware" RETIRED_INSTRUCTIONS:u zen::CYCLES:u

# A user whom the kernel shows nothing of itself: what happens there is missing, not 0.
level=$(cat /proc/sys/kernel/perf_event_paranoid)
as_nobody=
[ "$(id -u)" = 0 ] && as_nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
if [ "$level" -ge 2 ]; then
    fresh
    export EPMT_EVENTS="CS,page-faults,$CLOCK,cpu-migrations"
    chmod 755 "$TEST_DIR"
    mkdir -m 777 "$TEST_DIR/nobody"
    cp "$PRELOAD" "$bin/counters" "$TEST_DIR/nobody/"
    EPMT_OUTPUT_PREFIX=$TEST_DIR/nobody/out/ $as_nobody \
        env LD_PRELOAD="$TEST_DIR/nobody/libepmt.so" "$TEST_DIR/nobody/counters" switches
    chown -R "$(id -u)" "$TEST_DIR/nobody/out"
    EPMT_OUTPUT_PREFIX=$TEST_DIR/nobody/out/ submit_ended "$TEST_DIR/nobody/out" \
        >"$TEST_DIR/said" 2>&1
    missing "perf_event_paranoid $level" 1 CS 'perf_event_paranoid'
    missing "perf_event_paranoid $level" 1 cpu-migrations 'perf_event_paranoid'
    counted "perf_event_paranoid $level" 1 page-faults "excluded = 'kernel' and value > 0"
    plausible "perf_event_paranoid $level" 1
else
    echo "# perf_event_paranoid is $level: plain users may count the kernel"
fi

# `epmt check` says it too, in a line each.
export EPMT_EVENTS="no-such-event,$CLOCK,nor-this"
epmt check >"$TEST_DIR/said" 2>&1
equal "epmt check: a line for each event that is not counted" 2 \
    "$(grep -cE '(no-such-event|nor-this): unknown event; `epmt events`' "$TEST_DIR/said")"
fail_if "epmt check: none for one that is" grep "$CLOCK: " "$TEST_DIR/said"

# What is known here, and what a measurement gives.
unset EPMT_EVENTS
contains "epmt events finds a word" "perf::TASK-CLOCK" "$(epmt events task-clock)"
contains "epmt events finds a pattern" "PAPI_TOT_INS" "$(epmt events -a 'PAPI_TOT_*')"
fail_if "epmt events says where nothing matches" epmt events no-such-event
fail_if "epmt events takes one pattern" epmt events a b
fail_if "epmt events --test wants names" epmt events --test
epmt events --format json >"$TEST_DIR/events.json"
check "epmt events for programs" python3 -c "
import json, sys
rows = json.load(open(sys.argv[1]))
assert len(rows) > 50, len(rows)
assert all(r['event'] and r['source'] and r['works'] for r in rows)
assert any(r['event'] == 'perf::TASK-CLOCK' and r['works'] == 'yes' for r in rows)
assert any(r['event'] == 'PAPI_TOT_INS' for r in rows)
" "$TEST_DIR/events.json"
epmt events --test "$CLOCK,no-such-event,$same" page-faults --format json >"$TEST_DIR/test.json"
check "epmt events --test" python3 -c "
import json, sys
rows = {r['event']: r for r in json.load(open(sys.argv[1]))}
assert 1e6 < rows['$CLOCK']['value'] < 10e9, rows
assert 1e6 < rows['$same']['value'] < 10e9, rows
assert rows['page-faults']['value'] > 100, rows
assert rows['no-such-event']['value'] is None and 'unknown' in rows['no-such-event']['reason']
" "$TEST_DIR/test.json"
check "encodings that are known without libpfm4 are libpfm4's" "$bin/pfm_agrees"
finish
