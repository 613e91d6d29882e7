#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# Installations that lack something, output directories that are none, and worlds of which only
# some ranks carry the preload: the program's output and status stay what they are, in time.
. "$(dirname "$0")/../lib.sh"

export EPMT_FINALIZE_TIMEOUT=5 EPMT_PARTIAL_TIMEOUT=2

fresh() { # NAME
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$1/
    TEST_DB=$TEST_DIR/$1.db
    export EPMT_DB_URL=sqlite:///$TEST_DB
}

# Runs hello and holds its output against that without the preload.
hello() { # DESCRIPTION FAMILY NP
    MPI_TIMEOUT=60 mpi_run "$2" "$3" "$(examples "$2")/hello" >"$TEST_DIR/out" 2>"$TEST_DIR/err"
    equal "$1: exit status" 0 $?
    equal "$1: output" "$(for r in $(seq 0 $(($3 - 1))); do echo "hello from rank $r of $3"; done)" \
        "$(cat "$TEST_DIR/out")"
    equal "$1: nothing on standard error" "" "$(cat "$TEST_DIR/err")"
}

tree_of() { # a copy of the installation, as hard links
    cp -al "$EPMT_PREFIX" "$TEST_DIR/$1"
    PRELOAD=$TEST_DIR/$1/lib/libepmt.so
}
installed=$PRELOAD

for family in $(families); do
    fresh "$family-nobackend"
    tree_of "nobackend-$family"
    rm "$TEST_DIR/nobackend-$family/lib/epmt/"libepmt-mpi-*.so
    hello "$family, no back end" "$family" 2
    check "$family, no back end: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "$family, no back end: processes are there, without rank" "2|0" \
        "$(sql 'select count(*), count(mpirank) from processes')"
    PRELOAD=$installed

    fresh "$family-missing/prefix/that/is/made"
    mkdir -p "$TEST_DIR/$family-missing"
    hello "$family, output directory missing" "$family" 2
    equal "$family, output directory missing: it is made" 1 \
        "$(find "$TEST_DIR/$family-missing" -name '*.h5' | wc -l)"

    fresh "$family-file"
    : >"${EPMT_OUTPUT_PREFIX%/}"
    hello "$family, output directory is a file" "$family" 2

    fresh "$family-disabled"
    EPMT_DISABLE=1 hello "$family, disabled" "$family" 2
    equal "$family, disabled: nothing is written" 0 \
        "$(find "$EPMT_OUTPUT_PREFIX" -type f 2>/dev/null | wc -l)"
done

# Some ranks without the preload: the others must not wait for them.
half() { # FAMILY
    local family=$1 hello options=()
    hello=$(examples "$family")/hello
    fresh "$family-half"
    case $family in
    openmpi)
        [ "$(id -u)" = 0 ] && options+=(--allow-run-as-root)
        timeout -s KILL 60 "$mpirun_openmpi" "${options[@]}" --oversubscribe \
            -n 1 -x "LD_PRELOAD=$PRELOAD" "$hello" : -n 1 "$hello" >"$TEST_DIR/out" 2>"$TEST_DIR/err"
        ;;
    mpich)
        timeout -s KILL 60 "$mpirun_mpich" -n 1 -env LD_PRELOAD "$PRELOAD" "$hello" : \
            -n 1 "$hello" >"$TEST_DIR/out" 2>"$TEST_DIR/err"
        ;;
    esac
    equal "$family, half preloaded: exit status" 0 $?
    equal "$family, half preloaded: output" "hello from rank 0 of 2
hello from rank 1 of 2" "$(cat "$TEST_DIR/out")"
    check "$family, half preloaded: submit" submit_ended "$EPMT_OUTPUT_PREFIX"
    equal "$family, half preloaded: the rank that carries it is there" "0|2|finalized" \
        "$(sql 'select mpirank, numranks, state from processes')"
}
for family in $(families); do half "$family"; done

if [ "$(id -u)" = 0 ]; then
    for family in $(families); do
        # A full disk: 64 KiB, filled up. A read-only one.
        mkdir -p "$TEST_DIR/small"
        export EPMT_OUTPUT_PREFIX=$TEST_DIR/small/out/
        hello=$(examples "$family")/hello
        export -f mpi_run
        # shellcheck disable=SC2016
        for how in 'dd if=/dev/zero of="$1/fill" bs=1k 2>/dev/null' 'mount -o remount,ro "$1"'; do
            unshare -m bash -c "mount -t tmpfs -o size=64k none \"\$1\" && { $how; shift; . \
                \"\$EPMT_SOURCE/tests/mpi/run_here.sh\"; }" - "$TEST_DIR/small" "$family" "$hello" \
                >"$TEST_DIR/out" 2>"$TEST_DIR/err"
            equal "$family, full or read-only disk: exit status" 0 $?
            equal "$family, full or read-only disk: output" "hello from rank 0 of 2
hello from rank 1 of 2" "$(cat "$TEST_DIR/out")"
            equal "$family, full or read-only disk: nothing on standard error" "" \
                "$(cat "$TEST_DIR/err")"
        done
    done
fi
finish
