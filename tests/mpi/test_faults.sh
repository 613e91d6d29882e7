#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
# Faults, one a line in the table below, on every MPI: the program's own outcome is what it is
# without the preload, in time; every process that survived has its full record in the job file
# (after submit), every dead one its identity and state, nothing is there twice, and the job file
# says how many ranks of how many reported.
if [ "$(id -u)" = 0 ] && [ -z "${IN_NAMESPACE:-}" ]; then # small disks are mounted in it
    IN_NAMESPACE=1 exec unshare -m bash "$0" "$@"
fi
. "$(dirname "$0")/../lib.sh"

# The wrapper in front of a rank is not meant.
export EPMT_EXCLUDE=nojournal
export EPMT_FINALIZE_TIMEOUT=2 EPMT_PARTIAL_TIMEOUT=2 EPMT_ARRIVAL_TIMEOUT=2
NP=4
began=$(date +%s)

# NAME         MODE       RANK OUTCOME of the job:
#   whole   the job file is there when mpirun ends, and nothing else
#   stream  a stream is there, of which submit makes the job file
#   later   journals are there, of which submit makes the same
#   recovered   one of the above: an MPI without memory cannot always send a message
#   dead    some ranks died; a number: that one was killed, and has no final record
table="
late           late       1    whole
memory0        memory     0    recovered
memory1        memory     1    recovered
memory_all     memory     -1   recovered
journal1       journal    1    whole
journal_all    journal    -1   nothing
spawn          spawn      0    stream
nowriter       none       0    stream
killedwriter   none       0    later
deafwriter     none       0    later
hangingwriter  none       0    later
badwriter      none       0    later
vanish         vanish     0    whole
fulldisk       none       0    later
readonly       readonly   0    dead
stop0          stop       0    whole
stop1          stop       1    whole
longstop       longstop   1    later
kill0          kill       0    dead 0
kill3          kill       3    dead 3
waitdie        waitdie    2    dead
infinalize     infinalize 1    dead
abort          abort      1    dead
exit           exit       1    dead
mpirun         wait       0    dead
unmatched      unmatched  0    later
"

# A disk of its own, with room for the journals, but not for a job file.
mount_disk() {
    mkdir -p "$EPMT_OUTPUT_PREFIX"
    mount -t tmpfs -o size=96k none "$EPMT_OUTPUT_PREFIX"
    [ "$1" = readonly ] || head -c 76k /dev/zero >"$EPMT_OUTPUT_PREFIX/fill"
}

# There is room again.
mend_disk() {
    mount -o remount,rw,size=10m "$EPMT_OUTPUT_PREFIX"
    rm -f "$EPMT_OUTPUT_PREFIX/fill"
}

writer_that() { # NAME: makes an installation whose epmt-jobwriter misbehaves
    local tree=$TEST_DIR/tree-$1 writer=$TEST_DIR/tree-$1/libexec/epmt/epmt-jobwriter
    [ -d "$tree" ] || cp -al "$EPMT_PREFIX" "$tree"
    rm -f "$writer"
    # shellcheck disable=SC2016
    case $1 in
    nowriter) ;;
    killedwriter) printf '#!/bin/sh\nhead -c 100 >/dev/null\nkill -9 $$\n' >"$writer" ;;
    deafwriter) printf '#!/bin/sh\nexec <&-\nkill -9 $$\n' >"$writer" ;;
    hangingwriter) printf '#!/bin/sh\nexec sleep 1000\n' >"$writer" ;;
    badwriter) printf '#!/bin/sh\nexit 1\n' >"$writer" ;;
    esac
    [ ! -e "$writer" ] || chmod +x "$writer"
    PRELOAD=$tree/lib/libepmt.so
}

# A rank without a place for its journal, while the others have one.
cat >"$TEST_DIR/nojournal" <<'S'
#!/bin/sh
rank=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}
broken=$1
shift
if [ "$broken" = "$rank" ] || [ "$broken" = -1 ]; then
    export EPMT_OUTPUT_PREFIX=/dev/null/
fi
exec "$@"
S
chmod +x "$TEST_DIR/nojournal"

# The ranks' own lines; a launcher's report of a failure is not the program's.
own_lines() { grep '^rank ' "$1" | sort; }

command_of() { # FAMILY MODE RANK
    local program=$TEST_DIR/fault-$1
    if [ "$2" = journal ]; then
        command=("$TEST_DIR/nojournal" "$3" "$program" none "$3")
    else
        command=("$program" "$2" "$3" "$EPMT_OUTPUT_PREFIX")
    fi
}

# Kills mpirun itself once all ranks have begun, and waits until they are gone.
run_and_kill_mpirun() { # FAMILY OUT
    local pid child tries=0
    mpi_run "$1" $NP "${command[@]}" >"$2" 2>"$2.err" &
    pid=$!
    while [ "$(grep -c begins "$2")" -lt $NP ] && [ $((tries++)) -lt 500 ]; do sleep 0.02; done
    child=$(pgrep -P $pid -f timeout || echo $pid)
    kill -9 "$(pgrep -P "$child" mpirun\|mpiexec)"
    wait $pid 2>/dev/null
    tries=0
    while pgrep -f "^$TEST_DIR/fault" >/dev/null && [ $((tries++)) -lt 100 ]; do sleep 0.1; done
    # Some launchers leave them behind; then they are killed as the system would.
    # shellcheck disable=SC2046
    kill -9 $(pgrep -f "^$TEST_DIR/fault") 2>/dev/null
    return 137
}

# Runs it, as one line of what came of it.
outcome_of() { # FAMILY MODE OUT
    local status hidden='^$'
    if [ "$2" = wait ]; then
        run_and_kill_mpirun "$1" "$3"
    else
        MPI_TIMEOUT=30 mpi_run "$1" $NP "${command[@]}" >"$3" 2>"$3.err"
    fi
    status=$?
    # What a launcher makes of several ends depends on which comes first.
    case "$1 $2" in
    *" abort" | "mpich exit" | "mpich waitdie" | "mpich infinalize" | "mpich kill")
        [ $status != 0 ] && status=failed
        ;;
    esac
    # Nor is it known who comes to his end before the launcher has noticed that another left.
    [ "$2" = exit ] && hidden=finalized
    echo "status $status" "$(own_lines "$3" | grep -v "$hidden" | tr '\n' ' ')"
}

files_of() { find "$EPMT_OUTPUT_PREFIX" -type f 2>/dev/null | sed 's/.*\.//' | sort | uniq -c |
    awk '{ printf "%s %s ", $1, $2 }'; }

check_rows() { # WHAT OUTCOME [KILLED]
    local what=$1 reported
    equal "$what: every rank once" 0,1,2,3 "$(sql "select group_concat(mpirank) from
        (select mpirank from processes where mpirank is not null order by 1)")"
    equal "$what: no process twice" 0 "$(sql \
        "select count(*) - count(distinct pid || '-' || generation) from processes")"
    equal "$what: each has its identity" $NP "$(sql "select count(*) from processes where
        mpirank is not null and hostname <> '' and exename <> '' and ppid > 0 and start > 0")"
    equal "$what: each has a state, and its measurements unless it was killed" $NP "$(sql \
        "select sum((state in ('finalized', 'exited', 'signaled') and usertime is not null
             and \"end\" >= start) or (state = 'killed' and usertime is null))
         from processes where mpirank is not null")"
    reported=$(sql "select count(*) from processes where mpirank is not null
        and state <> 'killed'")
    equal "$what: the job says how many reported" "$NP|$reported|$((reported == NP))" \
        "$(sql 'select numranks, ranks_reported, complete from steps')"
    if [ "$2" != dead ]; then
        equal "$what: all are finalized" $NP \
            "$(sql "select count(*) from processes where mpirank >= 0 and state = 'finalized'")"
    elif [ -n "${3:-}" ]; then
        equal "$what: rank $3 is the one without an end" killed \
            "$(sql "select state from processes where mpirank = $3")"
    fi
}

fault() { # FAMILY NAME MODE RANK OUTCOME [KILLED]
    local family=$1 name=$2 mode=$3 rank=$4 outcome=$5 what="$1, $2" plain with start command
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family-$name/
    TEST_DB=$TEST_DIR/$family-$name.db
    export EPMT_DB_URL=sqlite:///$TEST_DB
    PRELOAD=$installed
    case $name in *writer) writer_that "$name" ;; esac
    case $name in fulldisk | readonly) mount_disk "$name" ;; esac
    # All have come, which only their journal can tell: nobody waits for the arrival of more.
    EPMT_ARRIVAL_TIMEOUT=2
    [ "$name" = unmatched ] && EPMT_ARRIVAL_TIMEOUT=600
    command_of "$family" "$mode" "$rank"
    plain=$TEST_DIR/plain-$family-$mode
    [ "$mode" = journal ] && plain=$TEST_DIR/plain-$family-none
    if [ ! -s "$plain" ]; then
        start=$(date +%s%N)
        MPI_PRELOAD='' outcome_of "$family" "$mode" "$TEST_DIR/plain.out" >"$plain"
        echo $((($(date +%s%N) - start) / 1000000)) >"$plain.ms"
    fi
    [ "$mode" = readonly ] && mend_disk
    start=$(date +%s%N)
    with=$(outcome_of "$family" "$mode" "$TEST_DIR/out")
    start=$((($(date +%s%N) - start) / 1000000))
    # shellcheck disable=SC2031
    equal "$what: the program's outcome" "$(cat "$plain")" "$with"
    # Three limits of 2 s at most, and what a busy machine makes of them.
    check "$what: in time ($start ms)" test $start -lt $((10000 + 4 * $(cat "$plain.ms")))
    case $mode in
    kill | waitdie | infinalize | abort | exit | wait) ;;
    memory | unmatched) # UCX tells of a request that could not be completed
        equal "$what: nothing else on standard error" "" "$(grep -v 'UCX  WARN' "$TEST_DIR/out.err")"
        ;;
    *) equal "$what: nothing on standard error" "" "$(cat "$TEST_DIR/out.err")" ;;
    esac
    case $outcome in
    whole) equal "$what: the job file alone is there" "1 h5 " "$(files_of)" ;;
    stream) contains "$what: a stream is there, and no journal" "1 stream " "$(files_of)/$(files_of)" ;;
    later) contains "$what: a journal is there" " journal " "$(files_of)" ;;
    nothing)
        equal "$what: nothing could be written" "" "$(files_of)"
        return
        ;;
    esac
    case $name in fulldisk | readonly) mend_disk ;; esac
    check "$what: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    check_rows "$what" "$outcome" "${6:-}"
    check "$what: another submit adds nothing" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "$what: still every rank once" $NP "$(sql 'select count(mpirank) from processes')"
    case $name in fulldisk | readonly) umount "$EPMT_OUTPUT_PREFIX" ;; esac
}

installed=$PRELOAD
only=${1:-}
for family in $(families); do
    run=mpirun_$family
    check "$family: compile" "${!run/mpirun/mpicc}" -D_GNU_SOURCE \
        "$EPMT_SOURCE/tests/mpi/fault.c" -o "$TEST_DIR/fault-$family"
    while read -r name mode rank outcome killed; do
        [ -z "$name" ] || [ "${only:-$name}" != "$name" ] ||
            { [ "$(id -u)" != 0 ] && [[ "fulldisk readonly" = *$name* ]]; } ||
            fault "$family" "$name" "$mode" "$rank" "$outcome" "$killed" </dev/null
    done <<<"$table"
done
check "one time budget ($(($(date +%s) - began)) s)" test $(($(date +%s) - began)) -lt 550
finish
