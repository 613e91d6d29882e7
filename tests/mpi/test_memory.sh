#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 200
# The memory that MPI_Finalize takes stays within the setting, also where the leader of a host folds
# a journal that is larger than that; all that is in it reaches the job, at once or later.
. "$(dirname "$0")/../lib.sh"

here=$EPMT_SOURCE/tests/mpi
children=40000
export EPMT_MEMORY_MIB=8 EPMT_FINALIZE_TIMEOUT=100 EPMT_JOB_ID=big
check "compile journal" cc -O2 -D_GNU_SOURCE -DEPMT_VERSION='"test"' -I"$EPMT_SOURCE" -o "$TEST_DIR/journal" \
    "$here/journal.c" "$EPMT_SOURCE"/aggregator/{fragment,journal}.c "$EPMT_SOURCE"/common/*.c \
    "$EPMT_SOURCE"/metadata/*.c
for family in $(families); do
    run=mpirun_$family
    check "$family: compile" "${!run/mpirun/mpicc}" "$here/peak.c" -o "$TEST_DIR/peak-$family"
    MPI_OPTIONS=()
    MPI_PRELOAD='' mpi_run "$family" 2 "$TEST_DIR/peak-$family" | sort >"$TEST_DIR/plain"
    for count in 1 $children; do
        what="$family, $count records of children"
        export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family-$count/
        TEST_DB=$TEST_DIR/$family-$count.db
        export EPMT_DB_URL=sqlite:///$TEST_DB
        dir=$EPMT_OUTPUT_PREFIX${USER:-$(id -un)}/big
        mkdir -p "$dir"
        check "$what: a journal" "$TEST_DIR/journal" "$dir/$(uname -n).journal" "$count"
        MPI_OPTIONS=()
        [ "$family" = openmpi ] && MPI_OPTIONS=(-x EPMT_JOB_ID)
        mpi_run "$family" 2 "$TEST_DIR/peak-$family" 2>"$TEST_DIR/err" | sort >"$TEST_DIR/out"
        equal "$what: nothing on standard error" "" "$(cat "$TEST_DIR/err")"
        # What the real MPI_Finalize takes is not ours; one MiB more is for code and data.
        for rank in 0 1; do
            grown=$(awk -v r=$rank '$1 == r { print $2 }' "$TEST_DIR/out")
            plain=$(awk -v r=$rank '$1 == r { print $2 }' "$TEST_DIR/plain")
            check "$what: rank $rank takes $grown KiB, without the preload $plain" \
                test "$grown" -lt $((plain + (EPMT_MEMORY_MIB + 1) * 1024))
        done
        check "$what: stop" epmt stop
        check "$what: submit" submit_ended
        equal "$what: all are there once" "$count|$count|2" "$(sql "select sum(exename = 'child'),
            count(distinct case exename when 'child' then pid end), count(mpirank) from processes")"
    done
done
finish
