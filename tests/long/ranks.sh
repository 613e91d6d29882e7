#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 128 ranks, far more than cores, on every MPI: one job file with every rank once, and nothing else.
# Not part of ctest: it takes minutes.
# usage: tests/long/ranks.sh [RANKS]
. "$(dirname "$0")/../lib.sh"

np=${1:-128}
export EPMT_FINALIZE_TIMEOUT=120 EPMT_PARTIAL_TIMEOUT=60
for family in $(families); do
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family/ EPMT_LOG=$TEST_DIR/$family.log EPMT_VERBOSE=1
    TEST_DB=$TEST_DIR/$family.db
    export EPMT_DB_URL=sqlite:///$TEST_DB
    start=$(date +%s%N)
    MPI_TIMEOUT=600 mpi_run "$family" "$np" "$(examples "$family")/hello" \
        >"$TEST_DIR/out" 2>"$TEST_DIR/err"
    equal "$family: exit status" 0 $?
    echo "# $family: $np ranks took $((($(date +%s%N) - start) / 1000000)) ms"
    equal "$family: output" "$(for ((r = 0; r < np; r++)); do echo "hello from rank $r of $np"; done)" \
        "$(cat "$TEST_DIR/out")"
    equal "$family: nothing on standard error" "" "$(cat "$TEST_DIR/err")"
    equal "$family: one file is left" 1 "$(find "$EPMT_OUTPUT_PREFIX" -type f | wc -l)"
    file=$(find "$EPMT_OUTPUT_PREFIX" -name '*.h5')
    echo "# $family: $(stat -c %s "$file") bytes; $(grep -o 'placement .*chunk [0-9]*' "$EPMT_LOG" |
        sort | uniq -c)"
    check "$family: submit" epmt submit "$EPMT_OUTPUT_PREFIX"
    equal "$family: every rank once" "$np|$np|0|$((np - 1))" "$(sql \
        'select count(*), count(distinct mpirank), min(mpirank), max(mpirank) from processes
         where mpirank is not null')"
    equal "$family: all finalized, with measurements" "$np" "$(sql \
        "select count(*) from processes where state = 'finalized' and usertime is not null")"
    equal "$family: complete" "$np|$np|1" \
        "$(sql 'select numranks, ranks_reported, complete from steps')"
done
finish
