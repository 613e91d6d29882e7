#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
# The preload under valgrind's memcheck, a table of programs that between them go through all
# wrappers: nothing is reported of the library, no block of memory is its.
. "$(dirname "$0")/../lib.sh"

bin=$EPMT_BUILD/tests/component
ulimit -c 0

# COMMAND...; the children are looked into as well.
table() {
    cat <<'T'
/bin/true
ends end_quick_exit
ends end_abort
ends end_while_threads_run
ends end_c11_threads
ends end_cancelled_threads
ends begin_fork
ends begin_vfork
ends begin_spawn
ends begin_daemon
ends see_signals
ways end_handler_then_default
ways begin_exec_family
ways begin_exec_in_thread
ways begin__Fork
ways begin_clone_and_return
begins begin_forkpty
waits by_wait
waits by_waitid
waits in_handler
waits cancelled
T
}

# Lines of valgrind's that name the library: by its file, or by its sources.
sources=$(cd "$EPMT_SOURCE" && printf '%s\n' {common,metadata,aggregator,pmpi,preload}/*.c |
    sed -e 's|.*/||' -e 's|\.|\\.|' | paste -sd '|')
ours() { cat "$TEST_DIR"/log.* | grep -E "libepmt|epmt_|\\(($sources):[0-9]+\\)" | sort -u; }

watched=(valgrind -q --trace-children=yes --leak-check=full "--show-leak-kinds=definite,indirect"
    --errors-for-leak-kinds=definite --num-callers=40 "--log-file=$TEST_DIR/log.%p")
while read -r program mode; do
    [ "${program#/}" = "$program" ] && program=$bin/$program
    rm -f "$TEST_DIR"/log.*
    timeout -s KILL 100 "${watched[@]}" env LD_PRELOAD="$PRELOAD" "$program" ${mode:+"$mode"} \
        >"$TEST_DIR/out" 2>&1 </dev/null
    check "$program $mode: valgrind watched it" test -n "$(ls "$TEST_DIR"/log.*)"
    equal "$program $mode: nothing is reported of the library" "" "$(ours)"
done < <(table)
check "submit" epmt submit "$EPMT_OUTPUT_PREFIX"
check "they were recorded" test "$(sql 'select count(*) from processes')" -ge 35

# Can it fail?
cat >"$TEST_DIR/process.c" <<'C'
#include <stdlib.h>
static char *volatile lost;
__attribute__((constructor)) static void bad(void) {
    lost = malloc(10);
    if (lost[3])
        exit(1);
    lost = NULL;
}
C
"${CC:-cc}" -g -shared -fPIC -o "$TEST_DIR/bad.so" "$TEST_DIR/process.c"
rm -f "$TEST_DIR"/log.*
"${watched[@]}" env LD_PRELOAD="$TEST_DIR/bad.so" /bin/true
contains "an error in such a source is found" "bad (process.c:" "$(ours)"
finish
