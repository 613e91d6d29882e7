#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is linked with what: libepmt.so needs libc alone; the back ends and the programs have nothing
# of MPI; none names the directory it was built or installed in.
. "$(dirname "$0")/../lib.sh"

needed() { readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; } # FILE

needs_libc_alone() { # FILE
    local library seen=
    [ -r "$1" ] || return
    for library in $(needed "$1"); do
        case $library in
        libc.so.6) seen=1 ;;
        ld-linux*.so.*) ;;
        *)
            echo "$1 needs $library"
            return 1
            ;;
        esac
    done
    [ -n "$seen" ]
}

without_mpi() { # FILE
    [ -r "$1" ] && needed "$1" | grep -q . || return
    ! needed "$1" | grep -iE 'mpi|libopen-(rte|pal)|pmix' &&
        ! nm -D --undefined-only "$1" | grep -E ' (P?MPI_|ompi_|mpi_)'
}

without_search_path() { # FILE
    [ -r "$1" ] || return
    ! readelf -dW "$1" | grep -E 'RPATH|RUNPATH'
}

lib=$EPMT_PREFIX/lib/libepmt.so
writer=$EPMT_PREFIX/libexec/epmt/epmt-jobwriter
check "libepmt.so needs libc alone" needs_libc_alone "$lib"
check "libepmt.so without MPI" without_mpi "$lib"
for family in $(families) abi; do
    backend=$EPMT_PREFIX/lib/epmt/libepmt-mpi-$family.so
    check "back end $family has no undefined MPI symbol" without_mpi "$backend"
    check "back end $family needs libc alone" needs_libc_alone "$backend"
done
check "epmt-jobwriter without MPI" without_mpi "$writer"
# MPI_Finalize waits for it.
without_databases() { # FILE
    [ -r "$1" ] && ! needed "$1" | grep -E 'libpq|sqlite'
}
check "epmt-jobwriter without database libraries" without_databases "$writer"
fail_if "they are found in epmt" without_databases "$EPMT_PREFIX/bin/epmt"
check "epmt without MPI" without_mpi "$EPMT_PREFIX/bin/epmt"
for file in "$lib" "$writer" "$EPMT_PREFIX/bin/epmt"; do
    check "$(basename "$file") has no search path of its own" without_search_path "$file"
done

# Can it fail? The job writer needs libhdf5; an MPI program needs MPI.
needed "$writer" >"$TEST_DIR/needed"
check "the job writer needs libhdf5" grep hdf5 "$TEST_DIR/needed"
fail_if "a further library is found" needs_libc_alone "$writer"
echo 'int epmt_none;' >"$TEST_DIR/path.c"
"${CC:-cc}" -shared -fPIC -Wl,-rpath,/none -o "$TEST_DIR/path.so" "$TEST_DIR/path.c"
fail_if "a search path is found" without_search_path "$TEST_DIR/path.so"
fail_if "a missing file is found" without_mpi "$TEST_DIR/none.so"
for family in $(families); do
    fail_if "MPI is found in an example of $family" without_mpi "$(examples "$family")/hello"
done
finish
