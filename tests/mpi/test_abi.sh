#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 60
# MPIs that are no family's: one with the standard ABI of MPI 5.0 is profiled like any other, whatever
# it calls itself; one that is not known, or has another version of that ABI, is left alone.
. "$(dirname "$0")/../lib.sh"

here=$EPMT_SOURCE/tests/mpi said="0 of 1, 3, 3, 1 1 1" ARGUMENTS=

# Runs the program with a library of that file name, and $ARGUMENTS; leaves its rows in the database.
with_library() { # NAME FILE OPTIONS...
    local name=$1 library=$TEST_DIR/$1/$2
    shift 2
    mkdir -p "$TEST_DIR/$name"
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$name/out/ EPMT_JOB_ID=$name
    TEST_DB=$TEST_DIR/$name.db
    export EPMT_DB_URL=sqlite:///$TEST_DB
    check "$name: the library" "${CC:-cc}" -O1 -shared -fPIC "$@" "-Wl,-soname,${library##*/}" \
        "$here/abi_fake.c" -o "$library"
    check "$name: the program" "${CC:-cc}" -O1 "$here/abi_program.c" -o "$TEST_DIR/$name/program" \
        "$library" "-Wl,-rpath,${library%/*}"
    # shellcheck disable=SC2086
    EPMT_MPI_MESSAGES=1 timeout -s KILL 30 env LD_PRELOAD="$PRELOAD" "$TEST_DIR/$name/program" \
        $ARGUMENTS >"$TEST_DIR/out" 2>"$TEST_DIR/err"
    equal "$name: exit status" 0 $?
    equal "$name: output" "$said" "$(cat "$TEST_DIR/out" "$TEST_DIR/err")"
    files=$(find "$EPMT_OUTPUT_PREFIX" -type f | sed 's|.*/||')
    check "$name: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
}

fact() { sql "select value from job_attributes where scope like 'step %' and key = '$1'"; }

standard() { # NAME
    equal "$1: one job file" "$1.h5" "$files"
    equal "$1: rank 0 of 1" "0|1|finalized|fake" \
        "$(sql 'select mpirank, numranks, state, mpiprocessor from processes')"
    equal "$1: calls and bytes" "MPI_Allreduce 3 68 68
MPI_Cancel 1 - -
MPI_Comm_rank 1 - -
MPI_Comm_size 1 - -
MPI_Finalize 1 - -
MPI_Gather 2 16 16
MPI_Init_thread 1 - -
MPI_Irecv 7 0 72
MPI_Isend 2 48 0
MPI_Recv 2 0 52
MPI_Send 9 80 0
MPI_Test 1 - -
MPI_Wait 5 - -
MPI_Waitall 2 - -" "$(sql "select function || ' ' || calls || ' ' || coalesce(bytes_out, '-') || ' ' ||
        coalesce(bytes_in, '-') from mpi_functions order by function")"
    # One of no datatype, and one to nobody, of a communicator that is none.
    equal "$1: messages to itself" "0|9|124
|1|4" "$(sql 'select peer, messages, bytes from mpi_messages order by messages desc')"
    check "$1: a step of its own" grep -q "^mpi-" <(sql "select step from steps where numranks = 1 and complete")
    equal "$1: standard, threads asked for and given" "5.0 3 3" \
        "$(fact standard) $(fact thread_asked) $(fact thread_level)"
}

alone() { # NAME
    equal "$1: the process is there, without MPI" "1|0|0|0" "$(sql "select count(*), count(mpirank),
        count(mpicalls), (select count(*) from mpi_functions) from processes")"
}

with_library abi libmpi_abi.so.0
standard abi
equal "abi: the library's name" "MPICH Version:      5.0.0" "$(fact library)"
with_library abi-other-name libother.so.1 '-DFAKE_NAME="Some MPI 1.0"'
standard abi-other-name

with_library unknown libmpi.so.99 '-DFAKE_NAME="Some MPI 1.0"' -DFAKE_ABI=0
alone unknown
with_library abi-2 libmpi_abi.so.2 -DFAKE_ABI=2
alone abi-2
# The libraries that had the ABI, or a draft of it, before the function that tells.
with_library abi-draft libmpi_abi.so.0 -DFAKE_ABI=0
alone abi-draft

# MPI_Waitall with MPI_STATUSES_IGNORE: statuses are asked for where that is not seen, and tell what
# has come, 4 bytes; else what was posted counts, 16, of a receive that MPI is done with.
unwanted() { # NAME VERSION FROM SAID BYTES
    ARGUMENTS=$3 said=$4
    with_library "$1" libmpi_abi.so.0 "-DFAKE_NAME=\"$2\""
    equal "$1: calls and bytes" "3 $5" "$(sql "select calls || ' ' || bytes_in from mpi_functions
        where function = 'MPI_Irecv'")"
    equal "$1: a persistent receive counts once" "1 4" "$(sql "select calls || ' ' || bytes_in from mpi_functions
        where function = 'MPI_Start'")"
}

unwanted mpich-fatal "MPICH Version: 5.0.2" 2 "1 without, 0, left" 8
unwanted mpich-return "MPICH Version: 5.0.2" 1 "2 without, 0, left" 20
unwanted mpich-4.2 "MPICH Version: 4.2" 0 "3 without, 0, left" 32
unwanted mpich-4.1 "MPICH Version: 4.1.3" 0 "0 without, 19, left" 8
unwanted intel "Intel(R) MPI Library 2021.19" 1 "2 without, 0, left" 20
unwanted openmpi-4 "Open MPI v4.1.4, package" 2 "0 without, 19, left" 8
unwanted openmpi-5 "Open MPI v5.0.11, package" 3 "3 without, 0, left" 32
unwanted openmpi-10 "Open MPI v10.0.0, package" 3 "3 without, 0, left" 32
finish
