#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a program may do that our own work in MPI_Finalize could disturb: attributes of the world,
# children and SIGCHLD, libraries being loaded, other steps of the same job that end meanwhile.
. "$(dirname "$0")/../lib.sh"

here=$EPMT_SOURCE/tests/mpi
for family in $(families); do
    run=mpirun_$family
    check "$family: compile" "${!run/mpirun/mpicc}" "$here/attributes.c" -o "$TEST_DIR/attributes"
    for how in share refuse; do
        export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family-$how/
        TEST_DB=$TEST_DIR/$family-$how.db
        export EPMT_DB_URL=sqlite:///$TEST_DB
        MPI_TIMEOUT=120 mpi_run "$family" 3 "$TEST_DIR/attributes" $how \
            >"$TEST_DIR/out" 2>"$TEST_DIR/err"
        equal "$family, attributes, $how: exit status" 0 $?
        equal "$family, attributes, $how: output" finalized "$(cat "$TEST_DIR/out")"
        equal "$family, attributes, $how: nothing on standard error" "" "$(cat "$TEST_DIR/err")"
        check "$family, attributes, $how: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
        equal "$family, attributes, $how: every rank" 0,1,2 "$(sql \
            'select group_concat(mpirank) from (select mpirank from processes order by 1)')"
    done

    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family-children/
    check "$family: compile" "${!run/mpirun/mpicc}" -D_GNU_SOURCE "$here/children.c" \
        -o "$TEST_DIR/children"
    equal "$family: epmt-jobwriter is no child of the program" \
        "0 signals, no child, nothing used by children" \
        "$(mpi_run "$family" 2 "$TEST_DIR/children" 2>&1)"
    equal "$family: it has run" 1 "$(find "$EPMT_OUTPUT_PREFIX" -name '*.h5' | wc -l)"
    equal "$family: nor in the way of one that it has" \
        "0 signals, its own, nothing used by children" \
        "$(mpi_run "$family" 2 "$TEST_DIR/children" own 2>&1)"

    # Several steps at once in one job: each is whole, and none disturbs another.
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family-steps/ EPMT_JOB_ID=steps
    TEST_DB=$TEST_DIR/$family-steps.db
    export EPMT_DB_URL=sqlite:///$TEST_DB
    pids=()
    for _ in 1 2 3; do
        MPI_OPTIONS=()
        [ "$family" = openmpi ] && MPI_OPTIONS=(-x EPMT_JOB_ID)
        mpi_run "$family" 3 "$(examples "$family")/fork_exec" >/dev/null 2>&1 &
        pids+=($!)
    done
    MPI_OPTIONS=()
    for pid in "${pids[@]}"; do
        wait "$pid"
        equal "$family, three steps at once: exit status" 0 $?
    done
    unset EPMT_JOB_ID
    check "$family, three steps at once: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "$family, three steps at once: ranks and children in one job" "1|9|9" "$(sql \
        "select count(distinct job_id), count(mpirank), sum(exename = 'true') from processes")"
done

echo 'int unused;' >"$TEST_DIR/empty.c"
check "compile a library" cc -shared -fPIC "$TEST_DIR/empty.c" -o "$TEST_DIR/libmpi_none.so"
check "compile another" cc -shared -fPIC "$TEST_DIR/empty.c" -o "$TEST_DIR/libother.so"
check "compile loader" cc -D_GNU_SOURCE "$here/loader.c" -o "$TEST_DIR/loader" -pthread
export EPMT_OUTPUT_PREFIX=$TEST_DIR/loader-out/
equal "MPI is looked for while another thread loads libraries" "done" "$(
    timeout -s KILL 60 env LD_PRELOAD="$PRELOAD" "$TEST_DIR/loader" "$TEST_DIR/libmpi_none.so" \
        "$TEST_DIR/libother.so" 2>&1
)"
finish
