#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 200
# A user who may have no further process (RLIMIT_NPROC; root is not held by it, so root runs this as
# somebody else): epmt-jobwriter cannot be started, the program's outcome is its own, and submit
# makes the job of the stream that is left. Forbidden by seccomp: test_faults.sh.
. "$(dirname "$0")/../lib.sh"

NP=4
user=()
if [ "$(id -u)" = 0 ]; then
    uid=$((60000 + $$ % 5000)) # nobody else's processes count for it
    user=(setpriv "--reuid=$uid" "--regid=$uid" --clear-groups env "USER=tester" "HOME=$TEST_DIR/home"
        "TMPDIR=$TEST_DIR/home")
    mkdir "$TEST_DIR/home"
    chown "$uid:$uid" "$TEST_DIR" "$TEST_DIR/home"
fi
if [ -n "${uid:-}" ] && ! "${user[@]}" test -r "$PRELOAD"; then
    # A checkout below a home directory that nobody else may enter.
    cp -a "$EPMT_PREFIX" "$TEST_DIR/prefix-of-user"
    chown -R "$uid:$uid" "$TEST_DIR/prefix-of-user"
    PRELOAD=$TEST_DIR/prefix-of-user/lib/libepmt.so PATH=$TEST_DIR/prefix-of-user/bin:$PATH
fi

for family in $(families); do
    run=mpirun_$family
    check "$family: compile" "${!run/mpirun/mpicc}" -D_GNU_SOURCE \
        "$EPMT_SOURCE/tests/mpi/fault.c" -o "$TEST_DIR/fault-$family"
    printf '#!/bin/sh\nexec %s %s "$@"\n' "${user[*]}" "${!run}" >"$TEST_DIR/mpirun-$family"
    chmod +x "$TEST_DIR/mpirun-$family"
    eval "$run=\$TEST_DIR/mpirun-$family"
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family/ EPMT_DB_URL=sqlite:///$TEST_DIR/$family.db
    TEST_DB=$TEST_DIR/$family.db
    outcome() { # PRELOAD
        (cd "$TEST_DIR" && MPI_PRELOAD=$1 mpi_run "$family" $NP "$TEST_DIR/fault-$family" nproc 0) \
            >"$TEST_DIR/out" 2>"$TEST_DIR/err"
        echo "status $?" "$(sort "$TEST_DIR/out" | tr '\n' ' ')"
    }
    plain=$(outcome '')
    equal "$family: without the preload all is well" "status 0" "${plain%% rank*}"
    equal "$family: the program's outcome" "$plain" "$(outcome "$PRELOAD")"
    equal "$family: nothing on standard error" "" "$(cat "$TEST_DIR/err")"
    equal "$family: a stream alone is left" "1 stream" \
        "$(find "$EPMT_OUTPUT_PREFIX" -type f | sed 's/.*\.//' | sort | uniq -c | sed 's/^ *//')"
    check "$family: submit" "${user[@]}" "$(command -v epmt)" submit "$EPMT_OUTPUT_PREFIX"
    equal "$family: every rank once, finalized" "4|4|4" "$(sql "select count(*),
        count(distinct mpirank), sum(state = 'finalized') from processes where mpirank is not null")"
    equal "$family: all reported" "4|4|1" \
        "$(sql 'select numranks, ranks_reported, complete from steps')"
done
finish
