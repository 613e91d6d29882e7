#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# The profile where not all is as usual: some ranks without the preload, worlds that meet by a port,
# worlds that abort or lose a rank, MPI in libraries outside the global scope.
. "$(dirname "$0")/../lib.sh"

here=$EPMT_SOURCE/tests/mpi
export EPMT_FINALIZE_TIMEOUT=5 EPMT_PARTIAL_TIMEOUT=2

fresh() { # NAME
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$1/
    TEST_DB=$TEST_DIR/$1.db
    export EPMT_DB_URL=sqlite:///$TEST_DB
}

# rank, state and, in order of their names, the functions with their calls and bytes
profiles() {
    sql "select coalesce(mpirank, '-') || ' ' || state || ': ' || coalesce((select
        group_concat(line, ', ') from (select substr(function, 5) || ' ' || calls ||
        coalesce(' ' || bytes_out || ' ' || bytes_in, '') line from mpi_functions
        where process_id = p.id order by function)), 'none')
        from processes p where exename like 'worlds%' or exename like 'host%' or
        exename like 'python%' order by mpirank"
}

each() { # LAST_RANK STATE FUNCTIONS: the lines of ranks 0 to LAST_RANK that are all alike
    local rank
    for rank in $(seq 0 "$1"); do echo "$rank $2: $3"; done
}

# Ranks 0 and 1 carry the preload, ranks 2 and 3 do not.
half() { # FAMILY
    local family=$1 program=$TEST_DIR/worlds-$1 run=mpirun_$1 options=() first=()
    fresh "$family-half"
    case $family in
    openmpi)
        [ "$(id -u)" = 0 ] && options+=(--allow-run-as-root)
        options+=(--oversubscribe --bind-to none)
        first=(-x "LD_PRELOAD=$PRELOAD")
        ;;
    *) first=(-env LD_PRELOAD "$PRELOAD") ;;
    esac
    timeout -s KILL 60 "${!run}" "${options[@]}" -n 2 "${first[@]}" "$program" half : \
        -n 2 "$program" half </dev/null >"$TEST_DIR/out" 2>&1
    equal "$family, half preloaded: exit status" 0 $?
    equal "$family, half preloaded: output" "" "$(cat "$TEST_DIR/out")"
    check "$family, half preloaded: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    functions="Iallreduce 3 12 12, Ibcast 3"
    rest="Init 1, Waitall 3"
    counted="Allreduce 1 4 4, Comm_dup 1, Comm_free 2, Comm_rank 1, Comm_size 1, Comm_split 1, Finalize 1"
    equal "$family, half preloaded: two ranks" "0 finalized: $counted, $functions 12 0, $rest
1 finalized: $counted, $functions 0 12, $rest" "$(profiles)"
}

met=
meet() { # FAMILY
    local family=$1 program=$TEST_DIR/worlds-$1 others=()
    if ! MPI_PRELOAD='' MPI_TIMEOUT=60 mpi_run "$family" 4 "$program" meet >"$TEST_DIR/out" 2>&1; then
        echo "# $family: ports do not work here, without the preload either"
        return
    fi
    met=$family
    fresh "$family-meet"
    MPI_TIMEOUT=60 mpi_run "$family" 4 "$program" meet >"$TEST_DIR/out" 2>&1
    equal "$family, accept and connect: exit status" 0 $?
    check "$family, accept and connect: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "$family, accept and connect: each half its own, 4 bytes across" \
        "0 Comm_accept 4,1 Comm_accept 4,2 Comm_connect 4,3 Comm_connect 4" "$(sql \
        "select group_concat(line) from (select mpirank || ' ' || substr(a.function, 5) || ' ' ||
         s.bytes_in line from processes p join mpi_functions a on a.process_id = p.id and a.calls = 1
         and a.function in ('MPI_Comm_accept', 'MPI_Comm_connect') join mpi_functions s on
         s.process_id = p.id and s.function = 'MPI_Sendrecv' and s.calls = 1 and s.bytes_out = 4
         order by mpirank)")"
    equal "$family, accept and connect: one port, which all leave" "1 1 4" "$(sql \
        "select (select calls from mpi_functions where function = 'MPI_Open_port') || ' ' ||
         (select calls from mpi_functions where function = 'MPI_Close_port') || ' ' ||
         (select sum(calls) from mpi_functions where function = 'MPI_Comm_disconnect')")"
    equal "$family, accept and connect: one step of four" "4 1" \
        "$(sql "select numranks || ' ' || complete from steps")"
}

# A world in which rank 1 aborts or is killed, and the others go 1 s later if they may: Open MPI waits
# for longer before it ends them, MPICH does not for sure, even where it is told to.
end() { # FAMILY abort|kill LIBRARY
    local family=$1 way=$2 options=(-n 3)
    [ -z "$3" ] || options+=(-genv LD_PRELOAD "$3")
    case $family in
    openmpi)
        MPI_OPTIONS=(--mca odls_base_sigkill_timeout 4)
        MPI_PRELOAD=$3 MPI_TIMEOUT=60 mpi_run openmpi 3 "$TEST_DIR/worlds-openmpi" "$way"
        ;;
    *)
        timeout -s KILL 60 "$mpirun_mpich" -disable-auto-cleanup "${options[@]}" \
            "$TEST_DIR/worlds-mpich" "$way" </dev/null
        ;;
    esac
}

ends() { # FAMILY abort|kill
    local family=$1 way=$2 status others first
    others="Barrier 1, Bcast 3 0 12, Comm_rank 1, Comm_size 1, Init 1"
    first=${others/0 12/12 0}
    fresh "$family-$way"
    end "$family" "$way" '' >"$TEST_DIR/out" 2>&1
    status=$?
    end "$family" "$way" "$PRELOAD" >"$TEST_DIR/out" 2>&1
    local with=$?
    # Hydra tells of all ranks or of the first alone, as it comes to hear of them.
    [ "$family-$way-$status-$with" = mpich-kill-255-9 ] && status=9
    [ "$family-$way-$status-$with" = mpich-kill-9-255 ] && status=255
    equal "$family, $way: the launcher's status" $status $with
    MPI_OPTIONS=()
    check "$family, $way: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    case $family-$way in
    openmpi-abort)
        equal "$family, $way: the profiles" "0 exited: $first
1 exited: Abort 1, $others
2 exited: $others" "$(profiles)"
        ;;
    openmpi-kill)
        equal "$family, $way: the profiles of those who could end" "0 exited: $first
1 killed: none
2 exited: $others" "$(profiles)"
        ;;
    *)
        # Hydra kills who aborts as well, before he ends.
        [ "$way" = kill ] || equal "$family, $way: the profile of who aborts" "1 exited: Abort 1, $others" \
            "$(profiles | grep '^1 ')"
        # MPICH kills the others, at once or a little later.
        equal "$family, $way: ranks are known, all or nothing of each profile" "0,1,2|0" "$(sql \
            "select (select group_concat(mpirank) from (select mpirank from processes order by 1)) ||
             '|' || (select count(*) from processes p where (state = 'killed') <> not exists
             (select 1 from mpi_functions where process_id = p.id and function = 'MPI_Bcast' and
             calls = 3))")"
        ;;
    esac
}

# Started by no launcher: a world of one, and two of them are not the same.
singletons() { # FAMILY
    local family=$1 what="$1, without a launcher"
    fresh "$family-single"
    for _ in 1 2; do
        EPMT_JOB_ID=$family-single OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
            timeout -s KILL 60 env LD_PRELOAD="$PRELOAD" "$TEST_DIR/host" \
            "$TEST_DIR/plugin-$family.so" >"$TEST_DIR/out" 2>&1
        equal "$what: exit status" 0 $?
    done
    equal "$what: output" "" "$(cat "$TEST_DIR/out")"
    check "$what: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "$what: rank 0 of 1, each in a step of its own" "2|0|1|2|1" "$(sql "select count(*),
        max(mpirank), max(numranks), (select count(*) from steps where step like 'mpi-%'),
        (select min(complete) from steps) from processes where exename = 'host' and
        state = 'finalized'")"
}

plugin() { # FAMILY
    local family=$1 run=mpirun_$1
    check "$family: compile the plug-in" "${!run/mpirun/mpicc}" -w -shared -fPIC "$here/plugin.c" \
        -o "$TEST_DIR/plugin-$family.so"
    fresh "$family-plugin"
    MPI_TIMEOUT=60 mpi_run "$family" 2 "$TEST_DIR/host" "$TEST_DIR/plugin-$family.so" \
        >"$TEST_DIR/out" 2>&1
    equal "$family, plug-in: exit status" 0 $?
    equal "$family, plug-in: output" "" "$(cat "$TEST_DIR/out")"
    check "$family, plug-in: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "$family, plug-in: calls and bytes" "$(each 1 finalized \
        "Allreduce 5 20 20, Comm_rank 1, Comm_size 1, Finalize 1, Init 1, Sendrecv 1 4 4")" \
        "$(profiles)"
}

# Python loads its modules, and with mpi4py MPI, outside the global scope.
python() {
    cat >"$TEST_DIR/calls.py" <<'P'
from mpi4py import MPI
import array
out, got = array.array("i", [1, 2, 3]), array.array("i", [0, 0, 0])
for _ in range(4):
    MPI.COMM_WORLD.Allreduce(out, got)
rank, size = MPI.COMM_WORLD.rank, MPI.COMM_WORLD.size
MPI.COMM_WORLD.Sendrecv(out, (rank + 1) % size, 1, got, (rank - 1) % size, 1)
P
    fresh mpi4py
    MPI_TIMEOUT=60 mpi_run openmpi 2 /usr/bin/python3 "$TEST_DIR/calls.py" >"$TEST_DIR/out" 2>&1
    equal "mpi4py: exit status" 0 $?
    equal "mpi4py: output" "" "$(cat "$TEST_DIR/out")"
    check "mpi4py: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "mpi4py: calls and bytes" "Allreduce 8 96 96,Finalize 2,Init_thread 2,Sendrecv 2 24 24" "$(sql \
        "select group_concat(line) from (select substr(function, 5) || ' ' || sum(calls) ||
         coalesce(' ' || sum(bytes_out) || ' ' || sum(bytes_in), '') line from mpi_functions
         where function in ('MPI_Allreduce', 'MPI_Finalize', 'MPI_Init_thread', 'MPI_Sendrecv')
         group by function order by function)")"
}

check "compile the host of the plug-in" "${CC:-cc}" -w -D_GNU_SOURCE -DHOST "$here/plugin.c" \
    -o "$TEST_DIR/host"
for family in $(families); do
    run=mpirun_$family
    check "$family: compile" "${!run/mpirun/mpicc}" -D_GNU_SOURCE -w "$here/worlds.c" \
        -o "$TEST_DIR/worlds-$family"
    half "$family"
    meet "$family"
    ends "$family" abort
    ends "$family" kill
    plugin "$family"
    singletons "$family"
    [ "$family" != openmpi ] || python
done
check "some MPI has ports" test -n "$met"
finish
