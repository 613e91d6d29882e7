#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# Processes and threads that begin or end while MPI is busy or gone: threads of MPI_Init, children
# that outlive MPI_Finalize, wrappers of ranks, forks and ends in a handler inside an MPI call.
. "$(dirname "$0")/../lib.sh"

fresh() { # NAME
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$1/
    TEST_DB=$TEST_DIR/$1.db
    export EPMT_DB_URL=sqlite:///$TEST_DB
}

run() { # FAMILY MODE...
    MPI_TIMEOUT=60 mpi_run "$1" 2 "$TEST_DIR/moments-$1" "${@:2}" >"$TEST_DIR/out" 2>"$TEST_DIR/err"
}

for family in $(families); do
    run=mpirun_$family
    check "$family: compile" "${!run/mpirun/mpicc}" -D_GNU_SOURCE "$EPMT_SOURCE/tests/mpi/moments.c" \
        -o "$TEST_DIR/moments-$family"

    fresh "$family-fork"
    run "$family" fork
    equal "$family, a handler forks in MPI_Recv: output" "received 1, child exited with 42" \
        "$(cat "$TEST_DIR/out")"
    equal "$family, a handler forks in MPI_Recv: nothing on standard error" "" "$(cat "$TEST_DIR/err")"
    check "$family, a handler forks in MPI_Recv: submit" epmt submit "$EPMT_OUTPUT_PREFIX"
    equal "$family, a handler forks in MPI_Recv: ranks, and the child under the first" \
        'finalized|0| finalized|1| exited||42' "$(sql \
        "select c.state || '|' || coalesce(c.mpirank, '') || '|' ||
                case c.state when 'exited' then c.exitcode else '' end
         from processes c left join processes p on p.id = c.parent_id
         where c.mpirank is not null or p.mpirank = 0 order by c.mpirank is null, c.mpirank" | paste -sd ' ')"
    # What /proc tells of the rank's threads is not more than what has rows.
    equal "$family: threads that MPI_Init made have rows" 0 "$(sql \
        "select count(*) from processes p where mpirank is not null and
         (numtids < num_threads or numtids != (select count(*) from threads where process_id = p.id))")"
    [ "$family" = openmpi ] && equal "$family: MPI_Init makes threads" 2 \
        "$(sql 'select count(*) from processes where mpirank is not null and numtids > 1')"

    fresh "$family-leave"
    run "$family" leave
    check "$family, a handler ends a rank in MPI_Recv: the launcher says so" test $? != 0
    check "$family, a handler ends a rank in MPI_Recv: submit" epmt submit "$EPMT_OUTPUT_PREFIX"
    equal "$family, a handler ends a rank in MPI_Recv: its row" 'exited|5' \
        "$(sql 'select state, exitcode from processes where mpirank = 0')"
    equal "$family, a handler ends a rank in MPI_Recv: the other one's row" 1 \
        "$(sql 'select count(*) from processes where mpirank = 1')"

    fresh "$family-stay"
    export EPMT_JOB_ID=stay
    MPI_OPTIONS=()
    [ "$family" = openmpi ] && MPI_OPTIONS=(-x EPMT_JOB_ID)
    run "$family" stay "$TEST_DIR/$family-go"
    equal "$family, a child outlives MPI_Finalize: exit status" 0 $?
    epmt submit "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1
    equal "$family, a child outlives MPI_Finalize: the journal stays as long as it lives" 1 \
        "$(find "$EPMT_OUTPUT_PREFIX" -name '*.journal' | wc -l)"
    # A second step of the job, each rank of it in a shell that does more.
    MPI_TIMEOUT=60 mpi_run "$family" 2 sh -c '/bin/true before; "$0"; /bin/true after; exit 0' \
        "$(examples "$family")/hello" >"$TEST_DIR/out" 2>"$TEST_DIR/err"
    equal "$family, ranks in a shell: exit status" 0 $?
    MPI_OPTIONS=()
    : >"$TEST_DIR/$family-go"
    for _ in $(seq 200); do
        epmt stop 2>/dev/null
        find "$EPMT_OUTPUT_PREFIX" -name '*.journal' | grep -q . || break
        sleep 0.05
    done
    unset EPMT_JOB_ID
    check "$family, a child outlives MPI_Finalize: submit" epmt submit "$EPMT_OUTPUT_PREFIX"
    equal "$family, a child outlives MPI_Finalize: one job of two steps" '1|2' \
        "$(sql 'select count(distinct job_id), (select count(*) from steps) from processes')"
    equal "$family, a child outlives MPI_Finalize: both children have their end" '2|2' "$(sql \
        "select count(*), count(parent_id) from processes
         where state = 'exited' and exitcode = 9 and usertime is not null")"
    equal "$family, two steps: every rank, finalized" '0|2 1|2' "$(sql \
        "select mpirank, count(*) from processes where state = 'finalized' group by 1" | paste -sd ' ')"
    equal "$family, ranks in a shell: the shells and what they did" 'sh|exited|2 true|exited|4' "$(sql \
        "select exename, state, count(*) from processes where exename in ('sh', 'true')
         group by 1, 2 order by 1" | paste -sd ' ')"
    equal "$family, ranks in a shell: a rank is its shell's child" 2 "$(sql \
        "select count(*) from processes c join processes p on p.id = c.parent_id
         where c.exename = 'hello' and p.exename = 'sh'")"
done
finish
