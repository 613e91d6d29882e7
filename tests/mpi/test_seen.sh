#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a program sees of MPI is the same without and with the preload: results, statuses, handles,
# which of its functions are called and how often (seen/*). The programs write down what they see.
. "$(dirname "$0")/../lib.sh"

here=$EPMT_SOURCE/tests/mpi/seen

# Runs a program, which writes into $TEST_DIR/NAME.<rank>; then that is shown, with what it printed.
seen() { # FAMILY NP PROGRAM NAME
    MPI_TIMEOUT=60 mpi_run "$1" "$2" "$TEST_DIR/$3" "$TEST_DIR/$4" >"$TEST_DIR/$4.out" 2>&1
    echo "status $?"
    cat "$TEST_DIR/$4".*
}

for family in $(families); do
    run=mpirun_$family
    for source in requests.c:2 collectives.c:3 callbacks.c:2 errors.c:2 outside.c:2 \
        fortran.f90:2 attributes.f90:2 attributes08.f90:2; do
        ranks=${source#*:} source=${source%:*}
        what="$family, ${source%.*}"
        case $source in
        *.f90) compiler=${!run/mpirun/mpif90} ;;
        *) compiler=${!run/mpirun/mpicc} ;;
        esac
        check "$what: compile" env -C "$TEST_DIR" "$compiler" "$here/$source" -o "$TEST_DIR/program"
        export EPMT_OUTPUT_PREFIX=$TEST_DIR/$family-${source%.*}/
        plain=$(MPI_PRELOAD='' seen "$family" "$ranks" program "$source.plain")
        preloaded=$(seen "$family" "$ranks" program "$source.preloaded")
        contains "$what: it runs" "status 0" "$plain"
        equal "$what: every rank has written" "$ranks" \
            "$(find "$TEST_DIR" -name "$source.plain.[0-9]" -size +100c | wc -l)"
        check "$what: the same" diff <(echo "$plain") <(echo "$preloaded")
        equal "$what: the preload was there" 1 "$(find "$EPMT_OUTPUT_PREFIX" -name '*.h5' | wc -l)"
        rm -f "$TEST_DIR/$source".*
    done
done
finish
