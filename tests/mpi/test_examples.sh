#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 1200
# The examples under the preload: same output and status, and the rows that each is there for.
. "$(dirname "$0")/../lib.sh"

# Runs an example, folds and submits what it left; its rows are then in the database alone.
example() { # FAMILY NP STATUS PROGRAM ARGUMENTS...
    local family=$1 np=$2 status=$3 program=$4
    shift 4
    what="$program on $family"
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family-$program/
    TEST_DB=$TEST_DIR/$family-$program.db
    export EPMT_DB_URL=sqlite:///$TEST_DB
    mpi_run "$family" "$np" "$(examples "$family")/$program" "$@" >"$TEST_DIR/out" 2>"$TEST_DIR/err"
    equal "$what: exit status" "$status" $?
    MPI_PRELOAD='' mpi_run "$family" "$np" "$(examples "$family")/$program" "$@" \
        >"$TEST_DIR/plain" 2>/dev/null
    check "$what: same output" cmp "$TEST_DIR/plain" "$TEST_DIR/out"
    if [ "$status" = 0 ]; then
        equal "$what: one file is left" 1 "$(find "$EPMT_OUTPUT_PREFIX" -type f | wc -l)"
        equal "$what: nothing on standard error" "" "$(cat "$TEST_DIR/err")"
    fi
    check "$what: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "$what: one job" 1 "$(sql 'select count(*) from jobs')"
    equal "$what: every rank" "$np" \
        "$(sql 'select count(distinct mpirank) from processes where mpirank is not null')"
}

for family in $(families); do
    example "$family" 3 0 threads 5
    equal "$what: rows of the program's threads" 3 "$(sql \
        'select count(*) from (select count(*) n from threads group by process_id having n >= 6)')"
    equal "$what: a thread ends after it starts" 0 "$(sql \
        'select count(*) from threads where "end" < start')"
    equal "$what: a process is the sum of its threads" "" "$(sql \
        'select p.pid from processes p join threads t on process_id = p.id group by p.id
         having p.usertime <> sum(t.usertime) or p.start <> min(t.start)
             or p."end" <> max(t."end") or p.rchar <> sum(t.rchar)')"

    example "$family" 2 0 hybrid 3
    equal "$what: OpenMP threads that live at MPI_Finalize" 2 "$(sql \
        'select count(*) from processes where numtids >= 3')"

    example "$family" 4 0 imbalance
    equal "$what: every rank has used CPU time" 4 \
        "$(sql 'select count(*) from processes where usertime > 0 and time_oncpu > 0')"

    example "$family" 2 0 straggler 1500 1
    check "$what: all ranks end together" test "$(sql \
        'select max("end" - start) > 1400000 and min("end" - start) > 0 from processes')" = 1

    mkdir -p "$TEST_DIR/io"
    example "$family" 2 0 file_io "$TEST_DIR/io"
    equal "$what: bytes written" 2 "$(sql 'select count(*) from processes where wchar > 0')"

    example "$family" 3 0 slow_input
    equal "$what: rank 0 alone has read the input" 0 "$(sql \
        'select group_concat(mpirank) from processes where rchar >= 4194304')"

    example "$family" 3 0 fork_exec
    equal "$what: children of the ranks, by name" 3 \
        "$(sql "select count(*) from processes where exename = 'true' and state = 'exited'")"
    equal "$what: children have their rank's pid as parent" 0 "$(sql \
        "select count(*) from processes c where mpirank is null and not exists
         (select 1 from processes p where p.pid = c.ppid)")"
    equal "$what: children are no ranks" 3 \
        "$(sql 'select count(*) from processes where mpirank is not null')"

    example "$family" 3 3 abort
    equal "$what: ranks are known although nobody finalized" 0,1,2 "$(sql \
        'select group_concat(mpirank) from (select mpirank from processes
         where mpirank is not null order by 1)')"
    equal "$what: nobody finalized" 0 \
        "$(sql "select count(*) from processes where state = 'finalized'")"

    mkdir -p "$TEST_DIR/h5"
    if [ -x "$(examples "$family")/hdf5_serial" ]; then
        example "$family" 2 0 hdf5_serial "$TEST_DIR/h5"
    fi
    if [ -x "$(examples "$family")/hdf5_parallel" ]; then
        example "$family" 3 0 hdf5_parallel "$TEST_DIR/h5"
    fi
    for script in "$(examples "$family")"/*mpi4py*; do
        [ -e "$script" ] && example "$family" 3 0 "$(basename "$script")"
    done
done
equal "a program with its own HDF5 was tried" 1 \
    "$(ls "$TEST_DIR"/*hdf5_parallel.db >/dev/null 2>&1 && echo 1)"
equal "a program of mpi4py was tried" 1 "$(ls "$TEST_DIR"/*mpi4py*.db >/dev/null 2>&1 && echo 1)"
finish
