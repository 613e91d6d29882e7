#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# libepmt.so exports the wrapped symbols and nothing else, none with a version (a version would
# silently stop it from standing in for the C library's).
. "$(dirname "$0")/../lib.sh"

# The names as the compiler sees the two tables.
table() {
    cat >"$TEST_DIR/names.c" <<'C'
#include "preload/wrapped.h"
#include "pmpi/functions.h"
#define ROW(name, ...) #name
#define MPI_ROW(name, ...) "MPI_" #name "PMPI_" #name
EPMT_WRAPPED(ROW)
EPMT_MPI_WRAPPED(MPI_ROW)
C
    "${CC:-cc}" -E -P -I "$EPMT_SOURCE" "$TEST_DIR/names.c" >"$TEST_DIR/names.i" &&
        grep -o '"[^"]*"' "$TEST_DIR/names.i" | tr -d '"' |
        awk '/^P?MPI_$/ { prefix = $0; next } { print prefix $0; prefix = "" }' | LC_ALL=C sort
}

exports() { nm -D --defined-only "$1" | awk '{ print $NF }' | LC_ALL=C sort; } # FILE

table >"$TEST_DIR/expected"
exports "$EPMT_PREFIX/lib/libepmt.so" >"$TEST_DIR/actual"
check "the tables have names of the C library and of MPI" \
    grep -cE '^(_exit|fork|pthread_create|MPI_Init|PMPI_Finalize)$' "$TEST_DIR/expected"
equal "no name stands twice in the tables" "" "$(uniq -d "$TEST_DIR/expected")"
check "exports equal the tables" diff "$TEST_DIR/expected" "$TEST_DIR/actual"
equal "no export has a version" "" "$(grep @ "$TEST_DIR/actual")"
# A child of a bare vfork returns from it before its parent does: what a frame had saved would be gone.
equal "syscall(2) makes its call before it touches the stack" 0 \
    "$(objdump -d --no-show-raw-insn --disassemble=syscall "$EPMT_PREFIX/lib/libepmt.so" |
        sed '/[[:space:]]syscall$/q; /svc/q' | grep -cE 'push|stp|sub .*,%rsp')"

# Can it fail?
echo 'int epmt_stray(void); int epmt_stray(void) { return 0; }' >"$TEST_DIR/stray.c"
"${CC:-cc}" -shared -fPIC -o "$TEST_DIR/stray.so" "$TEST_DIR/stray.c"
equal "an export that is in no table is found" "epmt_stray" "$(exports "$TEST_DIR/stray.so")"
finish
