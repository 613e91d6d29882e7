#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# A rank that crashes: its row has the true rank, the signal and the stack, and the reports of MPI and of
# the Fortran library appear as without the preload.
. "$(dirname "$0")/../lib.sh"

ulimit -c 0
cat >"$TEST_DIR/crash.f90" <<'F'
program crash
    use mpi
    integer :: ierror, rank
    integer, pointer :: nothing
    call MPI_Init(ierror)
    call MPI_Comm_rank(MPI_COMM_WORLD, rank, ierror)
    call MPI_Barrier(MPI_COMM_WORLD, ierror)
    nullify(nothing)
    if (rank == 1) nothing = 1
    call sleep(20)
    call MPI_Finalize(ierror)
end program crash
F

# Runs PROGRAM on two ranks both ways; rank 1 dies. What both say of it is the same, line by line in a
# sorted set without numbers of processes and addresses.
reports() { sed -E 's/0x[0-9a-f]+|[0-9]{2,}/N/g' "$@" | grep -E 'SIGSEGV|signal|Signal' | sort -u; }

crashed() { # DESCRIPTION FAMILY REPORT STATE|SIGNAL FUNCTION PROGRAM ARGUMENTS...
    local what=$1 family=$2 report=$3 end=$4 function=$5 status
    shift 5
    TEST_DB=$TEST_DIR/$what.db
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$what/ EPMT_DB_URL=sqlite:///$TEST_DB
    MPI_PRELOAD='' MPI_TIMEOUT=60 mpi_run "$family" 2 "$@" >"$TEST_DIR/plain" 2>&1
    status=$?
    MPI_TIMEOUT=60 mpi_run "$family" 2 "$@" >"$TEST_DIR/preloaded" 2>&1
    equal "$what: the launcher's status" "$status" $?
    [ -z "$report" ] || contains "$what: the report" "$report" "$(cat "$TEST_DIR/preloaded")"
    equal "$what: the reports are the same" "$(reports "$TEST_DIR/plain")" \
        "$(reports "$TEST_DIR/preloaded")"
    check "$what: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "$what: rank 1" "$end" \
        "$(sql "select state || '|' || coalesce(exitsignal, '') from processes where mpirank = 1")"
    contains "$what: its stack" "$function" \
        "$(sql 'select crashstack from processes where mpirank = 1')"
}

# A rank that nothing can be recorded in: the launcher's wait tells how it ended and what it used.
killed() { # FAMILY PROGRAM
    local what=$1-kill status
    TEST_DB=$TEST_DIR/$what.db
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$what/ EPMT_DB_URL=sqlite:///$TEST_DB
    MPI_PRELOAD='' MPI_TIMEOUT=60 mpi_run "$1" 2 "$2" kill >"$TEST_DIR/plain" 2>&1
    status=$?
    EPMT_JOB_ID=$what LD_PRELOAD=$PRELOAD MPI_TIMEOUT=60 mpi_run "$1" 2 "$2" kill \
        >"$TEST_DIR/preloaded" 2>&1
    local with=$?
    # Hydra tells of all ranks or of the first alone, as it comes to hear of them.
    [ "$1" = mpich ] && [ $status != 0 ] && [ $with != 0 ] && status=$with
    equal "$what: the launcher's status" "$status" $with
    check "$what: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "$what: rank 1" "killed|9" \
        "$(sql "select state || '|' || coalesce(exitsignal, '') from processes where mpirank = 1")"
    equal "$what: it took its time and used it" 1 "$(sql "select \"end\" - start >= usertime + systemtime
        and usertime + systemtime > 100000 and rssmax > 1000 from processes where mpirank = 1")"
    equal "$what: the rank has not reported" 0 "$(sql 'select complete from steps')"
    equal "$what: no journal is left" "" "$(find "$EPMT_OUTPUT_PREFIX" -name '*.journal')"
}

for family in $(families); do
    run=mpirun_$family compile=${!run/mpirun/mpicc}
    check "$family: compile" "$compile" -g -O1 -fno-optimize-sibling-calls -fno-omit-frame-pointer \
        "$EPMT_SOURCE/tests/mpi/crash.c" -o "$TEST_DIR/$family-crash" -pthread
    report=
    [ "$family" != openmpi ] || report="*** Process received signal ***"
    crashed "$family-fault" "$family" "$report" "signaled|11" crash_inner \
        "$TEST_DIR/$family-crash" fault
    crashed "$family-thread" "$family" "$report" "signaled|11" crash_inner \
        "$TEST_DIR/$family-crash" fault thread
    # The handler of Open MPI has no stack: there is no report. That of UCX has one of its own in the
    # main thread; another thread then has none, and is ended by the kernel.
    crashed "$family-overflow" "$family" '' "signaled|11" overflow_inner \
        "$TEST_DIR/$family-crash" overflow
    if [ "$family" = openmpi ]; then
        crashed "$family-thread-overflow" "$family" '' "signaled|11" overflow_inner \
            "$TEST_DIR/$family-crash" overflow thread
    fi
    crashed "$family-realtime" "$family" '' "signaled|40" '' "$TEST_DIR/$family-crash" realtime
    killed "$family" "$TEST_DIR/$family-crash"
    fortran=${!run/mpirun/mpif90}
    command -v "$fortran" >/dev/null || fortran=${!run/mpirun/mpifort}
    check "$family: compile Fortran" "$fortran" -g -O0 -fbacktrace "$TEST_DIR/crash.f90" -o "$TEST_DIR/$family-f"
    # The Fortran library is first, and MPI leaves its handler alone.
    crashed "$family-fortran" "$family" "Program received signal SIGSEGV" "signaled|11" "MAIN__" \
        "$TEST_DIR/$family-f"
done
finish
