#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 1200
# The main job on both MPIs, C and the three Fortran bindings: ranks 0..n-1 once each, every thread
# row under its process with the same rank, one file and nothing else, readable by stock tools,
# the same counts in the database.
. "$(dirname "$0")/../lib.sh"

one_run() { # FAMILY PROGRAM NP
    local family=$1 program=$2 np=$3 what="$2 on $3 ranks of $1" file rows threads
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family-$program-$np/
    TEST_DB=$TEST_DIR/$family-$program-$np.db
    export EPMT_DB_URL=sqlite:///$TEST_DB
    mpi_run "$family" "$np" "$(examples "$family")/$program" >"$TEST_DIR/out" 2>"$TEST_DIR/err"
    equal "$what: exit status" 0 $?
    MPI_PRELOAD='' mpi_run "$family" "$np" "$(examples "$family")/$program" >"$TEST_DIR/plain"
    check "$what: same output as without the preload" cmp "$TEST_DIR/plain" "$TEST_DIR/out"
    equal "$what: nothing on standard error" "" "$(cat "$TEST_DIR/err")"
    file=$(find "$EPMT_OUTPUT_PREFIX" -type f)
    equal "$what: one file is left" 1 "$(find "$EPMT_OUTPUT_PREFIX" -type f | wc -l)"
    equal "$what: it is <jobid>/<jobid>.h5" "$(basename "$(dirname "$file")").h5" \
        "$(basename "$file")"
    check "$what: submit" epmt submit "$file"
    equal "$what: each rank once" "$(seq -s , 0 $((np - 1)))" \
        "$(sql 'select group_concat(mpirank) from (select mpirank from processes order by 1)')"
    equal "$what: world size on every row" "$np" "$(sql 'select distinct numranks from processes')"
    equal "$what: state" finalized "$(sql 'select distinct state from processes')"
    equal "$what: every thread has the rank of its process" 0 "$(sql \
        'select count(*) from threads join processes p on p.id = process_id
         where threads.mpirank is not p.mpirank')"
    equal "$what: every process has its main thread and as many rows as threads" "" "$(sql \
        'select p.pid from processes p left join threads t on process_id = p.id group by p.id
         having count(t.id) <> numtids or sum(t.tid = p.pid) <> 1')"
    rows=$(h5ls "$file" | awk '$1 == "processes" { gsub(/[{}]/, ""); print $3 }')
    threads=$(h5ls "$file" | awk '$1 == "threads" { gsub(/[{}]/, ""); print $3 }')
    equal "$what: h5ls and the database agree on processes" \
        "$(sql 'select count(*) from processes')" "${rows%/*}"
    equal "$what: h5ls and the database agree on threads" \
        "$(sql 'select count(*) from threads')" "${threads%/*}"
    check "$what: h5dump reads it all" h5dump -o /dev/null "$file"
}

for family in $(families); do
    for program in hello hello_mpif hello_usempi hello_f08; do
        for np in 1 2 3 4 7 16; do
            one_run "$family" "$program" "$np"
        done
    done
done
finish
